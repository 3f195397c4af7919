//! What the verbs on a ticket have in common: the fields of their requests, and how their
//! acts are applied. Which acts a verb stands for is decided by its handler.

use prost::Message;
use tonic::{Request, Response, Status};
use uuid::Uuid;
use wangge_api::{refusal::Refusal, tickets::v1 as wire};
use wangge_auth::{Caller, RecordScope};
use wangge_pg::request::RequestKey;

use super::Tickets;
use crate::{
    api::{id, messages},
    commands::act_on_ticket::{Target, act_on_ticket},
    domain::{act::Act, ticket::Ticket},
};

/// Fields that the requests of all verbs have.
pub(super) trait Verb: Message {
    /// Part of the request's fingerprint: two verbs' messages can be encoded alike.
    const METHOD: &'static str;
    fn request_id(&self) -> &str;
    fn ticket_id(&self) -> &str;
    fn etag(&self) -> &str;
}

macro_rules! verbs {
    ($($message:ident => $method:literal,)+) => {$(
        impl Verb for wire::$message {
            const METHOD: &'static str = $method;
            fn request_id(&self) -> &str { &self.request_id }
            fn ticket_id(&self) -> &str { &self.ticket_id }
            fn etag(&self) -> &str { &self.etag }
        }
    )+};
}

verbs! {
    FileTicketRequest => "FileTicket",
    DeclineTicketRequest => "DeclineTicket",
    FixTicketOnTheSpotRequest => "FixTicketOnTheSpot",
    DispatchTicketRequest => "DispatchTicket",
    WithdrawOrderRequest => "WithdrawOrder",
    AcceptOrderRequest => "AcceptOrder",
    AssignOrderRequest => "AssignOrder",
    SubmitOrderRequest => "SubmitOrder",
    ReturnOrderRequest => "ReturnOrder",
    RefuseOrderRequest => "RefuseOrder",
    ConfirmOrderRequest => "ConfirmOrder",
    ConfirmTicketRequest => "ConfirmTicket",
    SendBackTicketRequest => "SendBackTicket",
    PassTicketRequest => "PassTicket",
    FailTicketRequest => "FailTicket",
    CancelTicketRequest => "CancelTicket",
}

/// A verb's request with its request key, the caller's scope and the ticket.
pub(super) struct VerbRequest<M> {
    pub(super) key: RequestKey,
    pub(super) scope: RecordScope,
    pub(super) target: Target,
    pub(super) message: M,
}

/// Reads the request of a verb.
///
/// # Errors
/// Returns `FIELD_INVALID` if one of its ids is invalid.
pub(super) fn verb_request<M: Verb>(request: Request<M>) -> Result<VerbRequest<M>, Refusal> {
    let (caller, scope) = Caller::of(&request)?;
    let message = request.into_inner();
    let key = RequestKey::of(&caller.key, M::METHOD, message.request_id(), &message)?;
    let id = id(message.ticket_id(), "ticket_id")?;
    let target = Target {
        id,
        etag: message.etag().to_owned(),
    };
    Ok(VerbRequest {
        key,
        scope,
        target,
        message,
    })
}

impl Tickets {
    /// Applies the acts of a request to its ticket and returns the ticket.
    pub(super) async fn act<M: Verb>(
        &self,
        request: Request<M>,
        acts: impl Fn(&M) -> Result<Vec<Act>, Refusal>,
    ) -> Result<Response<wire::Ticket>, Status> {
        let VerbRequest {
            key,
            scope,
            target,
            message,
        } = verb_request(request)?;
        // Before the ticket is loaded, so that an invalid request takes no statement.
        let acts = acts(&message)?;
        let ticket = act_on_ticket(&self.0, &key, &scope, &target, |_| Ok(acts.clone())).await?;
        Ok(self.response(&ticket))
    }

    /// Like [`Self::act`], for acts on an order; a caller that sees the ticket only as the
    /// holder of an order can't act on another unit's.
    pub(super) async fn act_on_order<M: Verb>(
        &self,
        request: Request<M>,
        order_id: impl Fn(&M) -> &str,
        acts: impl Fn(&M, Uuid) -> Result<Vec<Act>, Refusal>,
    ) -> Result<Response<wire::Ticket>, Status> {
        let VerbRequest {
            key,
            scope,
            target,
            message,
        } = verb_request(request)?;
        let order_id = id(order_id(&message), "order_id")?;
        let acts = acts(&message, order_id)?;
        let ticket = act_on_ticket(&self.0, &key, &scope, &target, |ticket| {
            // In the closure, which isn't called for a retry: a return ends the unit's
            // order, and its retry must still succeed.
            guard_holder(ticket, order_id, &scope)?;
            Ok(acts.clone())
        })
        .await?;
        Ok(self.response(&ticket))
    }

    pub(super) fn response(&self, ticket: &Ticket) -> Response<wire::Ticket> {
        Response::new(messages::ticket(ticket, self.0.clock.now()))
    }
}

/// Returns `RECORD_NOT_FOUND` for another unit's order, if the caller has access only as
/// the holder of an order.
fn guard_holder(ticket: &Ticket, order_id: Uuid, scope: &RecordScope) -> Result<(), Refusal> {
    // The ticket was loaded in scope, so outside of the area an order must have granted
    // access.
    let by_holding = !scope.covers(&ticket.area_code);
    match ticket.order(order_id) {
        Some(order) if !by_holding || Some(order.unit_id) == scope.holder() => Ok(()),
        _ => Err(Refusal::not_found("order", order_id.to_string())),
    }
}
