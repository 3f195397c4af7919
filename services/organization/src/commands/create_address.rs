//! Creates an entry of the address book.

use futures::FutureExt as _;
use wangge_api::refusal::Refusal;
use wangge_pg::{Tx, request, transaction::Failure};

use super::{CallContext, references::References};
use crate::{
    App,
    domain::address::{Address, AddressDraft},
    events::{self, Origin},
    store::address as store,
};

/// Creates an address, or returns the one that an earlier attempt of the same request created.
///
/// # Errors
/// `FIELD_INVALID`, `REFERENCE_UNKNOWN`, `RECORD_EXISTS`, `REQUEST_ID_REUSED`.
pub async fn create_address(
    app: &App,
    call: CallContext,
    draft: AddressDraft,
) -> Result<Address, Refusal> {
    let address = draft.check()?;
    let now = app.clock.now();
    let created = app
        .change(move |tx| {
            async move {
                // Claimed before the insert: a retry must not conflict with the address of its
                // own first attempt.
                if let Some(id) = request::claim(tx, &call.key, address.id.0, 1, now).await? {
                    let earlier = store::load_address(tx, &call.scope, id).await?;
                    return Ok(earlier.ok_or_else(|| Refusal::not_found("address", id))?);
                }
                let mut references = References::new(call.scope);
                let home = check(tx, &mut references, &address).await?;
                save(tx, &references, &address, &home, Origin::call(now)).await?;
                Ok(address)
            }
            .boxed()
        })
        .await?;
    // After the commit, or a rebuild of the index could miss the new row.
    app.places.changed();
    Ok(created)
}

/// Checks that the area exists. Returns its home: the area, usually a community, within
/// which the same text names one area only.
///
/// # Errors
/// `REFERENCE_UNKNOWN`.
pub async fn check(
    tx: &mut Tx,
    references: &mut References,
    address: &Address,
) -> Result<String, Failure> {
    let code = &address.area_code;
    references.home(tx, code, "address.area_code").await
}

/// Inserts an address and appends its event.
///
/// # Errors
/// `RECORD_EXISTS`.
pub async fn save(
    tx: &mut Tx,
    references: &References,
    address: &Address,
    home: &str,
    origin: Origin,
) -> Result<(), Failure> {
    store::insert_address(tx, references.scope(), address, home).await?;
    wangge_outbox::append(tx, &events::address_changed(address, origin)).await
}
