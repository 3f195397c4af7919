//! Periods: the days that a figure covers, up to and including its as-of date.

use chrono::{Datelike as _, Days, Months, NaiveDate};

/// A period. The numbers are those of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    /// State on the as-of date; for what happened, everything up to that date.
    AsOf = 1,
    /// From 1 January of the year of the as-of date.
    YearToDate = 2,
    /// The 12 months that end on the as-of date.
    PerYear = 3,
    /// Since the venue or service opened.
    SinceOpening = 4,
    /// Since the first records.
    SinceRecordsBegan = 5,
}

impl Period {
    /// Returns the period with a number of the contract.
    pub(crate) fn from_code(code: i32) -> Option<Self> {
        let all = [
            Self::AsOf,
            Self::YearToDate,
            Self::PerYear,
            Self::SinceOpening,
            Self::SinceRecordsBegan,
        ];
        all.into_iter().find(|period| *period as i32 == code)
    }

    /// Returns true if it starts on a fixed day. All others cover the same days.
    pub(crate) fn has_first_day(self) -> bool {
        matches!(self, Self::YearToDate | Self::PerYear)
    }

    /// Returns true if both cover the same days.
    pub(crate) fn covers_the_same(self, other: Self) -> bool {
        self == other || !(self.has_first_day() || other.has_first_day())
    }

    /// Returns the first day of the period that ends on `as_of`, if it has one.
    pub(crate) fn first_day(self, as_of: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::YearToDate => as_of.with_month0(0).and_then(|day| day.with_day0(0)),
            Self::PerYear => {
                // From the day after, not from the as-of date itself: the period of 28 February
                // 2022 starts on 1 March 2021 and has 365 days.
                let next = as_of.checked_add_days(Days::new(1))?;
                let day = next.checked_sub_months(Months::new(12))?;
                // The day 12 months before 29 February doesn't exist, and chrono clamps it to
                // the 28th, which would make the period one day too long.
                let missing = day.day() != next.day();
                day.checked_add_days(Days::new(u64::from(missing)))
            }
            Self::AsOf | Self::SinceOpening | Self::SinceRecordsBegan => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_months_end_on_their_day_leap_years_or_not() {
        for (as_of, first) in [
            ("2022-07-28", "2021-07-29"),
            ("2023-02-28", "2022-03-01"),
            ("2024-02-28", "2023-03-01"),
            ("2024-02-29", "2023-03-01"),
            ("2025-02-28", "2024-03-01"),
            ("2025-03-01", "2024-03-02"),
        ] {
            let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
            let from = Period::PerYear.first_day(day(as_of));
            assert_eq!(from, Some(day(first)), "{as_of}");
        }
    }

    #[test]
    fn periods_without_a_first_day_cover_the_same_days() {
        let (open, year) = (Period::SinceRecordsBegan, Period::PerYear);
        assert!(open.covers_the_same(Period::AsOf) && year.covers_the_same(year));
        assert!(!open.covers_the_same(year) && !year.covers_the_same(Period::YearToDate));
    }
}
