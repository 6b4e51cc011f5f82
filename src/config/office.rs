//! What a site file says about people and cases: who the staff are, where cases lie, where their key is.
//!
//! Secrets stand here by reference only. Where a policy is named, all of it has to be there.

use super::document::{Document, Item, Section};
use super::policy::{Policy, PolicyName};
use super::policy_tighten;
use super::policy_words::Role;
use jiff::civil::Date;
use std::path::PathBuf;
use std::sync::Arc;

/// A corporation's office: its policy, staff and cases.
#[derive(Debug, Clone, PartialEq)]
pub struct Office {
    /// The rules, tightened.
    pub policy: Arc<Policy>,
    /// The staff.
    pub users: Vec<User>,
    /// Where cases lie.
    pub cases: CasesPlace,
    /// Which days are no working days.
    pub calendar: CalendarSettings,
    /// What papers say of the corporation.
    pub house: HouseSettings,
}

/// What papers say of the corporation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HouseSettings {
    /// Its name; without it that of the policy.
    pub name: Option<String>,
    /// Where it is, line by line.
    pub address: Vec<String>,
    /// How to reach it, line by line.
    pub contact: Vec<String>,
}

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their account of the operating system.
    pub account: String,
    /// Their name, as the audit log has it.
    pub name: String,
    /// What they are there for.
    pub roles: Vec<Role>,
    /// Whom they stand in for.
    pub deputy_for: Vec<Role>,
    /// When they signed the statement of secrecy; without it they open nothing.
    pub secrecy_signed: Option<Date>,
}

/// Where cases lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CasesPlace {
    /// Their folder.
    pub folder: PathBuf,
    /// Where the key is that wraps every other one.
    pub key: KeyPlace,
}

/// Where the site key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// A file of mode 0400.
    File(PathBuf),
    /// A systemd credential of this name.
    Credential(String),
    /// A passphrase-protected age identity, on a removable medium.
    Protected(PathBuf),
}

/// Which days are no working days, beside Saturdays, Sundays and public holidays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CalendarSettings {
    /// Good Friday is none.
    pub good_friday_off: bool,
    /// 5 May is none.
    pub liberation_day_off: bool,
}

/// What a site file said about its office, before it is known whether all is there.
pub(super) fn read(root: &mut Section<'_>, doc: &Document<'_>) -> Option<Office> {
    let named = root.optional("policy");
    let tighten = root.optional("tighten");
    let users = root.optional("user");
    let cases = root.optional("cases");
    let calendar = root.optional("calendar");
    let house = root.optional("house");
    let Some(named) = named else {
        for item in [tighten, users, cases, calendar, house].into_iter().flatten() {
            item.note(
                format!("`{}` means nothing without a policy", item.name()),
                "no policy is named",
                "write policy = \"...\" at the top, or take this out",
            );
        }
        return None;
    };
    let name: PolicyName = named.word()?;
    let mut policy = match Policy::shipped(name) {
        Ok(policy) => policy,
        Err(e) => {
            // A test reads all of them, so this is a fault of the program.
            named.note(format!("the policy cannot be used: {e}"), "this one", "install the program again");
            return None;
        }
    };
    if let Some(mut section) = tighten.and_then(|item| item.section()) {
        policy_tighten::read(&mut section, &mut policy);
        section.finish();
    }
    let calendar =
        calendar.map_or(Some(CalendarSettings::default()), |item| self::calendar(&mut item.section()?));
    let house = house.map_or(Some(HouseSettings::default()), |item| self::house(&item));
    let missing = |what: &str, cure: &str| {
        doc.note(named.span.clone(), format!("a policy needs {what}"), "with this policy", cure);
    };
    let users = match users {
        Some(item) => self::users(&item),
        None => {
            missing("its staff", "add a table [[user]] for each: account, name, roles, secrecy_signed");
            None
        }
    };
    let cases = match cases {
        Some(item) => self::cases(&item, &policy),
        None => {
            missing(
                "a place for cases",
                "add [cases] with folder and one of key_file, key_credential, key_protected",
            );
            None
        }
    };
    let policy = Arc::new(policy);
    Some(Office { policy, users: users?, cases: cases?, calendar: calendar?, house: house? })
}

fn house(item: &Item<'_>) -> Option<HouseSettings> {
    let mut section = item.section()?;
    let mut house = HouseSettings::default();
    let text = |item: &Item<'_>| item.filled_text("fill it in").map(str::to_owned);
    let lines = |item: &Item<'_>| -> Option<Vec<String>> {
        item.items("line", "write a list of lines")?.iter().map(text).collect()
    };
    super::site::set(&mut section, "name", &mut house.name, |item| text(item).map(Some));
    super::site::set(&mut section, "address", &mut house.address, lines);
    super::site::set(&mut section, "contact", &mut house.contact, lines);
    section.finish();
    Some(house)
}

fn calendar(section: &mut Section<'_>) -> Option<CalendarSettings> {
    let mut settings = CalendarSettings::default();
    super::site::set(section, "good_friday_off", &mut settings.good_friday_off, |item| item.boolean());
    super::site::set(section, "liberation_day_off", &mut settings.liberation_day_off, |item| item.boolean());
    Some(settings)
}

fn users(item: &Item<'_>) -> Option<Vec<User>> {
    let items = item.items("user", "write [[user]] above each member of staff")?;
    let read: Vec<Option<User>> = items.iter().map(user).collect();
    let users: Vec<User> = read.into_iter().collect::<Option<_>>()?;
    for (at, user) in users.iter().enumerate() {
        if users[..at].iter().any(|earlier| earlier.account == user.account) {
            items[at].note(
                format!("two users have the account {}", user.account),
                "the second",
                "give each member of staff an account of their own",
            );
        }
    }
    Some(users)
}

fn user(item: &Item<'_>) -> Option<User> {
    let mut section = item.section()?;
    let text = |item: Option<Item<'_>>| item?.filled_text("fill it in").map(str::to_owned);
    let account = text(section.required("account", "account = \"login\""));
    let name = text(section.required("name", "name = \"A. Jansen\""));
    let roles =
        section.required("roles", "roles = [\"handler\"]").and_then(|i| super::policy_read::words(&i));
    let deputy_for =
        section.optional("deputy_for").map_or(Some(Vec::new()), |item| super::policy_read::words(&item));
    let signed = section.optional("secrecy_signed").map_or(Some(None), |item| item.date().map(Some));
    section.finish();
    Some(User {
        account: account?,
        name: name?,
        roles: roles?,
        deputy_for: deputy_for?,
        secrecy_signed: signed?,
    })
}

fn cases(item: &Item<'_>, policy: &Policy) -> Option<CasesPlace> {
    let mut section = item.section()?;
    let folder =
        section.required("folder", "folder = \"/var/lib/melkglas/cases\"").and_then(|i| absolute(&i));
    let file = section.optional("key_file");
    let credential = section.optional("key_credential");
    let protected = section.optional("key_protected");
    section.finish();
    let named: Vec<&Item<'_>> = [&file, &credential, &protected].into_iter().flatten().collect();
    let key = match named.as_slice() {
        [_] => match (&file, &credential, &protected) {
            (Some(item), _, _) => absolute(item).map(KeyPlace::File),
            (_, Some(item), _) => credential_name(item),
            (_, _, Some(item)) => absolute(item).map(KeyPlace::Protected),
            (None, None, None) => None,
        },
        [] => {
            item.note(
                "`cases` names no key",
                "no key_file, key_credential or key_protected",
                "write key_file = \"/etc/melkglas/site.key\"; `melkglas case make-key` makes one",
            );
            None
        }
        [_, second, ..] => {
            second.note("`cases` names two keys", "the second", "keep one");
            None
        }
    }?;
    if policy.security.second_factor.value && !matches!(key, KeyPlace::Protected(_)) {
        let article = policy.cite(&policy.security.second_factor.article);
        item.note(
            format!("the policy asks for a second factor ({article})"),
            "this key has none",
            "write key_protected = \"/media/...\": an age identity with a passphrase, on a removable medium",
        );
        return None;
    }
    Some(CasesPlace { folder: folder?, key })
}

fn absolute(item: &Item<'_>) -> Option<PathBuf> {
    let path = PathBuf::from(item.filled_text("name a path")?);
    if !path.is_absolute() {
        item.note(
            format!("`{}` is not an absolute path", item.name()),
            "relative",
            "write the whole path, from /",
        );
        return None;
    }
    Some(path)
}

/// A name within `$CREDENTIALS_DIRECTORY` (systemd.exec(5)), never a way out of it.
fn credential_name(item: &Item<'_>) -> Option<KeyPlace> {
    let name = item.filled_text("name the credential")?;
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)) || name.starts_with('.') {
        item.note(
            "a credential's name is made of letters, digits, - and _",
            "not a name",
            "as LoadCredential= has it",
        );
        return None;
    }
    Some(KeyPlace::Credential(name.to_owned()))
}
