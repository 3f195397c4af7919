//! Figures with the records that they count. One query answers both, so that a
//! figure and its records can't differ.

use chrono::NaiveDate;
use sqlx::PgPool;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_end};
use wangge_pg::StoreError;

use crate::figures::FigureKey;

/// Numbers of posts in organization's contract.
const GROUP_LEADER: i16 = 2;
const CENTRE_HOUSEHOLD_HEAD: i16 = 3;
const FULL_TIME_GRID_WORKER: i16 = 4;
const PART_TIME_GRID_WORKER: i16 = 5;

/// A record that a figure counts.
#[derive(Debug)]
pub(crate) struct Counted {
    /// Its id.
    pub record_id: Uuid,
    /// Id of the record by which it is read.
    pub parent_id: Uuid,
    /// How many records the figure counts in all.
    pub total: i64,
}

/// Which records of a figure: those behind an id, at most so many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub after: Uuid,
    pub limit: i64,
}

/// The figure itself.
pub(crate) async fn count(
    pool: &PgPool,
    key: FigureKey,
    scope: &RecordScope,
    as_of: NaiveDate,
) -> Result<i64, StoreError> {
    let first = Page {
        after: Uuid::nil(),
        limit: 1,
    };
    let records = list(pool, key, scope, as_of, first).await?;
    Ok(records.first().map_or(0, |record| record.total))
}

/// A page of the records that the figure counts, by id.
pub(crate) async fn list(
    pool: &PgPool,
    key: FigureKey,
    scope: &RecordScope,
    as_of: NaiveDate,
    page: Page,
) -> Result<Vec<Counted>, StoreError> {
    let (from, until) = (scope.area_from(), scope.area_until());
    let Page { after, limit } = page;
    let post = match key {
        FigureKey::ResponsesStarted => {
            let end = day_end(as_of, DEFAULT_ZONE);
            return Ok(sqlx::query_file_as!(
                Counted,
                "src/queries/figures/responses_started.sql",
                from,
                until,
                end,
                after,
                limit
            )
            .fetch_all(pool)
            .await?);
        }
        FigureKey::OfficialCheckIns => {
            let end = day_end(as_of, DEFAULT_ZONE);
            return Ok(sqlx::query_file_as!(
                Counted,
                "src/queries/figures/official_check_ins.sql",
                from,
                until,
                end,
                after,
                limit
            )
            .fetch_all(pool)
            .await?);
        }
        FigureKey::GridBranches => {
            return Ok(sqlx::query_file_as!(
                Counted,
                "src/queries/figures/grid_branches.sql",
                from,
                until,
                as_of,
                after,
                limit
            )
            .fetch_all(pool)
            .await?);
        }
        FigureKey::GroupLeaders => GROUP_LEADER,
        FigureKey::CentreHouseholdHeads => CENTRE_HOUSEHOLD_HEAD,
        FigureKey::FullTimeGridWorkers => FULL_TIME_GRID_WORKER,
        FigureKey::PartTimeGridWorkers => PART_TIME_GRID_WORKER,
    };
    Ok(sqlx::query_file_as!(
        Counted,
        "src/queries/figures/people_in_post.sql",
        from,
        until,
        as_of,
        after,
        limit,
        post
    )
    .fetch_all(pool)
    .await?)
}
