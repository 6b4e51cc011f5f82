//! Which days are working days in the Netherlands, and when a term ends.
//!
//! Public holidays are computed: Easter by the Gregorian computus (Meeus, *Astronomical Algorithms*, chapter 8, after
//! Jones and Butcher), King's Day on 27 April, or the day before where that is a Sunday. Good Friday and 5 May are
//! working days unless the site says otherwise.

use crate::config::{CalendarSettings, Term};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// Dutch time, as POSIX writes it: no table of time zones is needed, and the machine's own may be set to another.
const DUTCH_TIME: &str = "CET-1CEST,M3.5.0/2,M10.5.0/3";

/// Today in the Netherlands.
#[must_use]
pub fn today() -> Date {
    day_of(Timestamp::now())
}

/// The day that it is in the Netherlands at a moment. By UTC it would be the day before for an hour or two each night,
/// and a nightly run would erase a day late.
fn day_of(at: Timestamp) -> Date {
    let zone = TimeZone::posix(DUTCH_TIME).unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).date()
}

/// Easter Sunday of a year of the Gregorian calendar.
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    Date::new(year, i8::try_from(n / 31).ok()?, i8::try_from(n % 31 + 1).ok()?).ok()
}

/// The public holiday that a day is, if it is one.
#[must_use]
pub fn holiday(day: Date, settings: CalendarSettings) -> Option<&'static str> {
    let after_easter =
        |days: i32| easter(day.year()).and_then(|e| e.checked_add(days.days()).ok()) == Some(day);
    let kings_day = match Date::new(day.year(), 4, 27) {
        Ok(day) if day.weekday() == Weekday::Sunday => day.yesterday().ok(),
        day => day.ok(),
    };
    match (day.month(), day.day()) {
        (1, 1) => Some("New Year's Day"),
        (5, 5) if settings.liberation_day_off => Some("Liberation Day"),
        (12, 25) => Some("Christmas Day"),
        (12, 26) => Some("second day of Christmas"),
        _ if kings_day == Some(day) => Some("King's Day"),
        _ if settings.good_friday_off && after_easter(-2) => Some("Good Friday"),
        _ if after_easter(0) => Some("Easter"),
        _ if after_easter(1) => Some("Easter Monday"),
        _ if after_easter(39) => Some("Ascension Day"),
        _ if after_easter(49) => Some("Whit Sunday"),
        _ if after_easter(50) => Some("Whit Monday"),
        _ => None,
    }
}

/// Whether people work on a day.
#[must_use]
pub fn is_working_day(day: Date, settings: CalendarSettings) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && holiday(day, settings).is_none()
}

/// The last day of a term that begins with a request on this day. Working days are counted from the day after. Weeks and
/// months end on the day of the same name or number (Regulation 1182/71, art. 3), or on the month's last; where that is
/// no working day, the last one before it is taken: what is answered early is not late by any count.
#[must_use]
pub fn end_of(term: Term, received: Date, settings: CalendarSettings) -> Date {
    let plus = |span: Span| {
        let mut day = received.saturating_add(span);
        while day > received && !is_working_day(day, settings) {
            day = day.saturating_sub(1.day());
        }
        day
    };
    match term {
        Term::WorkingDays(days) => {
            let mut day = received;
            let mut left = days;
            while left > 0 {
                day = day.saturating_add(1.day());
                left -= u16::from(is_working_day(day, settings));
            }
            day
        }
        Term::Weeks(weeks) => plus(i64::from(weeks).weeks()),
        Term::Months(months) => plus(i64::from(months).months()),
    }
}

/// Working days from a day to a deadline: 0 on its last day, negative when it is past.
#[must_use]
pub fn working_days_left(today: Date, deadline: Date, settings: CalendarSettings) -> i64 {
    let between = |from: Date, to: Date| {
        let days = std::iter::successors(Some(from), |day| day.tomorrow().ok()).skip(1);
        let count = days.take_while(|day| *day <= to).filter(|day| is_working_day(*day, settings)).count();
        i64::try_from(count).unwrap_or(i64::MAX)
    };
    if today <= deadline { between(today, deadline) } else { -between(deadline, today) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const PLAIN: CalendarSettings = CalendarSettings { good_friday_off: false, liberation_day_off: false };

    #[test]
    fn easter_falls_where_the_tables_have_it() {
        // US Naval Observatory, "Dates of Easter".
        for (year, month, day) in
            [(2000, 4, 23), (2008, 3, 23), (2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2038, 4, 25)]
        {
            assert_eq!(easter(year), Some(date(year, month, day)));
        }
    }

    #[test]
    fn dutch_holidays_are_no_working_days() {
        for day in [
            date(2026, 1, 1),
            date(2026, 4, 6),
            date(2026, 4, 27),
            date(2026, 5, 14),
            date(2026, 5, 25),
            date(2026, 12, 25),
            // 27 April 2025 is a Sunday: King's Day is the day before.
            date(2025, 4, 26),
        ] {
            assert!(holiday(day, PLAIN).is_some() && !is_working_day(day, PLAIN), "{day}");
        }
        let off = CalendarSettings { good_friday_off: true, liberation_day_off: true };
        for day in [date(2026, 4, 3), date(2026, 5, 5)] {
            assert!(is_working_day(day, PLAIN) && !is_working_day(day, off), "{day}");
        }
    }

    #[test]
    fn the_day_is_that_of_the_netherlands() {
        for (at, day) in [
            // Half past midnight by the clocks of the Netherlands, winter and summer; a nightly run's hour.
            ("2026-11-27T23:30:00Z", date(2026, 11, 28)),
            ("2026-07-27T22:30:00Z", date(2026, 7, 28)),
            ("2026-11-27T22:59:59Z", date(2026, 11, 27)),
            // The night in which summer time begins, and that in which it ends.
            ("2026-03-28T23:00:00Z", date(2026, 3, 29)),
            ("2026-10-24T22:00:00Z", date(2026, 10, 25)),
            ("2026-10-25T22:59:59Z", date(2026, 10, 25)),
        ] {
            assert_eq!(day_of(at.parse().expect("a moment")), day, "{at}");
        }
    }

    #[test]
    fn terms_end_where_they_should() {
        let end = |term: &str, received| end_of(term.parse().expect("a term"), received, PLAIN);
        assert_eq!(end("3 working days", date(2026, 11, 19)), date(2026, 11, 24), "over a weekend");
        assert_eq!(end("3 working days", date(2026, 12, 24)), date(2026, 12, 30), "over Christmas");
        assert_eq!(
            end("5 working days", date(2026, 4, 2)),
            date(2026, 4, 10),
            "over Easter, Good Friday counted"
        );
        assert_eq!(end("2 weeks", date(2026, 11, 3)), date(2026, 11, 17));
        assert_eq!(end("1 month", date(2026, 1, 30)), date(2026, 2, 27), "the 28th is a Saturday");
        assert_eq!(working_days_left(date(2026, 11, 20), date(2026, 11, 24), PLAIN), 2);
        assert_eq!(working_days_left(date(2026, 11, 24), date(2026, 11, 24), PLAIN), 0);
        assert_eq!(working_days_left(date(2026, 11, 27), date(2026, 11, 24), PLAIN), -3);
    }

    proptest! {
        #[test]
        fn a_term_of_working_days_has_as_many(days in 1u16..40, offset in 0i32..4000) {
            let received = date(2020, 1, 1).saturating_add(offset.days());
            let end = end_of(Term::WorkingDays(days), received, PLAIN);
            prop_assert!(is_working_day(end, PLAIN));
            prop_assert_eq!(working_days_left(received, end, PLAIN), i64::from(days));
        }

        #[test]
        fn a_term_never_ends_later_than_the_law_counts(months in 1u16..4, offset in 0i32..4000) {
            let received = date(2020, 1, 1).saturating_add(offset.days());
            let end = end_of(Term::Months(months), received, PLAIN);
            prop_assert!(end > received && end <= received.saturating_add(i64::from(months).months()));
        }
    }
}
