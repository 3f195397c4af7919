//! Projection of the volunteers service's feed: check-in visits and plain records.

use futures::{FutureExt as _, future::BoxFuture};
use wangge_api::{
    date,
    events::v1::{Event, event::Payload},
    refusal::{Refusal, Rule},
};
use wangge_outbox::Projector;
use wangge_pg::{Tx, transaction::Failure};

use super::{code, id, is_news, records};
use crate::store::volunteers::{CheckInVisit, upsert_visit};

/// Applies the events of the volunteers service.
#[derive(Debug)]
pub(crate) struct VolunteersProjector;

impl Projector for VolunteersProjector {
    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
        apply(tx, event).boxed()
    }
}

async fn apply(tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    // Checked first, in the same transaction: a feed that is read again repeats its events, and
    // an older revision must not overwrite a newer one.
    if !is_news(tx, event).await? {
        return Ok(());
    }
    match &event.payload {
        Some(Payload::CheckInVisitChanged(visit)) => {
            let time = visit.visit_time.as_ref();
            let time =
                time.ok_or_else(|| Refusal::field("visit_time", Rule::Required, "is required"))?;
            let visit = CheckInVisit {
                id: id(&visit.check_in_visit_id)?,
                person_id: id(&visit.person_id)?,
                area_code: visit.area_code.clone(),
                visit_time: date::moment(time, "visit_time")?,
                state: code(visit.state),
            };
            upsert_visit(tx, &visit).await?;
        }
        Some(Payload::RecordChanged(record)) => {
            records::apply(tx, "volunteers", event, record).await?;
        }
        // Events that no figure needs are ignored, as are those of newer releases.
        _ => {}
    }
    Ok(())
}
