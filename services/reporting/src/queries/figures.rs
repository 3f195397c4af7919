//! Figures with the records that they count. One query answers both, so that a
//! figure and its records can't differ.

use chrono::NaiveDate;
use futures::{TryStreamExt as _, stream::BoxStream};
use sqlx::PgExecutor;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_end, day_start};
use wangge_pg::StoreError;

use crate::{
    figures::{Figure, Plain, Query},
    period::Period,
};

/// A record that a figure counts.
#[derive(Debug)]
pub(crate) struct Counted {
    /// Its id.
    pub record_id: Uuid,
    /// Id of the record by which it is read.
    pub parent_id: Uuid,
    /// What it adds to the figure.
    pub amount: i64,
    /// The figure.
    pub figure: i64,
    /// How many records there are in all.
    pub count: i64,
}

/// The days that a figure covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// The first one, if the period has one.
    pub from: Option<NaiveDate>,
    /// The last one.
    pub as_of: NaiveDate,
}

impl Span {
    /// A period that ends on a day.
    pub(crate) fn of(period: Period, as_of: NaiveDate) -> Self {
        Self {
            from: period.first_day(as_of),
            as_of,
        }
    }
}

/// A figure of some areas in some days.
#[derive(Debug)]
pub(crate) struct Counting {
    /// The figure.
    pub figure: &'static Figure,
    /// The areas.
    pub scope: RecordScope,
    /// The days.
    pub span: Span,
}

/// Which records of a figure: those behind an id, at most so many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub after: Uuid,
    pub limit: i64,
}

impl Page {
    /// Every record.
    pub(crate) const ALL: Self = Self {
        after: Uuid::nil(),
        limit: i64::MAX,
    };
}

/// Returns the figure itself, and how many records are behind it.
pub(crate) async fn count<'e>(
    executor: impl PgExecutor<'e> + 'e,
    figure: &Figure,
    scope: &RecordScope,
    span: Span,
) -> Result<(i64, i64), StoreError> {
    let first = Page {
        after: Uuid::nil(),
        limit: 1,
    };
    let records = list(executor, figure, scope, span, first).await?;
    Ok(records
        .first()
        .map_or((0, 0), |record| (record.figure, record.count)))
}

/// A page of the records that the figure counts, by id.
pub(crate) async fn list<'e>(
    executor: impl PgExecutor<'e> + 'e,
    figure: &Figure,
    scope: &RecordScope,
    span: Span,
    page: Page,
) -> Result<Vec<Counted>, StoreError> {
    Ok(read(executor, figure, scope, span, page)
        .try_collect()
        .await?)
}

/// The same, one by one as they come: all of them need no room at a time.
pub(crate) fn read<'e>(
    executor: impl PgExecutor<'e> + 'e,
    figure: &Figure,
    scope: &RecordScope,
    span: Span,
    page: Page,
) -> BoxStream<'e, Result<Counted, sqlx::Error>> {
    let (from, until) = (scope.area_from(), scope.area_until());
    let Page { after, limit } = page;
    // Moments are counted up to the end of the day.
    let Span { from: first, as_of } = span;
    let begin = first.map(|day| day_start(day, DEFAULT_ZONE));
    let end = day_end(as_of, DEFAULT_ZONE);
    macro_rules! counted {
        ($file:literal, $($argument:expr),+) => {
            sqlx::query_file_as!(Counted, $file, from, until, $($argument),+).fetch(executor)
        };
    }
    match figure.query {
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
            matches!(figure.query, Query::Amounts(_))
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
        Query::Reached(plain) => counted!(
            "src/queries/figures/reached.sql",
            end,
            after,
            limit,
            figure.service,
            plain.kind,
            &texts(plain.codes),
            &texts(plain.states),
            begin
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
    }
}

fn texts(codes: &[&str]) -> Vec<String> {
    codes.iter().map(ToString::to_string).collect()
}
