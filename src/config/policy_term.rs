//! Terms: how long something may take, in the units in which protocols state them.

use std::fmt;
use std::str::FromStr;

/// A term, as a protocol states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Term {
    /// Working days, counted from the day after the request.
    WorkingDays(u16),
    /// Weeks.
    Weeks(u16),
    /// Months of the calendar, as the law counts them.
    Months(u16),
}

/// A text that states no term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a term is written like 3 working days, 2 weeks or 1 month")]
pub struct NotATerm;

impl Term {
    /// Whether this term is certainly no longer than another, whenever it begins.
    ///
    /// A week has at least two working days even at Christmas, a month at least fifteen; what is not certain counts as
    /// longer.
    #[must_use]
    pub fn is_within(self, other: Self) -> bool {
        match (self, other) {
            (Self::WorkingDays(a), Self::WorkingDays(b))
            | (Self::Weeks(a), Self::Weeks(b))
            | (Self::Months(a), Self::Months(b)) => a <= b,
            (Self::WorkingDays(days), Self::Weeks(weeks)) => days <= 2 * weeks,
            (Self::WorkingDays(days), Self::Months(months)) => days <= 15 * months,
            (Self::Weeks(weeks), Self::Months(months)) => weeks <= 4 * months,
            (Self::Weeks(_) | Self::Months(_), _) => false,
        }
    }
}

impl FromStr for Term {
    type Err = NotATerm;

    fn from_str(text: &str) -> Result<Self, NotATerm> {
        let (number, unit) = text.split_once(' ').ok_or(NotATerm)?;
        let number: u16 = number.parse().map_err(|_| NotATerm)?;
        if !(1..=99).contains(&number) {
            return Err(NotATerm);
        }
        match unit {
            "working day" | "working days" => Ok(Self::WorkingDays(number)),
            "week" | "weeks" => Ok(Self::Weeks(number)),
            "month" | "months" => Ok(Self::Months(number)),
            _ => Err(NotATerm),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self {
            Self::WorkingDays(number) => (number, "working day"),
            Self::Weeks(number) => (number, "week"),
            Self::Months(number) => (number, "month"),
        };
        write!(f, "{number} {unit}{}", if *number == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_as_they_are_written() {
        for text in ["3 working days", "1 working day", "2 weeks", "1 month"] {
            let term: Term = text.parse().expect(text);
            assert_eq!(term.to_string(), text);
        }
        for wrong in ["3", "0 weeks", "3 days", "-1 weeks", "a month", "100 weeks", "3  weeks"] {
            assert_eq!(wrong.parse::<Term>(), Err(NotATerm), "{wrong}");
        }
    }

    #[test]
    fn only_what_is_certainly_shorter_is_within() {
        let within = |a: &str, b: &str| {
            let term = |text: &str| text.parse::<Term>().expect("a term");
            term(a).is_within(term(b))
        };
        assert!(within("2 working days", "3 working days") && within("3 working days", "3 working days"));
        assert!(!within("4 working days", "3 working days"));
        assert!(within("1 week", "1 month") && within("15 working days", "1 month"));
        assert!(!within("5 weeks", "1 month") && !within("20 working days", "1 month"));
        assert!(!within("1 week", "5 working days"), "a week may hold fewer, but nobody promises");
    }
}
