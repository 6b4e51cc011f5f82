//! `melkglas case paper`: the papers of a case, from what is on record of it, in the case's language.
//!
//! Made of the store alone; what a paper says that is not on record is asked for, not made up.

use super::case::Where;
use super::desk::{case_failure, office};
use super::outputs::{cannot_write, check_files};
use super::paper_words::{article, asked_for, capital, cited, for_what, ground, lines, moment, what_now};
use super::talk;
use super::words::{self, Wanted};
use crate::casework::audit::{CaseNumber, Hash256, StepKind};
use crate::casework::case::{CaseError, CaseRow, Cases, ReleaseRow, Shown, due_since, rules, today};
use crate::casework::package::Chain;
use crate::casework::paper::{
    Addressee, Decision, DecisionLetter, ErasureConfirmation, Footage, Ground, Heading, House, PaperError,
    PoliceLetter, ReceiptForm, ViewStatement,
};
use crate::config::{Form, Office, RefusalGround};
use crate::error::{Exit, Failure};
use crate::lang::Lang;
use crate::video::sink::{Overwrite, PartialFile};
use clap::{Args as ClapArgs, ValueEnum};
use jiff::civil::Date;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The papers that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PaperKind {
    /// Inzageverklaring: signed before anything is shown.
    ViewStatement,
    /// Ontvangstverklaring: signed by whoever takes footage along.
    Receipt,
    /// The decision, with the grounds of a refusal and where to complain.
    Decision,
    /// That the footage of the case is erased.
    Erasure,
}

/// Flags of `melkglas case paper`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The number of the case.
    number: CaseNumber,
    /// Which paper.
    kind: PaperKind,
    /// The PDF to write; - is stdout. It holds personal data: print it, have it signed, and erase it.
    #[arg(short, long, value_name = "FILE.pdf")]
    out: PathBuf,
    /// Where the camera hangs, in words; without it the camera's id.
    #[arg(long, value_name = "TEXT")]
    place_of_camera: Option<String>,
    /// On what footage is handed over, for the receipt.
    #[arg(long, value_name = "TEXT")]
    medium: Option<String>,
    /// The account of the second member of staff, for the receipt.
    #[arg(long, value_name = "ACCOUNT")]
    second: Option<String>,
    /// Replace a file that exists.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    at: Where,
}

/// Flags of `melkglas case police-letter`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Asked for on the terminal, or read from stdin, a line for each:
  name: ...        who asked
  address: ...     their address, lines apart by commas; may be left out
  incident: ...    what happened, as in: the theft of your bicycle")]
pub(super) struct PoliceArgs {
    /// The day on which it happened.
    #[arg(long, value_name = "DATE")]
    happened_on: Date,
    /// Where the camera hangs, in words.
    #[arg(long, value_name = "TEXT")]
    place_of_camera: String,
    /// By what they and the police can name it: the camera's id and the day, say.
    #[arg(long, value_name = "TEXT")]
    reference: String,
    /// The language of the letter.
    #[arg(long, value_enum, default_value_t, env = "MELKGLAS_LANG")]
    lang: Lang,
    /// The PDF to write; - is stdout.
    #[arg(short, long, value_name = "FILE.pdf")]
    out: PathBuf,
    /// Replace a file that exists.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    at: Where,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let office = office(&args.at.installation)?;
    let cases = args.at.cases()?;
    let on = Record::of(&cases, &office, &args.number, args.place_of_camera.as_deref())?;
    let pdf = match args.kind {
        PaperKind::ViewStatement => on.view_statement().pdf(),
        PaperKind::Receipt => {
            let rows = cases.store().releases(on.case()).map_err(case_failure)?;
            if rows.is_empty() {
                return Err(on.missing("nothing is rendered that could be received"));
            }
            let giving = Giving {
                // Whether it is a zip or an age file is seen when it is packed.
                files: rows.iter().map(|row| (package_stem(&args.number, row, rows.len()), row)).collect(),
                medium: args.medium.clone(),
                second: second_name(&cases, args.second.as_deref())?,
                chain: Chain::of(&cases.log().head().map_err(super::audit::failure)?),
                fingerprint: cases.log().public_key().fingerprint(),
            };
            on.receipt(giving)?.pdf()
        }
        PaperKind::Decision => on.decision(&office)?.pdf(),
        PaperKind::Erasure => on.erasure()?.pdf(),
    };
    write(&pdf, &args.out, args.force)?;
    told(&args.out);
    Ok(())
}

pub(super) fn police(args: &PoliceArgs) -> Result<(), Failure> {
    let office = office(&args.at.installation)?;
    let cases = super::desk::open(office.clone(), &args.at.place, false)?;
    cases.allowed(None, &crate::casework::case::CaseAct::See).map_err(case_failure)?;
    let left = &office.policy.purpose.left_to_police;
    if left.value.is_empty() {
        return Err(Failure::with_cure(
            Exit::Refused,
            format!(
                "{} leaves nothing to the police alone, so this letter would not be true",
                office.policy.title
            ),
            "open a case: what the protocol has cause for may be looked at",
        ));
    }
    let said = words::ask(&[
        Wanted::new("name", "who asked"),
        Wanted::optional("address", "their address"),
        Wanted::new("incident", "what happened, as in: the theft of your bicycle"),
    ])?;
    let word = |key: &str| words::of(&said, key).unwrap_or_default();
    let letter = PoliceLetter {
        heading: heading(&office, args.reference.clone(), args.lang),
        to: Addressee { name: word("name"), address: lines(&word("address")), person: None },
        incident: word("incident"),
        happened_on: args.happened_on,
        place: args.place_of_camera.clone(),
        article: article(&left.article, args.lang),
        kept_until: due_since(&office.policy, args.happened_on),
        secured: false,
        signed_by: cases.actor().name.clone(),
    };
    write(&letter.pdf(), &args.out, args.force)?;
    told(&args.out);
    Ok(())
}

/// Writes a paper.
pub(super) fn write(pdf: &Result<Vec<u8>, PaperError>, out: &Path, force: bool) -> Result<(), Failure> {
    let pdf = pdf.as_ref().map_err(|e| Failure::new(Exit::Bug, e))?;
    if out == Path::new("-") {
        return std::io::stdout().lock().write_all(pdf).map_err(|e| cannot_write(out, &e));
    }
    check_files(&[out], &[], force)?;
    let write = || {
        let partial = PartialFile::create(out, if force { Overwrite::Replace } else { Overwrite::Refuse })?;
        partial.file().write_all(pdf)?;
        partial.commit()
    };
    write().map_err(|e| cannot_write(out, &e))?;
    Ok(())
}

/// Says where a paper about somebody lies.
fn told(out: &Path) {
    talk::say(format_args!("wrote {}; it holds personal data: erase it when it is printed", out.display()));
}

/// The name of a second member of staff.
pub(super) fn second_name(cases: &Cases, account: Option<&str>) -> Result<Option<String>, Failure> {
    let named = account.map(|account| cases.colleague(account)).transpose().map_err(case_failure)?;
    Ok(named.map(|actor| actor.name))
}

/// What a package of a clip is called.
pub(super) fn package_name(number: &CaseNumber, row: &ReleaseRow, of: usize, to_key: bool) -> String {
    format!("{}.{}", package_stem(number, row, of), if to_key { "age" } else { "zip" })
}

fn package_stem(number: &CaseNumber, row: &ReleaseRow, of: usize) -> String {
    if of > 1 { format!("{number}-{}", row.clip) } else { number.to_string() }
}

/// What is handed over, for the receipt.
pub(super) struct Giving<'a> {
    /// The packages' names, and what is in them.
    pub(super) files: Vec<(String, &'a ReleaseRow)>,
    pub(super) medium: Option<String>,
    pub(super) second: Option<String>,
    pub(super) chain: Chain,
    pub(super) fingerprint: Hash256,
}

/// A case as papers speak of it.
pub(super) struct Record {
    shown: Shown,
    heading: Heading,
    staff: String,
    place: Option<String>,
    /// What the case is for, in its language.
    purpose: Option<String>,
}

impl Record {
    pub(super) fn of(
        cases: &Cases,
        office: &Office,
        number: &CaseNumber,
        place: Option<&str>,
    ) -> Result<Self, Failure> {
        let shown = cases.show(number).map_err(case_failure)?;
        if shown.listed.case.is_forgotten() {
            return Err(case_failure(CaseError::Forgotten(number.to_string())));
        }
        let heading = heading(office, number.to_string(), shown.listed.case.lang);
        let purpose = shown.facts.iter().find(|(known, _)| known == "purpose").map(|(_, text)| {
            let rules = &office.policy.purpose;
            rules.in_words(text, heading.lang).to_owned()
        });
        let (staff, place) = (cases.actor().name.clone(), place.map(str::to_owned));
        Ok(Self { shown, heading, staff, place, purpose })
    }

    fn case(&self) -> &CaseRow {
        &self.shown.listed.case
    }

    fn fact(&self, name: &str) -> Option<String> {
        self.shown.facts.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone())
    }

    fn missing(&self, what: &str) -> Failure {
        Failure::with_cure(
            Exit::Refused,
            format!("case {}: {what}", self.case().number),
            "`melkglas case show` shows what is on record",
        )
    }

    /// Who receives: the organisation where there is one, else the person.
    pub(super) fn recipient(&self) -> String {
        self.fact("organisation").or_else(|| self.fact("name")).unwrap_or_default()
    }

    fn footage(&self) -> Footage {
        let camera = self.shown.clips.iter().find_map(|clip| clip.camera.clone());
        let lang = self.heading.lang;
        let named = camera.map(|id| format!("camera {id}"));
        let unknown = || lang.of("niet vastgelegd", "not on record").to_owned();
        Footage {
            place: self.place.clone().or(named).unwrap_or_else(unknown),
            from: moment(self.case().window_from),
            to: moment(self.case().window_to),
        }
    }

    fn addressee(&self) -> Addressee {
        let organisation = self.fact("organisation");
        let mut address = lines(&self.fact("address").unwrap_or_default());
        if address.is_empty() {
            address.extend(self.fact("email"));
        }
        let name = self.fact("name").unwrap_or_default();
        match organisation {
            Some(organisation) => Addressee {
                name: organisation,
                address: std::iter::once(name.clone()).chain(address).collect(),
                person: Some(name),
            },
            None => Addressee { name, address, person: None },
        }
    }

    fn view_statement(&self) -> ViewStatement {
        ViewStatement {
            heading: self.heading.clone(),
            viewer: self.fact("name").unwrap_or_default(),
            on_behalf_of: self.fact("whose"),
            identified_by: self.fact("identity").unwrap_or_default(),
            footage: self.footage(),
            staff: self.staff.clone(),
        }
    }

    /// The receipt for what is handed over.
    pub(super) fn receipt(&self, giving: Giving<'_>) -> Result<ReceiptForm, Failure> {
        let lang = self.heading.lang;
        let purpose = self.purpose.clone().or_else(|| self.fact("reasons"));
        let purpose = purpose.unwrap_or_else(|| for_what(self.case().kind, lang).to_owned());
        let form = giving.files.first().map_or(Form::Copy, |(_, row)| row.form);
        let file = |(name, row): (String, &ReleaseRow)| Ok((name, row.sha256.parse()?));
        let files: Result<Vec<_>, <Hash256 as FromStr>::Err> = giving.files.into_iter().map(file).collect();
        Ok(ReceiptForm {
            heading: self.heading.clone(),
            recipient: self.fact("name").unwrap_or_default(),
            organisation: self.fact("organisation"),
            identified_by: self.fact("identity").unwrap_or_default(),
            ground: self.fact("ground"),
            purpose,
            footage: self.footage(),
            form,
            files: files.map_err(|e| Failure::new(Exit::Bug, e))?,
            medium: giving.medium.unwrap_or_else(|| lang.of("bestand", "file").to_owned()),
            chain: giving.chain,
            fingerprint: giving.fingerprint,
            staff: self.staff.clone(),
            second: giving.second,
        })
    }

    fn decision(&self, office: &Office) -> Result<DecisionLetter, Failure> {
        let lang = self.heading.lang;
        let decided =
            self.shown.steps.iter().rfind(|step| matches!(step.step, StepKind::Grant | StepKind::Refuse));
        let decided = decided.ok_or_else(|| self.missing("it is not decided"))?;
        let case = self.case();
        let rules = rules(&office.policy, case.kind).map_err(|e| case_failure(e.into()))?;
        let refused = decided.step == StepKind::Refuse;
        let named = self.fact("refusal-ground").and_then(|word| word.parse::<RefusalGround>().ok());
        let article = &office.policy.answer.refusal_grounds.article;
        let grounds = named.map(|named| Ground {
            article: cited(article, &self.heading.house.protocol, lang),
            text: capital(ground(named, lang)).trim_end_matches('.').to_owned(),
        });
        let forms = rules.forms.value.as_slice();
        let fee = rules.fee_cents.value;
        Ok(DecisionLetter {
            heading: self.heading.clone(),
            to: self.addressee(),
            asked_on: case.received,
            asked: asked_for(case.kind, case.subject, lang).to_owned(),
            footage: (moment(case.window_from), moment(case.window_to)),
            decision: if refused { Decision::Refused } else { Decision::Granted },
            how: if refused { None } else { what_now(case.kind, forms, lang) },
            others_hidden: !refused && !forms.is_empty() && !forms.contains(&Form::Original),
            grounds: grounds.filter(|_| refused).into_iter().collect(),
            explanation: self.fact("refusal").filter(|_| refused),
            fee: (fee > 0).then(|| format!("€ {},{:02}", fee / 100, fee % 100)),
            decided_by: decided.by.clone(),
        })
    }

    fn erasure(&self) -> Result<ErasureConfirmation, Failure> {
        let clips = &self.shown.clips;
        if let Some(left) = clips.iter().find(|clip| clip.erased_at.is_none()) {
            return Err(self.missing(&format!("clip {} is not erased", left.number)));
        }
        let last = clips.iter().filter_map(|clip| clip.erased_at.as_ref()?.parse::<Date>().ok()).max();
        Ok(ErasureConfirmation {
            heading: self.heading.clone(),
            to: self.addressee(),
            footage: self.footage(),
            clips: u32::try_from(clips.len()).unwrap_or(u32::MAX),
            erased_on: last.ok_or_else(|| self.missing("it never held a clip"))?,
            signed_by: self.staff.clone(),
        })
    }
}

/// What all papers say.
pub(super) fn heading(office: &Office, case: String, lang: Lang) -> Heading {
    let (house, title) = (&office.house, &office.policy.title);
    // A policy says where a complaint goes, first to the corporation, then to the authority; papers say the second.
    let first = office.policy.answer.complaints.value.split(';').next().unwrap_or_default().trim();
    let complaints = match first {
        "the corporation" | "" if house.contact.is_empty() => lang.of("ons kantoor", "our office").to_owned(),
        "the corporation" | "" => house.contact.join(", "),
        named if named == title && !house.contact.is_empty() => house.contact.join(", "),
        named => named.to_owned(),
    };
    Heading {
        house: House {
            name: house.name.clone().unwrap_or_else(|| title.clone()),
            address: house.address.clone(),
            contact: house.contact.clone(),
            complaints,
            protocol: lang
                .of(format!("het cameraprotocol van {title}"), format!("the camera protocol of {title}")),
        },
        case,
        date: today(),
        lang,
    }
}
