//! SQL statements of people.

use sqlx::PgExecutor;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{Lanes, StoreError, Tx, transaction::Failure};
use wangge_record::ResolvedReference;
use wangge_record_store::{Filter, Listing};

use super::{Entered, write_in};
use crate::domain::person::{Person, PersonId};

/// Order of lists of people: that of entry.
const LISTING: Listing = Listing {
    is_ascending: true,
    ..Listing::of("person")
};

/// Returns the person with an id.
///
/// # Errors
/// Any database error.
pub async fn load_person(
    executor: impl PgExecutor<'_>,
    scope: &RecordScope,
    id: Uuid,
) -> Result<Option<Person>, StoreError> {
    Ok(sqlx::query_as!(
        Person,
        r#"select id as "id: PersonId", name, area_code, revision
           from person where id = $1 and area_code >= $2 and area_code < $3"#,
        id,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_optional(executor)
    .await?)
}

/// Returns the people in scope after an entry, in the order of entry. At most `limit`.
///
/// # Errors
/// Any database error.
pub async fn list_people(
    lanes: &Lanes,
    scope: &RecordScope,
    after: i64,
    limit: i64,
) -> Result<Vec<Entered<Person>>, StoreError> {
    let filter = Filter {
        behind: Some(vec![after.to_string()]),
        limit,
        ..Filter::default()
    };
    // Two statements: the first reads the page's keys from an index in order, the second
    // their rows, which `any` returns in no particular order.
    let entries: Vec<i64> = LISTING.names(lanes, scope, &filter).await?;
    let lane = lanes.take().await?;
    let mut rows = lane
        .run(async |lane| {
            sqlx::query!(
                r#"select entry, id as "id: PersonId", name, area_code, revision
                   from person where entry = any($1)"#,
                &entries,
            )
            .fetch_all(lane)
            .await
        })
        .await?;
    rows.sort_unstable_by_key(|row| row.entry);
    Ok(rows
        .into_iter()
        .map(|row| Entered {
            entry: row.entry,
            record: Person {
                id: row.id,
                name: row.name,
                area_code: row.area_code,
                revision: row.revision,
            },
        })
        .collect())
}

/// Returns the field whose value another person, in scope or not, has already: its id.
///
/// # Errors
/// Any database error.
pub async fn taken_field(
    tx: &mut Tx,
    _scope: &RecordScope,
    person: &Person,
) -> Result<Option<&'static str>, StoreError> {
    Ok(
        sqlx::query_scalar!(r#"select id from person where id = $1"#, person.id.0)
            .fetch_optional(tx)
            .await?
            .map(|_| "person.id"),
    )
}

/// Inserts a person.
///
/// # Errors
/// `RECORD_EXISTS` if the id is in use; any database error.
pub async fn insert_person(
    tx: &mut Tx,
    scope: &RecordScope,
    person: &Person,
) -> Result<(), Failure> {
    write_in(scope, &person.area_code)?;
    // A unique violation would abort the transaction, and with it the other rows of an
    // import; `do nothing` doesn't.
    let inserted = sqlx::query!(
        "insert into person (id, name, area_code, revision) values ($1, $2, $3, $4) \
         on conflict do nothing",
        person.id.0,
        person.name,
        person.area_code,
        person.revision,
    )
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 0 {
        let field = taken_field(tx, scope, person).await?.unwrap_or("person.id");
        return Err(Refusal::exists("person", field).into());
    }
    Ok(())
}

/// Returns the people in scope among some ids.
///
/// # Errors
/// Any database error.
pub async fn find_people(
    tx: &mut Tx,
    scope: &RecordScope,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, ResolvedReference)>, StoreError> {
    let found = sqlx::query!(
        "select id, area_code from person
         where id = any($1) and area_code >= $2 and area_code < $3",
        ids,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_all(tx)
    .await?;
    Ok(found
        .into_iter()
        .map(|row| (row.id, ResolvedReference::plain(row.area_code)))
        .collect())
}
