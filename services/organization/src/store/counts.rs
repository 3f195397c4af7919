//! Counts and vacancies that are computed from several kinds of records.

use chrono::NaiveDate;
use sqlx::PgPool;
use wangge_auth::RecordScope;
use wangge_pg::StoreError;

/// The number of residents of a grid that have a need of one kind.
#[derive(Debug, Clone)]
pub struct NeedCount {
    /// Code of the grid.
    pub area_code: String,
    /// Contract number of the kind of need.
    pub kind: i16,
    /// Number of residents with such a tag.
    pub residents: i64,
    /// Number of households of these residents.
    pub households: i64,
}

/// Returns the needs on a day by grid and kind, after a grid and kind. At most `limit`.
///
/// # Errors
/// Any database error.
pub async fn count_needs(
    pool: &PgPool,
    scope: &RecordScope,
    on: NaiveDate,
    after: (String, i16),
    limit: i64,
) -> Result<Vec<NeedCount>, StoreError> {
    // The end of a resident doesn't write to the tags, so that the resident's own days
    // are checked as well. One resident may have had several tags of a kind.
    Ok(sqlx::query_as!(
        NeedCount,
        r#"select need_tag.area_code, kind, count(distinct resident.id) as "residents!",
                  count(distinct household_id) as "households!"
           from need_tag join resident on resident.id = resident_id
           where need_tag.area_code >= $1 and need_tag.area_code < $2
             and need_tag.start_date <= $3
             and (need_tag.end_date is null or need_tag.end_date > $3)
             and resident.start_date <= $3
             and (resident.end_date is null or resident.end_date > $3)
             and (need_tag.area_code, kind) > ($4, $5)
           group by need_tag.area_code, kind
           order by need_tag.area_code, kind
           limit $6"#,
        scope.area_from(),
        scope.area_until(),
        on,
        after.0,
        after.1,
        limit,
    )
    .fetch_all(pool)
    .await?)
}

/// A post of a grid that nobody holds.
#[derive(Debug, Clone)]
pub struct Vacancy {
    /// Code of the grid.
    pub area_code: String,
    /// Contract number of the post.
    pub post: i16,
}

/// Returns those of `posts`, which every grid must have, that nobody holds on a day, after
/// a grid and post. At most `limit`.
///
/// # Errors
/// Any database error.
pub async fn list_vacancies(
    pool: &PgPool,
    scope: &RecordScope,
    posts: &[i16],
    on: NaiveDate,
    after: (String, i16),
    limit: i64,
) -> Result<Vec<Vacancy>, StoreError> {
    // Vacancies aren't stored: they appear and end by date alone, without any write.
    Ok(sqlx::query_as!(
        Vacancy,
        r#"select area.code as area_code, wanted.post as "post!"
           from area cross join unnest($3::smallint[]) as wanted (post)
           where area.code >= $1 and area.code < $2 and area.kind = 4
             and area.start_date <= $4 and (area.end_date is null or area.end_date > $4)
             and (area.code, wanted.post) > ($5, $6)
             and not exists (
                 select from appointment held
                 where held.area_code = area.code and held.post = wanted.post
                   and held.unit_id is null and held.start_date <= $4
                   and (held.end_date is null or held.end_date > $4)
             )
           order by area.code, wanted.post
           limit $7"#,
        scope.area_from(),
        scope.area_until(),
        posts,
        on,
        after.0,
        after.1,
        limit,
    )
    .fetch_all(pool)
    .await?)
}
