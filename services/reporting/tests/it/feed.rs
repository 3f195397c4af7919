//! A fake feed with events and faults that a test chooses.

use std::{
    collections::HashSet,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{Stream, stream};
use tonic::{Request, Response, Status};
use wangge_api::events::v1::{
    Event, ListEventsRequest, ListEventsResponse, SubscribeRequest, SubscribeResponse,
    server::feed_service_server::{FeedService, FeedServiceServer},
};
use wangge_pg::Database;
use wangge_server::Service;

/// Maximum number of events in a message.
const CHUNK: usize = 4;

/// The fake feed; clones share it. The token after event `n` is `n`.
#[derive(Debug, Clone, Default)]
pub(crate) struct WrittenFeed(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    events: Vec<Event>,
    /// Numbers of events after which the stream breaks, once each.
    breaks: HashSet<usize>,
    /// Number of subscriptions that start from the beginning, whatever their token.
    forgetful: usize,
    /// Tokens of all subscriptions.
    asked: Vec<String>,
}

impl WrittenFeed {
    pub(crate) fn service(&self, database: &Database) -> Service {
        Service::on(database.calls.clone()).with(FeedServiceServer::new(self.clone()))
    }

    pub(crate) fn tell(&self, event: Event) {
        self.tell_all([event]);
    }

    /// Appends events that are available to readers at once.
    pub(crate) fn tell_all(&self, events: impl IntoIterator<Item = Event>) {
        let mut state = self.0.lock().unwrap();
        for event in events {
            let token = (state.events.len() + 1).to_string();
            state.events.push(Event { token, ..event });
        }
    }

    /// Makes the stream break once after `count` events.
    pub(crate) fn break_behind(&self, count: usize) {
        self.0.lock().unwrap().breaks.insert(count);
    }

    /// Makes the next `count` subscriptions start from the beginning.
    pub(crate) fn forget(&self, count: usize) {
        self.0.lock().unwrap().forgetful = count;
    }

    /// Returns the tokens of all subscriptions so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }

    /// Returns the token after the last event; empty if there is none.
    pub(crate) fn end(&self) -> String {
        let count = self.0.lock().unwrap().events.len();
        if count == 0 {
            String::new()
        } else {
            count.to_string()
        }
    }

    /// Returns the next message after a position, if there is one, or the stream's error.
    fn next(&self, at: usize) -> Option<Result<SubscribeResponse, Status>> {
        let mut state = self.0.lock().unwrap();
        if state.breaks.remove(&at) {
            return Some(Err(Status::unavailable("broken on purpose")));
        }
        let mut end = (at + CHUNK).min(state.events.len());
        if let Some(nearer) = state
            .breaks
            .iter()
            .copied()
            .filter(|&b| b > at && b < end)
            .min()
        {
            end = nearer;
        }
        (end > at).then(|| {
            Ok(SubscribeResponse {
                events: state.events[at..end].to_vec(),
                checkpoint_token: end.to_string(),
                sent_time: None,
            })
        })
    }
}

#[tonic::async_trait]
impl FeedService for WrittenFeed {
    type SubscribeStream = Pin<Box<dyn Stream<Item = Result<SubscribeResponse, Status>> + Send>>;

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let token = request.into_inner().after_token;
        let mut at = token.parse().unwrap_or_default();
        {
            let mut state = self.0.lock().unwrap();
            state.asked.push(token);
            if state.forgetful > 0 {
                state.forgetful -= 1;
                at = 0;
            }
        }
        let messages = stream::unfold((self.clone(), Some(at)), |(feed, at)| async move {
            let at = at?;
            loop {
                match feed.next(at) {
                    Some(Ok(message)) => {
                        let at = message.checkpoint_token.parse().unwrap();
                        return Some((Ok(message), (feed, Some(at))));
                    }
                    Some(Err(status)) => return Some((Err(status), (feed, None))),
                    None => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        });
        Ok(Response::new(Box::pin(messages)))
    }

    async fn list_events(
        &self,
        _: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        Err(Status::unimplemented("no consumer lists changes"))
    }
}
