//! Projects volunteers' feed into the copies of projects. A deliberation uses them to
//! check that the projects it assigned have ended.

use futures::{FutureExt as _, future::BoxFuture};
use uuid::Uuid;
use wangge_api::{
    events::v1::{Event, event::Payload},
    refusal::Refusal,
};
use wangge_outbox::Projector;
use wangge_pg::{Tx, transaction::Failure};

use crate::store::copies::upsert_project;

/// Applies events of volunteers' feed; ignores all but those of projects.
#[derive(Debug)]
pub(crate) struct VolunteersProjector;

impl Projector for VolunteersProjector {
    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
        apply(tx, event).boxed()
    }
}

async fn apply(tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let Some(Payload::RecordChanged(record)) = &event.payload else {
        return Ok(());
    };
    if record.kind != "project" {
        return Ok(());
    }
    let id = Uuid::parse_str(&event.record_id)
        .map_err(|_| Refusal::field("record_id", "string.uuid", "must be a UUID"))?;
    // An event lists every state that the record has passed through; the last one is
    // its current state.
    let state = record.states.last().map_or("", |reached| &reached.state);
    upsert_project(tx, id, &record.area_code, state, event.revision).await?;
    Ok(())
}
