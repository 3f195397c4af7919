//! Handlers of `TicketService`: reads, the report, and the verbs.

mod lists;
mod verbs;

use tonic::{Request, Response, Status};
use wangge_api::{
    refusal::{Refusal, Rule},
    tickets::v1::{self as wire, server::ticket_service_server::TicketService},
};
use wangge_auth::Caller;
use wangge_pg::request::RequestKey;

use self::verbs::{VerbRequest, verb_request};
use super::{id, messages, optional_id};
use crate::{
    App,
    commands::{
        act_on_ticket::not_found, create_ticket::create_ticket, dispatch_ticket::dispatch_ticket,
    },
    domain::{
        act::{Act, TicketOutcome},
        order_state::ReturnReason,
    },
    store::ticket::Asked as AskedTicket,
};

/// Implements `TicketService`.
#[derive(Debug)]
pub(crate) struct Tickets(pub App);

/// Converts an outcome; `FIELD_INVALID` if it is unset.
fn outcome(code: i32) -> Result<TicketOutcome, Refusal> {
    TicketOutcome::from_code(code)
        .ok_or_else(|| Refusal::field("outcome", Rule::Required, "is required"))
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
        Ok(self.response(&ticket))
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
        Ok(self.response(&ticket))
    }

    async fn list_tickets(
        &self,
        request: Request<wire::ListTicketsRequest>,
    ) -> Result<Response<wire::ListTicketsResponse>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let message = request.into_inner();
        Ok(Response::new(lists::list(&self.0, &message, scope).await?))
    }

    async fn list_ticket_history(
        &self,
        request: Request<wire::ListTicketHistoryRequest>,
    ) -> Result<Response<wire::ListTicketHistoryResponse>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let message = request.into_inner();
        Ok(Response::new(
            lists::history(&self.0, &message, &scope).await?,
        ))
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
        let VerbRequest {
            key,
            scope,
            target,
            message,
        } = verb_request(request)?;
        let lead = optional_id(&message.lead_unit_id, "lead_unit_id")?;
        let assisting = message
            .assisting_unit_ids
            .iter()
            .map(|unit| id(unit, "assisting_unit_ids"))
            .collect::<Result<Vec<_>, _>>()?;
        let ticket = dispatch_ticket(&self.0, &key, &scope, &target, lead, &assisting).await?;
        Ok(self.response(&ticket))
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
                let handler = optional_id(&asked.handler_person_id, "handler_person_id")?;
                let assign = handler.map(|handler_person_id| Act::Assign {
                    order_id,
                    handler_person_id,
                });
                // One command for both acts: if the assignment is rejected, the order isn't
                // accepted either.
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
                let return_reason =
                    ReturnReason::from_code(asked.return_reason).ok_or_else(|| {
                        Refusal::field("return_reason", Rule::Required, "is required")
                    })?;
                if return_reason == ReturnReason::Other && asked.reason.trim().is_empty() {
                    let what = "is required for RETURN_REASON_OTHER";
                    return Err(Refusal::field("reason", Rule::Required, what));
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
