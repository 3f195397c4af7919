//! Queries that compute figures and list their records. What happened is counted by counters
//! that database triggers maintain (`fact_count`), everything else by the query that lists
//! the records, so that a figure and its records can't differ.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_end, day_start};
use wangge_pg::{StoreError, Tx};

use crate::{
    figures::{Figure, Plain, Query},
    period::Period,
};

/// A record that a figure counts.
#[derive(Debug)]
pub(crate) struct Counted {
    /// Area that the list is sorted by before the id; empty if it is sorted by id alone.
    pub area_code: String,
    /// Id of the record.
    pub record_id: Uuid,
    /// Id of the record to fetch it by.
    pub parent_id: Uuid,
    /// The amount that it adds to the figure.
    pub amount: i64,
    /// The figure, unless counters provide it.
    figure: Option<i64>,
    /// Total number of records, unless counters provide it.
    count: Option<i64>,
}

impl Counted {
    /// Returns its position in the list, after which the next page starts.
    pub(crate) fn place(&self) -> (String, Uuid) {
        (self.area_code.clone(), self.record_id)
    }
}

/// A figure, and the number of records behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Value of the figure.
    pub figure: i64,
    /// Number of records that it counts.
    pub count: i64,
}

/// The days that a figure covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// First day, if the period has one.
    pub from: Option<NaiveDate>,
    /// Last day, which is included.
    pub as_of: NaiveDate,
}

impl Span {
    /// Returns the days of a period that ends on `as_of`.
    pub(crate) fn of(period: Period, as_of: NaiveDate) -> Self {
        Self {
            from: period.first_day(as_of),
            as_of,
        }
    }
}

/// A figure, with the areas and days to count it for.
#[derive(Debug, Clone)]
pub(crate) struct Counting {
    pub figure: &'static Figure,
    pub scope: RecordScope,
    pub span: Span,
}

/// Paging of the records of a figure.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    /// Area and id of the last record of the previous page.
    pub after: (String, Uuid),
    /// Maximum number of records.
    pub limit: i64,
}

/// Computes a figure. What happened is summed up from daily counters; what holds on a day is
/// counted record by record.
pub(crate) async fn count(
    tx: &mut Tx,
    figure: &Figure,
    scope: &RecordScope,
    span: Span,
) -> Result<Count, StoreError> {
    let (from, until) = (scope.area_from(), scope.area_until());
    let Span { from: first, as_of } = span;
    let counted = match figure.query {
        // A sum over days: its cost doesn't grow with the number of records.
        Query::Begun(plain) | Query::Amounts(plain) => {
            sqlx::query_file_as!(
                Count,
                "src/queries/figures/begun_count.sql",
                from,
                until,
                as_of,
                figure.service,
                plain.kind,
                &texts(plain.codes),
                &texts(plain.states),
                first,
                matches!(figure.query, Query::Amounts(_))
            )
            .fetch_one(tx)
            .await?
        }
        Query::Reached(plain, state) => {
            sqlx::query_file_as!(
                Count,
                "src/queries/figures/reached_count.sql",
                from,
                until,
                as_of,
                figure.service,
                plain.kind,
                &texts(plain.codes),
                state,
                first
            )
            .fetch_one(tx)
            .await?
        }
        _ => {
            // These queries return the totals with each row, so one row is enough.
            let first = Page {
                limit: 1,
                ..Page::default()
            };
            let records = list(tx, figure, scope, span, &first).await?;
            let counted = records.first().map(|record| Count {
                figure: record.figure.unwrap_or_default(),
                count: record.count.unwrap_or_default(),
            });
            counted.unwrap_or_default()
        }
    };
    Ok(counted)
}

/// Returns a page of the records that a figure counts, sorted by area and id, or by id alone
/// if they are subjects.
pub(crate) async fn list(
    tx: &mut Tx,
    figure: &Figure,
    scope: &RecordScope,
    span: Span,
    page: &Page,
) -> Result<Vec<Counted>, StoreError> {
    let (from, until) = (scope.area_from(), scope.area_until());
    let (after_area, after) = (page.after.0.as_str(), page.after.1);
    let limit = page.limit;
    // Times are counted up to the end of the last day in the platform's zone. The bounds are
    // computed here and not in SQL, so that the server's time zone has no effect.
    let Span { from: first, as_of } = span;
    let begin = first.map(|day| day_start(day, DEFAULT_ZONE));
    let end = day_end(as_of, DEFAULT_ZONE);
    macro_rules! counted {
        ($file:literal, $($argument:expr),+) => {
            sqlx::query_file_as!(Counted, $file, from, until, $($argument),+).fetch_all(tx).await?
        };
    }
    let records = match figure.query {
        Query::ResponsesStarted => {
            counted!(
                "src/queries/figures/responses_started.sql",
                end,
                after,
                limit,
                begin
            )
        }
        Query::OfficialCheckIns => {
            counted!(
                "src/queries/figures/official_check_ins.sql",
                end,
                after,
                limit,
                begin
            )
        }
        Query::GridBranches => {
            counted!("src/queries/figures/grid_branches.sql", as_of, after, limit)
        }
        Query::PeopleInPost(post) => {
            counted!(
                "src/queries/figures/people_in_post.sql",
                as_of,
                after,
                limit,
                post
            )
        }
        Query::Records(Plain { kind, codes, .. }) => counted!(
            "src/queries/figures/records_that_hold.sql",
            as_of,
            after,
            limit,
            figure.service,
            kind,
            &texts(codes)
        ),
        Query::Begun(plain) | Query::Amounts(plain) => counted!(
            "src/queries/figures/begun.sql",
            as_of,
            after,
            limit,
            figure.service,
            plain.kind,
            &texts(plain.codes),
            &texts(plain.states),
            first,
            end,
            matches!(figure.query, Query::Amounts(_)),
            after_area
        ),
        Query::SubjectsBegun(plain) => counted!(
            "src/queries/figures/subjects_begun.sql",
            as_of,
            after,
            limit,
            figure.service,
            plain.kind,
            &texts(plain.codes),
            &texts(plain.states),
            first,
            end
        ),
        Query::Reached(plain, state) => counted!(
            "src/queries/figures/reached.sql",
            end,
            after,
            limit,
            figure.service,
            plain.kind,
            &texts(plain.codes),
            state,
            begin,
            after_area
        ),
        Query::Subjects(Plain { kind, codes, .. }) => counted!(
            "src/queries/figures/subjects_that_hold.sql",
            as_of,
            after,
            limit,
            figure.service,
            kind,
            &texts(codes)
        ),
    };
    Ok(records)
}

fn texts(codes: &[&str]) -> Vec<String> {
    codes.iter().map(ToString::to_string).collect()
}
