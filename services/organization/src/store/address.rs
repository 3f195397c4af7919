//! The address book in the database.

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{StoreError, Tx, transaction::Failure};

use super::write_in;
use crate::domain::address::{Address, AddressId};

/// The entry with an id.
///
/// # Errors
/// What the database says.
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

/// Which field of an entry another one has already, in scope or not.
///
/// # Errors
/// What the database says.
pub async fn taken_field(
    tx: &mut Tx,
    _scope: &RecordScope,
    address: &Address,
) -> Result<Option<&'static str>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select id = $1 as "id!" from address where id = $1 or normalized_text = $2
           order by 1 desc limit 1"#,
        address.id.0,
        address.normalized_text,
    )
    .fetch_optional(tx)
    .await?
    .map(|id| if id { "address.id" } else { "address.text" }))
}

/// Enters an address.
///
/// # Errors
/// `RECORD_EXISTS` if its id or words are in use; what the database says.
pub async fn insert_address(
    tx: &mut Tx,
    scope: &RecordScope,
    address: &Address,
) -> Result<(), Failure> {
    write_in(scope, &address.area_code)?;
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
        let field = taken_field(tx, scope, address)
            .await?
            .unwrap_or("address.text");
        return Err(Refusal::exists("address", field).into());
    }
    Ok(())
}
