//! `melkglas case paper`: the papers of a case, from what is on record of it, in the case's language.
//!
//! Made of the store alone; what a paper says that is not on record is asked for, not made up.

use super::case::Where;
use super::desk::{case_failure, office};
use super::outputs::{cannot_write, check_files};
use super::talk;
use super::words::{self, Wanted};
use crate::casework::audit::{CaseNumber, Hash256, StepKind};
use crate::casework::case::{CaseError, CaseRow, Cases, ReleaseRow, Shown, due_since, rules, today};
use crate::casework::package::Chain;
use crate::casework::paper::{
    Addressee, Decision, DecisionLetter, ErasureConfirmation, Footage, Ground, Heading, House, PaperError,
    PoliceLetter, ReceiptForm, ViewStatement,
};
use crate::config::{CaseKind, Form, Office, RefusalGround};
use crate::error::{Exit, Failure};
use crate::lang::Lang;
use crate::video::sink::{Overwrite, PartialFile};
use clap::{Args as ClapArgs, ValueEnum};
use jiff::civil::{Date, DateTime};
use std::io::Write;
use std::path::{Path, PathBuf};

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
            let row = rows.first().ok_or_else(|| on.missing("nothing is rendered that could be received"))?;
            let giving = Giving {
                row,
                // Whether it is a zip or an age file is seen when it is packed.
                file: package_stem(&args.number, row, rows.len()),
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
    write(&pdf, &args.out, args.force)
}

pub(super) fn police(args: &PoliceArgs) -> Result<(), Failure> {
    let office = office(&args.at.installation)?;
    let cases = super::desk::open(office.clone(), &args.at.place, false)?;
    cases.allowed(None, &crate::casework::case::CaseAct::See).map_err(case_failure)?;
    let left = &office.policy.purpose.left_to_police;
    let said = words::ask(&[
        Wanted::new("name", "who asked"),
        Wanted::optional("address", "their address"),
        Wanted::new("incident", "what happened, as in: the theft of your bicycle"),
    ])?;
    let word = |key: &str| words::of(&said, key).unwrap_or_default();
    let letter = PoliceLetter {
        heading: heading(&office, args.reference.clone(), args.lang),
        to: Addressee { name: word("name"), address: lines(&word("address")) },
        incident: word("incident"),
        happened_on: args.happened_on,
        place: args.place_of_camera.clone(),
        article: article(&left.article, args.lang),
        kept_until: due_since(&office.policy, args.happened_on),
        secured: false,
        signed_by: cases.actor().name.clone(),
    };
    write(&letter.pdf(), &args.out, args.force)
}

fn write(pdf: &Result<Vec<u8>, PaperError>, out: &Path, force: bool) -> Result<(), Failure> {
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
    talk::say(format_args!("wrote {}; it holds personal data: erase it when it is printed", out.display()));
    Ok(())
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
    pub(super) row: &'a ReleaseRow,
    pub(super) file: String,
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
        let address = lines(&self.fact("address").unwrap_or_default());
        let name = self.fact("name").unwrap_or_default();
        match organisation {
            Some(organisation) => {
                Addressee { name: organisation, address: std::iter::once(name).chain(address).collect() }
            }
            None => Addressee { name, address },
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
        let purpose = self.purpose.clone().or_else(|| self.fact("reasons")).unwrap_or_else(|| {
            let known = rules_of_purpose(self.case().kind, lang);
            known.to_owned()
        });
        let clip = giving.row.sha256.parse().map_err(|e| Failure::new(Exit::Bug, e))?;
        Ok(ReceiptForm {
            heading: self.heading.clone(),
            recipient: self.fact("name").unwrap_or_default(),
            organisation: self.fact("organisation"),
            identified_by: self.fact("identity").unwrap_or_default(),
            ground: self.fact("ground"),
            purpose,
            footage: self.footage(),
            file: giving.file,
            clip,
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
        let grounds = &office.policy.answer.refusal_grounds;
        let refused = decided.step == StepKind::Refuse;
        let mut reasons = Vec::new();
        if refused {
            let ground = self.fact("refusal-ground").and_then(|word| word.parse::<RefusalGround>().ok());
            let article = article(&grounds.article, lang);
            reasons.extend(
                ground.map(|ground| Ground { article: article.clone(), text: in_words(ground, lang).into() }),
            );
            reasons.extend(self.fact("refusal").map(|text| Ground { article, text }));
        }
        let view = lang.of(
            "u kunt de beelden bij ons op kantoor bekijken, met een medewerker erbij; neem een geldig legitimatiebewijs mee",
            "you can look at the footage at our office, with a member of staff present; please bring a valid proof of \
             identity",
        );
        let copy = lang.of(
            "u krijgt een kopie waarop anderen onherkenbaar zijn gemaakt; het wachtwoord krijgt u langs een andere weg",
            "you get a copy in which others are made unrecognisable; the passphrase reaches you another way",
        );
        let erased = lang.of(
            "wij wissen de beelden zodra deze zaak wordt gesloten, en bevestigen u dat",
            "we erase the footage when this case is closed, and confirm that to you",
        );
        let how = match rules.forms.value.as_slice() {
            _ if refused => None,
            [] => (case.kind == CaseKind::Erasure).then(|| capital(erased)),
            forms => {
                let how = [(Form::View, view), (Form::Copy, copy)];
                let how: Vec<&str> =
                    how.into_iter().filter(|(form, _)| forms.contains(form)).map(|(_, text)| text).collect();
                Some(capital(&how.join(lang.of("; of ", "; or "))))
            }
        };
        let fee = rules.fee_cents.value;
        Ok(DecisionLetter {
            heading: self.heading.clone(),
            to: self.addressee(),
            asked_on: case.received,
            asked: asked_for(case.kind, lang).to_owned(),
            decision: if refused { Decision::Refused } else { Decision::Granted },
            how,
            grounds: reasons,
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
fn heading(office: &Office, case: String, lang: Lang) -> Heading {
    let (house, title) = (&office.house, &office.policy.title);
    // A policy says where a complaint goes, first to the corporation, then to the authority; papers say the second.
    let first = office.policy.answer.complaints.value.split(';').next().unwrap_or_default().trim();
    let complaints = match first {
        "the corporation" | "" if house.contact.is_empty() => lang.of("ons kantoor", "our office").to_owned(),
        "the corporation" | "" => house.contact.join(", "),
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

/// Lines of an address that was given in one.
fn lines(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

fn moment(at: DateTime) -> String {
    at.strftime("%d-%m-%Y %H:%M:%S").to_string()
}

/// An article as a letter names it.
fn article(article: &str, lang: Lang) -> String {
    let words = [
        ("GDPR art. ", "artikel ", " AVG"),
        ("house rule", "eigen regel", ""),
        ("art. ", "artikel ", ""),
        ("rule ", "uitgangspunt ", ""),
        ("par. ", "paragraaf ", ""),
    ];
    let found = words.iter().find_map(|(en, nl, after)| Some((article.strip_prefix(en)?, nl, after)));
    match (lang, found) {
        (Lang::Nl, Some((rest, nl, after))) => format!("{nl}{rest}{after}"),
        _ => article.to_owned(),
    }
}

/// What was asked, after "asked us".
fn asked_for(kind: CaseKind, lang: Lang) -> &'static str {
    match kind {
        CaseKind::Access => lang.of(
            "camerabeelden te mogen inzien waarop u, of wie u vertegenwoordigt, te zien bent",
            "to see camera footage of yourself, or of whom you represent",
        ),
        CaseKind::Erasure => {
            lang.of("camerabeelden waarop u te zien bent te wissen", "to erase camera footage of yourself")
        }
        CaseKind::Restriction => lang.of(
            "camerabeelden waarop u te zien bent te bewaren maar niet te gebruiken",
            "to keep camera footage of yourself but not to use it",
        ),
        CaseKind::Objection => lang.of(
            "camerabeelden waarop u te zien bent niet te gebruiken",
            "not to use camera footage of yourself",
        ),
        CaseKind::InternalIncident => lang.of("een incident te onderzoeken", "to look into an incident"),
        _ => lang.of("camerabeelden te verstrekken", "to hand over camera footage"),
    }
}

/// What footage is for where nothing else is on record.
fn rules_of_purpose(kind: CaseKind, lang: Lang) -> &'static str {
    match kind {
        CaseKind::Access => lang.of("inzage in eigen beelden", "access to footage of oneself"),
        CaseKind::Police | CaseKind::Justice => {
            lang.of("opsporing of vervolging", "detection or prosecution")
        }
        _ => lang.of("de zaak hierboven", "the case above"),
    }
}

/// A ground of refusal, as a sentence without its full stop.
fn in_words(ground: RefusalGround, lang: Lang) -> &'static str {
    match ground {
        RefusalGround::OthersRights => lang.of(
            "inzage zou de privacy of de rechten van anderen schaden",
            "it would harm the privacy or the rights of others",
        ),
        RefusalGround::CorporationsRights => {
            lang.of("inzage zou onze eigen rechten schaden", "it would harm our own rights")
        }
        RefusalGround::NotSeen => {
            lang.of("u bent niet op deze beelden te zien", "you are not seen in this footage")
        }
        RefusalGround::Erased => lang.of(
            "de beelden zijn gewist toen hun bewaartermijn voorbij was",
            "the footage was erased when its term was over",
        ),
        RefusalGround::Unidentified => {
            lang.of("wij hebben niet kunnen vaststellen wie u bent", "we could not establish who you are")
        }
        RefusalGround::NotAllowed => {
            lang.of("ons protocol staat dit niet toe", "our protocol does not allow this")
        }
    }
}
