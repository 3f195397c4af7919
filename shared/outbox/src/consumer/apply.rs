//! Applying events: their effects and the place in the feed in one transaction.
//! What can't be applied is set aside; what can't be applied now is refused.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use prost::Message as _;
use tracing::Instrument as _;
use wangge_api::{
    events::v1::{Event, SubscribeResponse, WithheldCause, event::Payload},
    refusal::Refusal,
};
use wangge_pg::{Tx, transact, transaction::Failure};

use super::{
    Consumer, Projector,
    fault::{Fault, of_the_event},
    place,
};
use crate::applied;

/// How often an event is tried before it is set aside.
const TRIES: u32 = 5;

impl<P: Projector> Consumer<P> {
    /// Applies one message and returns the position behind it.
    ///
    /// # Errors
    /// What stands in the way for the moment.
    pub(super) async fn take(
        &self,
        before: String,
        message: SubscribeResponse,
    ) -> Result<String, Refusal> {
        let after = message.checkpoint_token;
        if after == before {
            return Ok(after);
        }
        let events = Arc::new(message.events);
        match self.apply(&before, &after, events.clone(), None).await {
            Ok(()) => {}
            Err(Fault::OfTheMoment(refusal)) => return Err(refusal),
            Err(Fault::OfTheEvent(_)) => self.apply_singly(before, &events, &after).await?,
        }
        self.projector.committed(&events).await;
        Ok(after)
    }

    /// Applies events one by one, since one of them can't be, and sets that
    /// one aside.
    async fn apply_singly(
        &self,
        mut before: String,
        events: &[Event],
        end: &str,
    ) -> Result<(), Refusal> {
        for event in events {
            let one = Arc::new(vec![event.clone()]);
            let mut tries = 1;
            loop {
                match self.apply(&before, &event.token, one.clone(), None).await {
                    Ok(()) => break,
                    Err(Fault::OfTheMoment(refusal)) => return Err(refusal),
                    Err(Fault::OfTheEvent(_)) if tries < TRIES => tries += 1,
                    Err(Fault::OfTheEvent(fault)) => {
                        tracing::error!(feed = self.service, event.id = event.event_id, error = %fault, "event set aside");
                        self.move_behind(&before, &event.token, one, Some(fault))
                            .await?;
                        break;
                    }
                }
            }
            before = event.token.clone();
        }
        self.move_behind(&before, end, Arc::default(), None).await
    }

    /// Moves on where nothing is applied: whatever goes wrong is of the moment.
    async fn move_behind(
        &self,
        before: &str,
        after: &str,
        events: Arc<Vec<Event>>,
        set_aside: Option<String>,
    ) -> Result<(), Refusal> {
        match self.apply(before, after, events, set_aside).await {
            Ok(()) => Ok(()),
            Err(Fault::OfTheMoment(refusal)) => Err(refusal),
            Err(Fault::OfTheEvent(fault)) => Err(Refusal::internal(&fault)),
        }
    }

    /// Applies events, or sets them aside for a reason, and moves the place on,
    /// all in one transaction.
    async fn apply(
        &self,
        before: &str,
        after: &str,
        events: Arc<Vec<Event>>,
        set_aside: Option<String>,
    ) -> Result<(), Fault> {
        let (service, now) = (self.service, self.clock.now());
        let (before, after) = (before.to_owned(), after.to_owned());
        let projector = self.projector.clone();
        let found = Arc::new(Mutex::new(None));
        let fault = found.clone();
        let applied = transact(&self.pool, &[], move |tx| {
            async move {
                place::claim(tx, service, &before).await?;
                for event in events.iter() {
                    if let Some(reason) = set_aside.as_deref().or(withheld(event)) {
                        keep_aside(tx, service, event, reason, now).await?;
                    } else if let Err(failure) = apply_one(&*projector, tx, service, event).await {
                        *fault.lock().unwrap_or_else(PoisonError::into_inner) =
                            of_the_event(&failure);
                        return Err(failure);
                    }
                }
                place::move_on(tx, service, &after, &events, now).await?;
                if !events.is_empty() {
                    applied::tell(tx, service).await?;
                }
                Ok(())
            }
            .boxed()
        })
        .await;
        let fault = found.lock().unwrap_or_else(PoisonError::into_inner).take();
        applied.map_err(|refusal| match fault {
            Some(fault) => Fault::OfTheEvent(fault),
            None => Fault::OfTheMoment(refusal),
        })
    }
}

/// Applies one event as part of the trace of the call that made it. A program
/// that panics over an event refuses it.
async fn apply_one<P: Projector>(
    projector: &P,
    tx: &mut Tx,
    service: &'static str,
    event: &Event,
) -> Result<(), Failure> {
    let span = if event.traceparent.is_empty() {
        tracing::Span::current()
    } else {
        let span = tracing::info_span!(
            parent: None,
            "apply",
            otel.kind = "consumer",
            messaging.system = "wangge",
            messaging.source.name = service,
            event.id = event.event_id,
        );
        wangge_telemetry::context::continue_from_stored(&span, &event.traceparent);
        span
    };
    let work = async {
        projector.apply(tx, event).await?;
        // What is checked at the end is checked for this event.
        sqlx::query("set constraints all immediate")
            .execute(tx)
            .await?;
        Ok(())
    };
    match AssertUnwindSafe(work.instrument(span)).catch_unwind().await {
        Ok(applied) => applied,
        Err(_) => Err(Refusal::internal(&"the program panicked over an event").into()),
    }
}

/// Why the owner can't send what happened, if it says so.
fn withheld(event: &Event) -> Option<&'static str> {
    let Some(Payload::PayloadWithheld(withheld)) = &event.payload else {
        return None;
    };
    Some(match withheld.cause() {
        WithheldCause::TooLarge => "withheld by its owner: larger than a message may be",
        WithheldCause::Unreadable => "withheld by its owner: stored in an unreadable form",
        WithheldCause::Unspecified => "withheld by its owner",
    })
}

async fn keep_aside(
    tx: &mut Tx,
    service: &str,
    event: &Event,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let event_id = uuid::Uuid::parse_str(&event.event_id).unwrap_or_default();
    sqlx::query(
        "insert into set_aside_event (service, event_id, token, record_id, revision, event, error, \
         set_aside_time) values ($1, $2, $3, $4, $5, $6, $7, $8) \
         on conflict on constraint set_aside_event_pkey do nothing",
    )
    .bind(service)
    .bind(event_id)
    .bind(&event.token)
    .bind(&event.record_id)
    .bind(event.revision)
    .bind(event.encode_to_vec())
    .bind(reason)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}
