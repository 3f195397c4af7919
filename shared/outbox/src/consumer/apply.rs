//! Applies events: their effects and the new position in one transaction. An event
//! that can never be applied goes to the dead-letter table; a temporary failure is
//! returned as an error.

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

/// Number of attempts before an event goes to the dead-letter table.
const MAX_ATTEMPTS: u32 = 5;

impl<P: Projector> Consumer<P> {
    /// Applies one message and returns the position after it.
    ///
    /// # Errors
    /// Returns the temporary failure that prevents it.
    pub(super) async fn take(
        &self,
        before: String,
        message: SubscribeResponse,
    ) -> Result<String, Refusal> {
        let after = message.checkpoint_token;
        // An unchanged checkpoint has nothing to store.
        if after == before {
            return Ok(after);
        }
        let events = Arc::new(message.events);
        // All events in one transaction first, since that is the common case.
        match self.apply(&before, &after, events.clone(), None).await {
            Ok(()) => {}
            Err(Fault::OfTheMoment(refusal)) => return Err(refusal),
            Err(Fault::OfTheEvent(_)) => self.apply_singly(before, &events, &after).await?,
        }
        self.projector.committed(&events).await;
        Ok(after)
    }

    /// Applies events one by one, since one of them can't be applied, and moves
    /// that one to the dead-letter table.
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
                    // The events before this one are committed, so the next attempt
                    // resumes here.
                    Err(Fault::OfTheMoment(refusal)) => return Err(refusal),
                    Err(Fault::OfTheEvent(_)) if tries < MAX_ATTEMPTS => tries += 1,
                    Err(Fault::OfTheEvent(fault)) => {
                        tracing::error!(feed = self.service, event.id = event.event_id, error = %fault, "event moved to the dead-letter table");
                        self.move_behind(&before, &event.token, one, Some(fault))
                            .await?;
                        break;
                    }
                }
            }
            before = event.token.clone();
        }
        // The message's checkpoint can be beyond its last event.
        self.move_behind(&before, end, Arc::default(), None).await
    }

    /// Moves the position without applying anything; any failure is temporary.
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

    /// Applies events, or stores them as dead letters with a reason, and moves the
    /// position, all in one transaction.
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
        // `transact` returns only the refusal, so the classification of the failure
        // leaves the closure through this cell.
        let found = Arc::new(Mutex::new(None));
        let fault = found.clone();
        let applied = transact(&self.pool, &[], move |tx| {
            async move {
                place::claim(tx, service, &before).await?;
                for event in events.iter() {
                    if let Some(reason) = set_aside.as_deref().or(withheld(event)) {
                        keep_aside(tx, service, event, reason, now).await?;
                        // Only failures of the projector can be the event's fault;
                        // those of our own statements are temporary.
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

/// Applies one event, in the trace of the call that caused it. A panic of the
/// projector counts as a refusal of the event.
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
        // Deferred constraints are checked now, so that a violation is attributed
        // to this event and not to the commit of the whole message.
        sqlx::query("set constraints all immediate")
            .execute(tx)
            .await?;
        Ok(())
    };
    match AssertUnwindSafe(work.instrument(span)).catch_unwind().await {
        Ok(applied) => applied,
        Err(_) => Err(Refusal::internal(&"panic while applying an event").into()),
    }
}

/// Returns the reason why the owner withholds the payload, if it does.
fn withheld(event: &Event) -> Option<&'static str> {
    let Some(Payload::PayloadWithheld(withheld)) = &event.payload else {
        return None;
    };
    Some(match withheld.cause() {
        WithheldCause::TooLarge => "withheld by its owner: larger than the maximum message size",
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
    // A malformed id is stored as nil: a dead letter must not fail to be stored.
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
