//! SQL statements of the address book.

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{StoreError, Tx, queue, transaction::Failure};

use super::write_in;
use crate::domain::address::{Address, AddressId};

/// Returns the entry with an id.
///
/// # Errors
/// Any database error.
pub async fn load_address(
    tx: &mut Tx,
    scope: &RecordScope,
    id: Uuid,
) -> Result<Option<Address>, StoreError> {
    Ok(sqlx::query_as!(
        Address,
        r#"select id as "id: AddressId", text, normalized_text, area_code, revision
           from address where id = $1 and area_code >= $2 and area_code < $3"#,
        id,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_optional(tx)
    .await?)
}

/// Returns the field whose value another entry, in scope or not, has already: the id, or
/// the text within its home ([`Area::home`](crate::domain::area::Area::home)).
///
/// # Errors
/// Any database error.
pub async fn taken_field(
    tx: &mut Tx,
    _scope: &RecordScope,
    address: &Address,
    home: &str,
) -> Result<Option<&'static str>, StoreError> {
    // Not limited to the scope: a value that is taken outside it is taken nevertheless.
    // True sorts last, so `desc` reports a duplicate id before a duplicate text.
    Ok(sqlx::query_scalar!(
        r#"select address.id = $1 as "id!" from address join area on area.code = area_code
           where address.id = $1 or normalized_text = $2
             and $3 = case area.kind when 4 then area.parent_code else area.code end
           order by 1 desc limit 1"#,
        address.id.0,
        address.normalized_text,
        home,
    )
    .fetch_optional(tx)
    .await?
    .map(|id| if id { "address.id" } else { "address.text" }))
}

/// Inserts an address.
///
/// # Errors
/// `RECORD_EXISTS` if its id, or its text within its home, is in use; any database error.
pub async fn insert_address(
    tx: &mut Tx,
    scope: &RecordScope,
    address: &Address,
    home: &str,
) -> Result<(), Failure> {
    write_in(scope, &address.area_code)?;
    // No unique index can enforce this: the home depends on a column of another table.
    queue::stand_in_line(tx, [&address.normalized_text]).await?;
    if let Some(field) = taken_field(tx, scope, address, home).await? {
        return Err(Refusal::exists("address", field).into());
    }
    // A unique violation would abort the transaction, and with it the other rows of an
    // import; `do nothing` doesn't.
    let inserted = sqlx::query!(
        "insert into address (id, text, normalized_text, area_code, revision) \
         values ($1, $2, $3, $4, $5) on conflict do nothing",
        address.id.0,
        address.text,
        address.normalized_text,
        address.area_code,
        address.revision,
    )
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 0 {
        let field = taken_field(tx, scope, address, home)
            .await?
            .unwrap_or("address.text");
        return Err(Refusal::exists("address", field).into());
    }
    Ok(())
}
