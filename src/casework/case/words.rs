//! What the table of allowed acts speaks of: states, acts, facts, who acts, and a refusal.

use crate::config::{CaseKind, Form, Office, Policy, RecipientKind, RefusalGround, Role, Subject, User};
use clap::ValueEnum;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum CaseState {
    /// Opened; its window is secured, nothing is decided.
    Open,
    /// Decided: granted.
    Granted,
    /// Decided: refused.
    Refused,
    /// Closed; what is due of its footage is erased.
    Closed,
}

/// Where a release of a granted case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseState {
    /// Rendered and checked by the second look.
    Draft,
    /// A named person watched this very file to its end.
    Watched,
    /// Approved by who decides; it may leave.
    Approved,
}

macro_rules! by_its_word {
    ($($type:ty),+) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let value = self.to_possible_value().expect("no word is skipped");
                f.pad(value.get_name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = crate::config::NotAWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                <Self as ValueEnum>::from_str(text, false).map_err(|_| crate::config::NotAWord)
            }
        }
    )+};
}

by_its_word!(CaseState, ReleaseState);

/// What the table has to know of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFacts {
    /// Its kind.
    pub kind: CaseKind,
    /// Where it stands.
    pub state: CaseState,
    /// The day on which the request came, or the incident was reported.
    pub received: Date,
    /// Whose footage it is about.
    pub subject: Subject,
    /// For somebody else: their identity and the authority to act for them are on record.
    pub authority: bool,
    /// The identity of who asks, or receives, is established.
    pub identified: bool,
    /// Clips that were added and are not erased.
    pub clips: usize,
    /// The release in hand.
    pub release: Option<ReleaseState>,
}

/// Why footage is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Motive<'a> {
    /// What gives cause.
    pub cause: &'a str,
    /// What for.
    pub purpose: &'a str,
}

/// Something that a member of staff wants to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CaseAct<'a> {
    /// See which cases there are, and what is on record of one; none of its footage.
    See,
    /// Open a case, which secures its window.
    Open {
        /// Its kind.
        kind: CaseKind,
        /// Whose footage it is about.
        subject: Subject,
        /// Why; not needed where somebody exercises a right.
        motive: Option<Motive<'a>>,
    },
    /// Record that the identity of who asks, or receives, was established, by whom and how.
    Identify,
    /// Copy a clip into the case.
    AddClip {
        /// The day on which it was recorded, as staff confirmed.
        recorded: Date,
        /// Whether it shows anything of the case's window.
        in_window: bool,
    },
    /// Analyse, show to staff or redact a clip of the case.
    Look,
    /// Grant the request.
    Grant {
        /// Interests were weighed, in words.
        weighed: bool,
        /// The legal provision or public task is named.
        ground: bool,
        /// A member of staff saw that the requester is in the footage.
        requester_seen: bool,
    },
    /// Refuse the request.
    Refuse {
        /// Why.
        ground: RefusalGround,
    },
    /// Render for release.
    Draft {
        /// How it is to be given.
        form: Form,
        /// To whom.
        recipient: RecipientKind,
    },
    /// Watch the finished file to its end.
    Watch,
    /// Approve what was watched.
    Approve,
    /// Show it, or hand it over.
    HandOver {
        /// How.
        form: Form,
        /// To whom.
        recipient: RecipientKind,
        /// What the protocol has them sign is signed.
        signed: bool,
        /// The second member of staff who is there.
        second: Option<&'a Actor>,
        /// It lies on a digital storage medium.
        on_medium: bool,
    },
    /// Close the case.
    Close {
        /// The request was taken back, so that nothing has to be decided.
        withdrawn: bool,
    },
    /// Erase what is due. Shows nothing, so it takes no promise of secrecy.
    Retain,
    /// Watch cameras live.
    WatchLive,
    /// Read footage for the sake of a camera file: to draw its zones, to learn its empty scene. Nobody is seen in what
    /// comes of it.
    SetUpCamera,
}

/// A member of staff at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Their account of the operating system.
    pub account: String,
    /// Their name.
    pub name: String,
    /// What they are there for.
    pub roles: Vec<Role>,
    /// Whom they stand in for.
    pub deputy_for: Vec<Role>,
    /// They have signed the statement of secrecy.
    pub bound: bool,
}

impl Actor {
    /// The member of staff who has this account, on this day.
    ///
    /// # Errors
    /// The site file has nobody with it.
    pub fn of(office: &Office, account: &str, today: Date) -> Result<Self, Refusal> {
        let user = office.users.iter().find(|user| user.account == account);
        user.map(|user| Self::from_user(user, today)).ok_or_else(|| {
            let policy = &office.policy;
            Refusal {
                sentence: format!("the account {account} is none of the staff who work with footage"),
                article: policy.cite(&policy.staff.look.article),
                cure: "log in as yourself, or have an administrator add you to the site file".to_owned(),
            }
        })
    }

    /// A user on this day.
    #[must_use]
    pub fn from_user(user: &User, today: Date) -> Self {
        Self {
            account: user.account.clone(),
            name: user.name.clone(),
            roles: user.roles.clone(),
            deputy_for: user.deputy_for.clone(),
            bound: user.secrecy_signed.is_some_and(|signed| signed <= today),
        }
    }
}

/// In which role somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The role.
    pub role: Role,
    /// As a deputy of who has it.
    pub deputy: bool,
}

/// Why something may not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence} ({article})")]
pub struct Refusal {
    /// What is refused, and why.
    pub sentence: String,
    /// The article that asks for it, with its protocol.
    pub article: String,
    /// What to do.
    pub cure: String,
}

impl Refusal {
    pub(super) fn new(
        policy: &Policy,
        article: &str,
        sentence: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { sentence: sentence.into(), article: policy.cite(article), cure: cure.into() }
    }
}
