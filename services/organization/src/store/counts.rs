//! Counts and gaps that are read from several records at once.

use chrono::NaiveDate;
use sqlx::PgPool;
use wangge_auth::RecordScope;
use wangge_pg::StoreError;

/// How many residents of a grid need one thing.
#[derive(Debug, Clone)]
pub struct NeedCount {
    /// Code of the grid.
    pub area_code: String,
    /// Number of what is needed.
    pub kind: i16,
    /// Residents with such a tag.
    pub residents: i64,
    /// Their households.
    pub households: i64,
}

/// Needs on a day by grid and kind, behind a grid and kind. At most `limit`.
///
/// # Errors
/// What the database says.
pub async fn count_needs(
    pool: &PgPool,
    scope: &RecordScope,
    on: NaiveDate,
    after: (String, i16),
    limit: i64,
) -> Result<Vec<NeedCount>, StoreError> {
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

/// A post in a grid that nobody holds.
#[derive(Debug, Clone)]
pub struct Vacancy {
    /// Code of the grid.
    pub area_code: String,
    /// Number of the post.
    pub post: i16,
}

/// Of `posts`, which every grid has, those that nobody holds on a day, behind a
/// grid and post. At most `limit`.
///
/// # Errors
/// What the database says.
pub async fn list_vacancies(
    pool: &PgPool,
    scope: &RecordScope,
    posts: &[i16],
    on: NaiveDate,
    after: (String, i16),
    limit: i64,
) -> Result<Vec<Vacancy>, StoreError> {
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
