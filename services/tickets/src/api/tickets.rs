//! `TicketService`: reads, reports and verbs.

use chrono::{DateTime, Utc};
use prost::Message;
use tonic::{Request, Response, Status};
use uuid::Uuid;
use wangge_api::{
    refusal::Refusal,
    tickets::v1::{self as wire, server::ticket_service_server::TicketService},
};
use wangge_auth::{Caller, RecordScope};
use wangge_kernel::page;
use wangge_pg::request::RequestKey;

use super::{bad_page_token, id, messages, optional_id};
use crate::{
    App,
    commands::{
        act_on_ticket::{Target, act_on_ticket, not_found},
        create_ticket::create_ticket,
        dispatch_ticket::dispatch_ticket,
    },
    domain::{
        act::{Act, TicketOutcome},
        order_state::ReturnReason,
        ticket::Ticket,
    },
    store::{
        history::list_history,
        listing::{Filter, list_tickets},
        ticket::Asked as AskedTicket,
    },
};

/// Implements `TicketService` on the commands and the store.
#[derive(Debug)]
pub(crate) struct Tickets(pub App);

/// Fields that the requests of all verbs have.
trait Verb: Message {
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

/// A parsed verb request with its caller.
struct Asked<M> {
    key: RequestKey,
    scope: RecordScope,
    target: Target,
    message: M,
}

fn asked<M: Verb>(request: Request<M>) -> Result<Asked<M>, Refusal> {
    let (caller, scope) = Caller::of(&request)?;
    let message = request.into_inner();
    // The fingerprint covers the method, so a request id can't be reused for another verb.
    let key = RequestKey::of(&caller.key, M::METHOD, message.request_id(), &message)?;
    let id = id(message.ticket_id(), "ticket_id")?;
    let target = Target {
        id,
        etag: message.etag().to_owned(),
    };
    Ok(Asked {
        key,
        scope,
        target,
        message,
    })
}

impl Tickets {
    /// Applies the acts that the request stands for.
    async fn act<M: Verb>(
        &self,
        request: Request<M>,
        acts: impl Fn(&M) -> Result<Vec<Act>, Refusal>,
    ) -> Result<Response<wire::Ticket>, Status> {
        let Asked {
            key,
            scope,
            target,
            message,
        } = asked(request)?;
        let acts = acts(&message)?;
        // Cloned per attempt: `act_on_ticket` decides again after a lost race.
        let ticket = act_on_ticket(&self.0, &key, &scope, &target, |_| Ok(acts.clone())).await?;
        Ok(self.answer(&ticket))
    }

    /// Like [`Self::act`], for acts on an order, which only its own unit may do.
    async fn act_on_order<M: Verb>(
        &self,
        request: Request<M>,
        order_id: impl Fn(&M) -> &str,
        acts: impl Fn(&M, Uuid) -> Result<Vec<Act>, Refusal>,
    ) -> Result<Response<wire::Ticket>, Status> {
        let Asked {
            key,
            scope,
            target,
            message,
        } = asked(request)?;
        let order_id = id(order_id(&message), "order_id")?;
        let acts = acts(&message, order_id)?;
        let ticket = act_on_ticket(&self.0, &key, &scope, &target, |ticket| {
            // Checked on the loaded ticket in every attempt: the order may be withdrawn between
            // two of them.
            guard_holder(ticket, order_id, &scope)?;
            Ok(acts.clone())
        })
        .await?;
        Ok(self.answer(&ticket))
    }

    fn answer(&self, ticket: &Ticket) -> Response<wire::Ticket> {
        // The status of clocks depends on the present time and is not stored.
        Response::new(messages::ticket(ticket, self.0.clock.now()))
    }
}

/// Rejects acts on another unit's order by a caller that sees the ticket through its own
/// order only.
fn guard_holder(ticket: &Ticket, order_id: Uuid, scope: &RecordScope) -> Result<(), Refusal> {
    let by_holding = !scope.covers(&ticket.area_code);
    match ticket.order(order_id) {
        Some(order) if !by_holding || Some(order.unit_id) == scope.holder() => Ok(()),
        // The same refusal as for a missing order: units must not learn of one another's orders.
        _ => Err(Refusal::not_found("order", order_id.to_string())),
    }
}

/// Parses the outcome, which the contract requires.
fn outcome(code: i32) -> Result<TicketOutcome, Refusal> {
    TicketOutcome::from_code(code)
        .ok_or_else(|| Refusal::field("outcome", "required", "is required"))
}

#[tonic::async_trait]
impl TicketService for Tickets {
    async fn create_ticket(
        &self,
        request: Request<wire::CreateTicketRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        let (caller, scope) = Caller::of(&request)?;
        let message = request.into_inner();
        let key = RequestKey::of(&caller.key, "CreateTicket", &message.request_id, &message)?;
        let report = messages::report(&message.ticket.unwrap_or_default())?;
        let ticket = create_ticket(&self.0, &key, &scope, report).await?;
        Ok(self.answer(&ticket))
    }

    async fn get_ticket(
        &self,
        request: Request<wire::GetTicketRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let id = id(&request.get_ref().id, "id")?;
        let ticket = self
            .0
            .tickets
            .load(AskedTicket { id, scope })
            .await
            .map_err(Refusal::from)?
            .ok_or_else(|| not_found(id))?;
        Ok(self.answer(&ticket))
    }

    async fn list_tickets(
        &self,
        request: Request<wire::ListTicketsRequest>,
    ) -> Result<Response<wire::ListTicketsResponse>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let message = request.into_inner();
        Ok(Response::new(list(&self.0, &message, scope).await?))
    }

    async fn list_ticket_history(
        &self,
        request: Request<wire::ListTicketHistoryRequest>,
    ) -> Result<Response<wire::ListTicketHistoryResponse>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let message = request.into_inner();
        Ok(Response::new(history(&self.0, &message, &scope).await?))
    }

    async fn explain_ticket_clocks(
        &self,
        request: Request<wire::ExplainTicketClocksRequest>,
    ) -> Result<Response<wire::ExplainTicketClocksResponse>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let id = id(&request.get_ref().ticket_id, "ticket_id")?;
        let ticket = self
            .0
            .tickets
            .load(AskedTicket { id, scope })
            .await
            .map_err(Refusal::from)?
            .ok_or_else(|| not_found(id))?;
        let now = self.0.clock.now();
        let clocks = ticket
            .clocks
            .iter()
            .map(|clock| messages::clock(clock, now))
            .collect();
        Ok(Response::new(wire::ExplainTicketClocksResponse { clocks }))
    }

    async fn file_ticket(
        &self,
        request: Request<wire::FileTicketRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act(request, |_| Ok(vec![Act::File])).await
    }

    async fn decline_ticket(
        &self,
        request: Request<wire::DeclineTicketRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act(request, |asked| {
            let outcome = outcome(asked.outcome)?;
            Ok(vec![Act::Decline {
                reason: asked.reason.clone(),
                outcome,
            }])
        })
        .await
    }

    async fn fix_ticket_on_the_spot(
        &self,
        request: Request<wire::FixTicketOnTheSpotRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act(request, |asked| {
            let result = asked.result.clone();
            Ok(vec![Act::FixOnTheSpot { result }])
        })
        .await
    }

    async fn dispatch_ticket(
        &self,
        request: Request<wire::DispatchTicketRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        let Asked {
            key,
            scope,
            target,
            message,
        } = asked(request)?;
        let lead = optional_id(&message.lead_unit_id, "lead_unit_id")?;
        let assisting = message
            .assisting_unit_ids
            .iter()
            .map(|unit| id(unit, "assisting_unit_ids"))
            .collect::<Result<Vec<_>, _>>()?;
        let ticket = dispatch_ticket(&self.0, &key, &scope, &target, lead, &assisting).await?;
        Ok(self.answer(&ticket))
    }

    async fn withdraw_order(
        &self,
        request: Request<wire::WithdrawOrderRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act_on_order(
            request,
            |asked| &asked.order_id,
            |asked, order_id| {
                Ok(vec![Act::Withdraw {
                    order_id,
                    reason: asked.reason.clone(),
                }])
            },
        )
        .await
    }

    async fn accept_order(
        &self,
        request: Request<wire::AcceptOrderRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act_on_order(
            request,
            |asked| &asked.order_id,
            |asked, order_id| {
                // Accepting and naming a handler are two acts in one write, so that both take
                // effect or neither.
                let handler = optional_id(&asked.handler_person_id, "handler_person_id")?;
                let assign = handler.map(|handler_person_id| Act::Assign {
                    order_id,
                    handler_person_id,
                });
                Ok([Act::Accept { order_id }]
                    .into_iter()
                    .chain(assign)
                    .collect())
            },
        )
        .await
    }

    async fn assign_order(
        &self,
        request: Request<wire::AssignOrderRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act_on_order(
            request,
            |asked| &asked.order_id,
            |asked, order_id| {
                let handler_person_id = id(&asked.handler_person_id, "handler_person_id")?;
                Ok(vec![Act::Assign {
                    order_id,
                    handler_person_id,
                }])
            },
        )
        .await
    }

    async fn submit_order(
        &self,
        request: Request<wire::SubmitOrderRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act_on_order(
            request,
            |asked| &asked.order_id,
            |asked, order_id| {
                Ok(vec![Act::Submit {
                    order_id,
                    result: asked.result.clone(),
                }])
            },
        )
        .await
    }

    async fn return_order(
        &self,
        request: Request<wire::ReturnOrderRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act_on_order(
            request,
            |asked| &asked.order_id,
            |asked, order_id| {
                let return_reason = ReturnReason::from_code(asked.return_reason)
                    .ok_or_else(|| Refusal::field("return_reason", "required", "is required"))?;
                if return_reason == ReturnReason::Other && asked.reason.trim().is_empty() {
                    let what = "is required for RETURN_REASON_OTHER";
                    return Err(Refusal::field("reason", "required", what));
                }
                Ok(vec![Act::Return {
                    order_id,
                    return_reason,
                    reason: asked.reason.clone(),
                }])
            },
        )
        .await
    }

    async fn refuse_order(
        &self,
        request: Request<wire::RefuseOrderRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act_on_order(
            request,
            |asked| &asked.order_id,
            |asked, order_id| {
                Ok(vec![Act::Refuse {
                    order_id,
                    reason: asked.reason.clone(),
                }])
            },
        )
        .await
    }

    async fn confirm_order(
        &self,
        request: Request<wire::ConfirmOrderRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act_on_order(
            request,
            |asked| &asked.order_id,
            |_, order_id| Ok(vec![Act::ConfirmOrder { order_id }]),
        )
        .await
    }

    async fn confirm_ticket(
        &self,
        request: Request<wire::ConfirmTicketRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act(request, |_| Ok(vec![Act::Confirm])).await
    }

    async fn send_back_ticket(
        &self,
        request: Request<wire::SendBackTicketRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act(request, |asked| {
            Ok(vec![Act::SendBack {
                reason: asked.reason.clone(),
            }])
        })
        .await
    }

    async fn pass_ticket(
        &self,
        request: Request<wire::PassTicketRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act(request, |asked| {
            Ok(vec![Act::Pass {
                outcome: outcome(asked.outcome)?,
            }])
        })
        .await
    }

    async fn fail_ticket(
        &self,
        request: Request<wire::FailTicketRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act(request, |asked| {
            Ok(vec![Act::Fail {
                reason: asked.reason.clone(),
            }])
        })
        .await
    }

    async fn cancel_ticket(
        &self,
        request: Request<wire::CancelTicketRequest>,
    ) -> Result<Response<wire::Ticket>, Status> {
        self.act(request, |asked| {
            Ok(vec![Act::Cancel {
                reason: asked.reason.clone(),
            }])
        })
        .await
    }
}

async fn list(
    app: &App,
    message: &wire::ListTicketsRequest,
    scope: RecordScope,
) -> Result<wire::ListTicketsResponse, Refusal> {
    let states: Vec<i16> = message
        .states
        .iter()
        .filter_map(|state| i16::try_from(*state).ok())
        .collect();
    // Part of the token's arguments: a token continues only the list that it was issued for.
    let states_text = format!("{states:?}");
    let unrouted = message.only_unrouted.to_string();
    let arguments = [
        "tickets",
        &message.within_code,
        &states_text,
        &message.unit_id,
        &unrouted,
    ];
    let after: Option<(DateTime<Utc>, Uuid)> =
        page::decode(&message.page_token, &arguments).map_err(bad_page_token)?;
    let size = page::size(message.page_size);
    let filter = Filter {
        within: message.within_code.clone(),
        scope,
        states,
        unit_id: optional_id(&message.unit_id, "unit_id")?,
        only_unrouted: message.only_unrouted,
        after,
        // One more than the page, to learn whether there is a next one.
        limit: size + 1,
    };
    let tickets = list_tickets(&app.database.list_lanes, &filter).await?;
    let now = app.clock.now();
    let mut listed: Vec<_> = tickets
        .iter()
        .map(|ticket| messages::ticket(ticket, now))
        .collect();
    // A page is limited in bytes as well, so that it fits a client's maximum message size.
    let kept = page::fitting(size, listed.iter().map(prost::Message::encoded_len));
    let more = listed.len() > kept;
    listed.truncate(kept);
    let last = tickets.get(kept.saturating_sub(1)).filter(|_| more);
    Ok(wire::ListTicketsResponse {
        next_page_token: last
            .map(|last| page::encode(&(last.reported_time, last.id), &arguments))
            .unwrap_or_default(),
        tickets: listed,
    })
}

async fn history(
    app: &App,
    message: &wire::ListTicketHistoryRequest,
    scope: &RecordScope,
) -> Result<wire::ListTicketHistoryResponse, Refusal> {
    let id = id(&message.ticket_id, "ticket_id")?;
    let arguments = ["ticket history", &message.ticket_id];
    let after: i64 = page::decode(&message.page_token, &arguments)
        .map_err(bad_page_token)?
        .unwrap_or_default();
    let size = page::size(message.page_size);
    // `None` means that the caller can't see the ticket. A visible one without further
    // lines has an empty page.
    let lines = list_history(&app.database.lanes, id, scope, after, size + 1)
        .await?
        .ok_or_else(|| not_found(id))?;
    let mut entries: Vec<_> = lines.iter().map(messages::history_entry).collect();
    let kept = page::fitting(size, entries.iter().map(prost::Message::encoded_len));
    let more = entries.len() > kept;
    entries.truncate(kept);
    let last = lines.get(kept.saturating_sub(1)).filter(|_| more);
    Ok(wire::ListTicketHistoryResponse {
        next_page_token: last
            .map(|last| page::encode(&last.revision, &arguments))
            .unwrap_or_default(),
        entries,
    })
}
