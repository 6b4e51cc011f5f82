//! A corporation's written camera protocol, as settings: `pipelines/policies/<name>.toml`.
//!
//! The shipped policies are part of the program, so that nobody loosens one by editing a file. A site names one and may
//! tighten it ([`super::policy_tighten`]). Every key carries the article that it keeps, and every refusal names it;
//! `docs/clauses.md` lists them all.

use super::diagnostic::SettingsError;
use super::document::Document;
use super::live::LivePolicy;
use super::policy_article::{Citations, Cited, Clause};
use super::policy_read;
use super::policy_term::Term;
use super::policy_words::{Ask, CaseKind, Form, RecipientKind, RefusalGround, Role, Show, Statement};
use super::style::Style;
use crate::lang::Lang;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The policies that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyName {
    /// Woongroen, municipality of De Bilt.
    Woongroen,
    /// Leystromen.
    Leystromen,
    /// Mozaiek Wonen.
    MozaiekWonen,
    /// Heuvelrug Wonen.
    HeuvelrugWonen,
    /// For a corporation without a protocol of its own: the strictest of the four in each matter, and the law.
    Default,
}

impl PolicyName {
    /// Its file's name without the ending, and its text.
    #[must_use]
    pub fn shipped(self) -> (&'static str, &'static str) {
        match self {
            Self::Woongroen => ("woongroen", include_str!("../../pipelines/policies/woongroen.toml")),
            Self::Leystromen => ("leystromen", include_str!("../../pipelines/policies/leystromen.toml")),
            Self::MozaiekWonen => {
                ("mozaiek-wonen", include_str!("../../pipelines/policies/mozaiek-wonen.toml"))
            }
            Self::HeuvelrugWonen => {
                ("heuvelrug-wonen", include_str!("../../pipelines/policies/heuvelrug-wonen.toml"))
            }
            Self::Default => ("default", include_str!("../../pipelines/policies/default.toml")),
        }
    }
}

/// A protocol's rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Which one.
    pub name: PolicyName,
    /// What it is called in letters and refusals.
    pub title: String,
    /// Who may work with footage, and under which promise.
    pub staff: StaffRules,
    /// What footage is for.
    pub purpose: PurposeRules,
    /// How long it is kept.
    pub retention: RetentionRules,
    /// How it is guarded.
    pub security: SecurityRules,
    /// What a requester is told.
    pub answer: AnswerRules,
    kinds: Vec<(CaseKind, KindRules)>,
    cited: Vec<Cited>,
}

/// Who may work with footage.
#[derive(Debug, Clone, PartialEq)]
pub struct StaffRules {
    /// Nobody does anything without a signed statement of secrecy.
    pub secrecy_statement: Clause<bool>,
    /// The roles that may look at footage.
    pub look: Clause<Vec<Role>>,
    /// The roles that may open a case and secure its window.
    pub open: Clause<Vec<Role>>,
    /// Who stands in for the one who decides, in words; empty: nobody.
    pub deputy: Clause<String>,
}

/// What footage is for.
#[derive(Debug, Clone, PartialEq)]
pub struct PurposeRules {
    /// The purposes.
    pub list: Clause<Vec<String>>,
    /// The same in Dutch, for papers in that language: pairs of an entry of the policy's own list and its translation.
    pub dutch: Vec<(String, String)>,
    /// Whether another one may be written down.
    pub other: Clause<bool>,
    /// What gives cause to look at footage.
    pub causes: Clause<Vec<String>>,
    /// Whether another cause may be written down.
    pub other_causes: Clause<bool>,
    /// Causes for which the corporation itself never looks, and the police are pointed to the camera.
    pub left_to_police: Clause<Vec<String>>,
    /// How far cameras may be watched live, whatever their own files allow.
    pub live: Clause<LivePolicy>,
    /// Whether sound may be recorded; never.
    pub audio: Clause<bool>,
}

impl PurposeRules {
    /// A purpose as papers in this language name it; what the policy does not list stays as it is.
    #[must_use]
    pub fn in_words<'a>(&'a self, purpose: &'a str, lang: Lang) -> &'a str {
        let translated =
            self.dutch.iter().find(|(known, _)| known == purpose).map(|(_, dutch)| dutch.as_str());
        lang.of(translated.unwrap_or(purpose), purpose)
    }
}

/// How long footage is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct RetentionRules {
    /// Days after the recording on which it is erased at the latest.
    pub days: Clause<u16>,
    /// Whether a case that is open holds its footage back from that.
    pub hold_while_open: Clause<bool>,
    /// Days after the closing of a case on which what was put on record of it is erased, with its footage gone.
    pub records_days: Clause<u16>,
}

/// How footage is guarded.
#[derive(Debug, Clone, PartialEq)]
pub struct SecurityRules {
    /// It lies encrypted.
    pub encrypted_at_rest: Clause<bool>,
    /// It travels over encrypted connections only.
    pub encrypted_transport: Clause<bool>,
    /// The site's key is behind a second factor.
    pub second_factor: Clause<bool>,
    /// Handed over on a digital storage medium.
    pub removable_medium: Clause<bool>,
}

/// What a requester is told.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerRules {
    /// Why a request may be refused; nothing else is a ground.
    pub refusal_grounds: Clause<Vec<RefusalGround>>,
    /// Where a complaint goes first; then to the data protection authority (Autoriteit Persoonsgegevens).
    pub complaints: Clause<String>,
}

/// Whether there are cases of a kind, and by which rules.
#[derive(Debug, Clone, PartialEq)]
pub enum KindRules {
    /// There are none.
    Forbidden {
        /// The article that says so.
        article: String,
    },
    /// There are.
    Allowed(Box<CaseRules>),
}

/// The rules for cases of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseRules {
    /// That there are such cases.
    pub allowed: Clause<bool>,
    /// The forms in which footage may be given; empty: none leaves.
    pub forms: Clause<Vec<Form>>,
    /// Who may receive it.
    pub recipients: Clause<Vec<RecipientKind>>,
    /// Who decides.
    pub decide: Clause<Vec<Role>>,
    /// Within which term.
    pub decide_within: Clause<Term>,
    /// Who asks, or receives, is identified first.
    pub identity: Clause<bool>,
    /// What is asked of them.
    pub asks: Clause<Vec<Ask>>,
    /// What they sign.
    pub statement: Clause<Statement>,
    /// A second member of staff is there.
    pub second_person: Clause<bool>,
    /// Interests are weighed and written down before the decision.
    pub weigh: Clause<bool>,
    /// The legal provision or the public task is named.
    pub ground: Clause<bool>,
    /// Only footage in which the requester is seen.
    pub own_footage: Clause<bool>,
    /// Who stays visible.
    pub show: Clause<Show>,
    /// How the others are hidden.
    pub mask: Clause<Style>,
    /// What it costs the requester, cents; never a reason to refuse.
    pub fee_cents: Clause<u32>,
}

impl Policy {
    /// A shipped policy.
    ///
    /// # Errors
    /// Its file has faults; a test sees to it that none has.
    pub fn shipped(name: PolicyName) -> Result<Self, SettingsError> {
        let (file, text) = name.shipped();
        let path = format!("pipelines/policies/{file}.toml");
        Self::parse(name, Path::new(&path), text)
    }

    /// Checks the text of a policy.
    ///
    /// # Errors
    /// [`SettingsError`] with every fault found.
    pub fn parse(name: PolicyName, path: &Path, text: &str) -> Result<Self, SettingsError> {
        let doc = Document::new(path, text);
        let table = doc.parse()?;
        let citations = Citations::default();
        let read = policy_read::read(doc.root(&table), name, &citations);
        let cited = citations.into_cited();
        doc.check(read.map(|policy| Self { cited, ..policy }))
    }

    /// What [`policy_read`] made, without its citations.
    #[expect(clippy::too_many_arguments, reason = "one for each table of the file")]
    pub(super) fn of_parts(
        name: PolicyName,
        title: String,
        staff: StaffRules,
        purpose: PurposeRules,
        retention: RetentionRules,
        security: SecurityRules,
        answer: AnswerRules,
        kinds: Vec<(CaseKind, KindRules)>,
    ) -> Self {
        Self { name, title, staff, purpose, retention, security, answer, kinds, cited: Vec::new() }
    }

    /// The rules for cases of this kind. Total: a policy speaks of every kind.
    #[must_use]
    pub fn kind(&self, kind: CaseKind) -> &KindRules {
        let found = self.kinds.iter().find(|(known, _)| *known == kind);
        &found.expect("a policy was read with every kind").1
    }

    pub(super) fn kind_mut(&mut self, kind: CaseKind) -> &mut KindRules {
        let found = self.kinds.iter_mut().find(|(known, _)| *known == kind);
        &mut found.expect("a policy was read with every kind").1
    }

    /// Every clause, in the order of the file, before a site tightened any.
    #[must_use]
    pub fn cited(&self) -> &[Cited] {
        &self.cited
    }

    /// An article with the protocol that it stands in: `Woongroen, art. 6`. What the protocol does not say stands for
    /// itself: `GDPR art. 12(3)`, `house rule`.
    #[must_use]
    pub fn cite(&self, article: &str) -> String {
        let of_protocol = ["art.", "rule", "par."].iter().any(|word| article.starts_with(word));
        if of_protocol { format!("{}, {article}", self.title) } else { article.to_owned() }
    }
}
