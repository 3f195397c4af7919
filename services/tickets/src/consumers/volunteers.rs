//! Consumer of volunteers' feed: maintains the copies of projects. A deliberation reads
//! their states to check that the projects it assigned have ended.

use futures::{FutureExt as _, future::BoxFuture};
use uuid::Uuid;
use wangge_api::{
    events::v1::{Event, event::Payload},
    refusal::{Refusal, Rule},
};
use wangge_outbox::Projector;
use wangge_pg::{Tx, transaction::Failure};

use crate::store::copies::upsert_project;

/// Applies the project events of volunteers' feed and ignores all others.
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
        .map_err(|_| Refusal::field("record_id", Rule::StringUuid, "must be a UUID"))?;
    let state = record.states.last().map_or("", |reached| &reached.state);
    upsert_project(tx, id, &record.area_code, state, event.revision).await?;
    Ok(())
}
