//! Changes a unit's name or end date.

use futures::FutureExt as _;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::request;
use wangge_records::etag;

use super::Call;
use crate::{
    App,
    domain::unit::{Unit, UnitChange},
    events::{self, Origin},
    store::unit as store,
};

/// Changes the unit with an id; a repeated request answers it as it stands
/// now.
///
/// # Errors
/// `FIELD_INVALID`, `RECORD_NOT_FOUND`, `ETAG_MISMATCH`, `REQUEST_ID_REUSED`.
pub async fn update_unit(
    app: &App,
    call: Call,
    id: Uuid,
    etag: String,
    change: UnitChange,
) -> Result<Unit, Refusal> {
    let now = app.clock.now();
    app.change(move |tx| {
        async move {
            let unit = store::lock_unit(tx, &call.scope, id)
                .await?
                .ok_or_else(|| Refusal::not_found("unit", id))?;
            let revision = unit.revision + 1;
            if request::claim(tx, &call.key, id, revision, now)
                .await?
                .is_some()
            {
                return Ok(unit);
            }
            etag::check(&etag, unit.revision, "unit")?;
            let changed = unit.change(change)?;
            store::update_unit(tx, &call.scope, &changed).await?;
            let event = events::unit_changed(&changed, Origin::call(now));
            wangge_outbox::append(tx, &event).await?;
            Ok(changed)
        }
        .boxed()
    })
    .await
}
