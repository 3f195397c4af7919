//! The ticket with its orders: one aggregate, updated atomically. Every act goes
//! through [`Ticket::act`], which consults the state machines, checks the guards and
//! updates the clocks.

mod clocks;
mod guards;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    act::{Act, NewOrder, TicketOutcome},
    clock::{Clock, ClockKind, Light},
    denied::Denied,
    order::Order,
    order_state::{OrderRole, OrderState},
    report::{Moment, Place, Report, TicketSource},
    ticket_state::{TicketAction, TicketState, next},
};

/// One reported matter. Field names match the column names of its table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Id of the ticket (UUIDv7).
    pub id: Uuid,
    /// Source of the report.
    pub source: TicketSource,
    /// Subject of the reporter's token; never a name.
    pub reporter: String,
    /// Code of its category.
    pub category_code: String,
    /// Summary of the matter.
    pub title: String,
    /// Text of the report.
    pub description: String,
    /// Address of the place, as text.
    pub address: String,
    /// Longitude of the place in degrees, WGS 84.
    pub longitude: Option<f64>,
    /// Latitude of the place in degrees, WGS 84.
    pub latitude: Option<f64>,
    /// Code of the smallest area known to contain the place.
    pub area_code: String,
    /// True if that area is a grid.
    pub routed: bool,
    /// Unit that the duty list names for the category and the area.
    pub suggested_unit_id: Option<Uuid>,
    /// Current state of the ticket.
    pub state: TicketState,
    /// Outcome; `None` until the ticket is declined, fixed on the spot or closed.
    pub outcome: Option<TicketOutcome>,
    /// When the matter was reported.
    pub reported_time: DateTime<Utc>,
    /// When it reached a final state; `None` while it is open.
    pub ended_time: Option<DateTime<Utc>>,
    /// Number of times that a result failed its check.
    pub rework_count: i32,
    /// Escalation level: 0 community, 1 street, 2 district.
    pub escalation_level: i32,
    /// Its clocks, in the order in which they started.
    pub clocks: Vec<Clock>,
    /// True if it was imported with its history.
    pub imported: bool,
    /// Digest of the imported row, which identifies a retry of the import.
    pub import_digest: Option<String>,
    /// Revision, from 1; each act increments it.
    pub revision: i64,
    /// When it last changed: the time of the last line of its history.
    #[serde(skip)]
    pub changed_time: DateTime<Utc>,
    /// Its orders by `place`; stored in a table of their own.
    #[serde(skip)]
    pub orders: Vec<Order>,
}

/// One line of the append-only history, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryLine {
    /// Id of the ticket that changed.
    pub ticket_id: Uuid,
    /// Revision that the act created.
    pub revision: i64,
    /// The action that was performed.
    pub action: TicketAction,
    /// State before the action; `None` for the report.
    pub from_state: Option<TicketState>,
    /// State after the action.
    pub to_state: TicketState,
    /// When the action was performed.
    pub action_time: DateTime<Utc>,
    /// Subject of the token of the person who performed it, or the id from an import.
    pub actor: String,
    /// The order that was acted on; `None` for the whole ticket.
    pub order_id: Option<Uuid>,
    /// Reason, or result, as text.
    pub reason: String,
}

/// Maximum number of orders of a ticket, over all rounds of dispatch. Every event of
/// a ticket contains all of its orders, so this limits the size of events, too. A
/// ticket that comes close needs a decision instead of another round.
pub const MAX_ORDERS: usize = 100;

/// Highest escalation level: the district.
const DISTRICT_LEVEL: i32 = 2;

impl Ticket {
    /// Creates a ticket from a report.
    ///
    /// # Errors
    /// Returns every field that the report lacks.
    pub fn report(
        report: Report,
        place: Place,
        moment: &Moment,
    ) -> Result<(Self, HistoryLine), Denied> {
        report.check()?;
        // `check` requires a source, so this never fails; the domain doesn't panic.
        let source = report.source.ok_or(Denied::Fields(Vec::new()))?;
        let mut ticket = Self {
            id: report.id,
            source,
            reporter: moment.actor.clone(),
            category_code: report.category_code,
            title: report.title,
            description: report.description,
            address: report.address,
            longitude: report.point.map(|(longitude, _)| longitude),
            latitude: report.point.map(|(_, latitude)| latitude),
            area_code: place.area_code,
            routed: place.routed,
            suggested_unit_id: place.suggested_unit_id,
            state: TicketState::Reported,
            outcome: None,
            reported_time: moment.at,
            ended_time: None,
            rework_count: 0,
            escalation_level: 0,
            clocks: Vec::new(),
            imported: moment.imported,
            import_digest: None,
            revision: 1,
            changed_time: moment.at,
            orders: Vec::new(),
        };
        ticket.start_profile_clock(ClockKind::Filing, moment, TicketAction::Report);
        let line = ticket.line(TicketAction::Report, None, moment, None, "");
        Ok((ticket, line))
    }

    /// Performs an act completely or, if it is illegal, not at all.
    ///
    /// # Errors
    /// Returns the reason why it is illegal.
    pub fn act(&mut self, act: &Act, moment: &Moment) -> Result<HistoryLine, Denied> {
        // Works on a copy, so that an error in a later step leaves no partial change.
        let mut after = self.clone();
        after.guard(act, moment)?;
        let line = after.step(act, moment)?;
        after.keep_clocks(act, moment);
        *self = after;
        Ok(line)
    }

    /// Returns the order with an id.
    pub fn order(&self, id: Uuid) -> Option<&Order> {
        self.orders.iter().find(|order| order.id == id)
    }

    /// Returns the clock that is running or paused; of several, the last one started.
    pub fn current_clock(&self) -> Option<&Clock> {
        // After a return, the handling clock is paused and the dispatch clock runs. The
        // dispatch clock started later, and it is the one that counts.
        self.clocks
            .iter()
            .rev()
            .find(|clock| clock.stopped().is_none())
    }

    /// Returns the last clock of a kind.
    pub fn clock(&self, kind: ClockKind) -> Option<&Clock> {
        self.clocks.iter().rev().find(|clock| clock.kind == kind)
    }

    /// Returns the status of the current clock; `None` if none is running or paused.
    pub fn light(&self, now: DateTime<Utc>) -> Option<Light> {
        self.current_clock()?.light(now)
    }

    /// Applies the state transitions and stores the data of the act.
    fn step(&mut self, act: &Act, moment: &Moment) -> Result<HistoryLine, Denied> {
        let action = act.action();
        let role = match act.order_id() {
            Some(id) => Some(self.order(id).ok_or(Denied::NoSuchOrder)?.role),
            None => None,
        };
        let from = self.state;
        self.state = next(from, action, role).ok_or(Denied::State {
            kind: "ticket",
            state: from.name(),
            action: action.name(),
        })?;
        self.step_orders(act, role, moment)?;
        self.record(act, moment);
        // Every act has a revision of its own: it identifies its history line and its
        // event.
        self.revision += 1;
        self.changed_time = moment.at;
        Ok(self.line(action, Some(from), moment, act.order_id(), act.reason()))
    }

    fn step_orders(
        &mut self,
        act: &Act,
        role: Option<OrderRole>,
        moment: &Moment,
    ) -> Result<(), Denied> {
        let action = act.action();
        match act {
            Act::Dispatch { orders, .. } => self.issue(orders, moment),
            Act::Confirm | Act::SendBack { .. } | Act::Fail { .. } => {
                // The ticket's state from acceptance to check is that of its lead order, so
                // both change together.
                if let Some(lead) = self.lead_mut() {
                    lead.step(action, moment.at)?;
                }
            }
            // Only open orders: the work of confirmed ones was accepted before.
            Act::Cancel { .. } => self.end_open_orders(TicketAction::Cancel, moment)?,
            _ => {
                if let Some(order) = act.order_id().and_then(|id| self.order_mut(id)) {
                    order.step(action, moment.at)?;
                }
            }
        }
        // Assisting units have nothing to assist without a lead unit.
        if role == Some(OrderRole::Lead)
            && matches!(action, TicketAction::Return | TicketAction::Refuse)
        {
            self.end_open_orders(TicketAction::Withdraw, moment)?;
        }
        Ok(())
    }

    fn record(&mut self, act: &Act, moment: &Moment) {
        match act {
            Act::Decline { outcome, .. } | Act::Pass { outcome } => self.outcome = Some(*outcome),
            Act::FixOnTheSpot { .. } => self.outcome = Some(TicketOutcome::Fixed),
            Act::Assign {
                order_id,
                handler_person_id,
            } => {
                if let Some(order) = self.order_mut(*order_id) {
                    order.handler_person_id = Some(*handler_person_id);
                }
            }
            Act::Submit { order_id, result } => {
                if let Some(order) = self.order_mut(*order_id) {
                    // A resubmission overwrites it; the history stores every result.
                    order.result.clone_from(result);
                }
            }
            Act::Return {
                order_id,
                return_reason,
                ..
            } => {
                if let Some(order) = self.order_mut(*order_id) {
                    order.return_reason = Some(*return_reason);
                }
            }
            Act::Refuse { .. } => {
                self.escalation_level = (self.escalation_level + 1).min(DISTRICT_LEVEL);
            }
            Act::Fail { .. } => self.rework_count += 1,
            Act::Route { place } => {
                self.area_code.clone_from(&place.area_code);
                self.routed = place.routed;
                self.suggested_unit_id = place.suggested_unit_id;
            }
            _ => {}
        }
        if self.state.is_final() {
            self.ended_time = Some(moment.at);
        }
    }

    fn issue(&mut self, orders: &[NewOrder], moment: &Moment) {
        for (number, order) in orders.iter().enumerate() {
            // `Act::Dispatch` lists the lead unit's order first.
            let role = if number == 0 {
                OrderRole::Lead
            } else {
                OrderRole::Assisting
            };
            self.orders.push(Order {
                id: order.id,
                ticket_id: self.id,
                // `orders` holds all rounds, so places continue across dispatches.
                place: i32::try_from(self.orders.len() + 1).unwrap_or(i32::MAX),
                unit_id: order.unit_id,
                role,
                state: OrderState::Issued,
                issued_time: moment.at,
                accepted_time: None,
                ended_time: None,
                handler_person_id: None,
                result: String::new(),
                return_reason: None,
            });
        }
    }

    fn end_open_orders(&mut self, action: TicketAction, moment: &Moment) -> Result<(), Denied> {
        self.orders
            .iter_mut()
            .filter(|order| order.state.is_open())
            .try_for_each(|order| order.step(action, moment.at))
    }

    fn order_mut(&mut self, id: Uuid) -> Option<&mut Order> {
        self.orders.iter_mut().find(|order| order.id == id)
    }

    /// Returns the current lead order, which determines the ticket's state: the last
    /// one issued.
    fn lead_mut(&mut self) -> Option<&mut Order> {
        self.orders
            .iter_mut()
            .rev()
            .find(|order| order.role == OrderRole::Lead)
    }

    fn line(
        &self,
        action: TicketAction,
        from_state: Option<TicketState>,
        moment: &Moment,
        order_id: Option<Uuid>,
        reason: &str,
    ) -> HistoryLine {
        HistoryLine {
            ticket_id: self.id,
            revision: self.revision,
            action,
            from_state,
            to_state: self.state,
            action_time: moment.at,
            actor: moment.actor.clone(),
            order_id,
            reason: reason.to_owned(),
        }
    }
}
