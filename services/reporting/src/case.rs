//! Rows of the case table: the period and the as-of date of each figure, and the
//! published figure that it is compared with. A published figure never decides the
//! period of a row; it only adds rows of its own.

use chrono::NaiveDate;

use crate::{figures::Figure, period::Period, store::published::PublishedFigure};

/// Contract number of the bound "at least".
const AT_LEAST: i16 = 2;

/// Parameters of a case table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    /// Last day that is counted, if the request names one.
    pub as_of: Option<NaiveDate>,
    /// Period to count by, if the request names one.
    pub period: Option<Period>,
    /// Today in the platform's time zone.
    pub today: NaiveDate,
}

/// A figure of one period and as-of date.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub figure: &'static Figure,
    /// The period that the figure covers.
    pub period: Period,
    /// As-of date: the last day of the period.
    pub as_of: NaiveDate,
    /// The published figure to compare with.
    pub published: Option<PublishedFigure>,
}

/// Result of comparing a computed figure with the published one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// No figure was published for these days.
    Nothing,
    /// The computed figure equals the published one, or reaches its lower bound.
    Met,
    /// The computed figure differs, or is below the lower bound.
    Missed,
}

impl Question {
    /// Returns the rows of a figure: first that of the requested or its own period, then one
    /// for each other period that the area has published it for.
    pub(crate) fn rows(&self, figure: &'static Figure, published: &[PublishedFigure]) -> Vec<Row> {
        let own = figure.period_for(self.period);
        let mut of_figure: Vec<_> = published
            .iter()
            .filter(|published| published.figure_key == figure.key)
            .collect();
        of_figure.sort_by_key(|published| std::cmp::Reverse(published.as_of_date));
        // Of several published figures for the same days, the latest is compared.
        let beside = of_figure
            .iter()
            .position(|published| is_counted_by(figure, published, own))
            .map(|place| of_figure.remove(place));
        let row = |period, beside: Option<&PublishedFigure>| Row {
            figure,
            period,
            as_of: self.day(beside, published),
            published: beside.cloned(),
        };
        let others = of_figure.iter().map(|published| {
            let period = Period::from_code(published.period.into());
            let period = period.filter(|period| figure.allows(*period));
            // A published period that the figure can't be counted by gets a row of the
            // figure's own period.
            row(period.unwrap_or(own), Some(published))
        });
        std::iter::once(row(own, beside)).chain(others).collect()
    }

    /// Returns the as-of date: the requested one, that of the published figure, the latest of
    /// any figure that the area has published, so that a table is of one day, or today.
    fn day(&self, beside: Option<&PublishedFigure>, published: &[PublishedFigure]) -> NaiveDate {
        let any = published.iter().map(|published| published.as_of_date);
        self.as_of
            .or(beside.map(|published| published.as_of_date))
            .or(any.max())
            .unwrap_or(self.today)
    }
}

impl Row {
    /// Compares a value with the published figure. Figures of different days, or of a period
    /// that the figure can't be counted by, are not compared.
    pub(crate) fn compare(&self, value: i64) -> Comparison {
        let published = self.published.as_ref().filter(|published| {
            published.as_of_date == self.as_of && is_counted_by(self.figure, published, self.period)
        });
        match published {
            None => Comparison::Nothing,
            Some(published)
                if value == published.value
                    || (published.bound == AT_LEAST && value > published.value) =>
            {
                Comparison::Met
            }
            Some(_) => Comparison::Missed,
        }
    }
}

/// Returns true if a published figure covers the same days as a period.
fn is_counted_by(figure: &Figure, published: &PublishedFigure, period: Period) -> bool {
    Period::from_code(published.period.into())
        .is_some_and(|own| figure.allows(own) && own.covers_the_same(period))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::by_name;
    use uuid::Uuid;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn published(key: &str, period: Period, value: i64, as_of: &str) -> PublishedFigure {
        PublishedFigure {
            id: Uuid::now_v7(),
            area_code: "320402003005".to_owned(),
            figure_key: key.to_owned(),
            value,
            bound: 1,
            period: period as i16,
            as_of_date: day(as_of),
            revision: 1,
        }
    }

    fn rows(key: &str, published: &[PublishedFigure]) -> Vec<Row> {
        let question = Question {
            as_of: None,
            period: None,
            today: day("2022-07-28"),
        };
        question.rows(by_name(key).expect("a figure"), published)
    }

    #[test]
    fn what_was_published_never_decides_the_period() {
        let all = rows(
            "trainings",
            &[published("trainings", Period::PerYear, 7, "2022-06-30")],
        );
        let seen: Vec<_> = all
            .iter()
            .map(|row| (row.period, row.as_of, row.published.is_some()))
            .collect();
        let own = (Period::SinceRecordsBegan, day("2022-06-30"), false);
        assert_eq!(seen, [own, (Period::PerYear, day("2022-06-30"), true)]);
        assert_eq!(
            (all[0].compare(7), all[1].compare(7)),
            (Comparison::Nothing, Comparison::Met)
        );
    }

    #[test]
    fn a_period_without_a_first_day_stands_beside_another_one() {
        let all = rows(
            "trainings",
            &[published("trainings", Period::AsOf, 7, "2022-06-30")],
        );
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].compare(8), Comparison::Missed);
    }

    #[test]
    fn what_holds_on_a_day_is_not_compared_with_what_happened_in_a_year() {
        let all = rows(
            "volunteer_teams",
            &[published(
                "volunteer_teams",
                Period::YearToDate,
                3,
                "2022-06-30",
            )],
        );
        assert_eq!(all.len(), 2);
        assert_eq!(
            (all[1].period, all[1].compare(3)),
            (Period::AsOf, Comparison::Nothing)
        );
    }
}
