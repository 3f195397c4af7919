//! Tickets with a history, which is replayed through the same rules that the verbs obey.

use chrono::{DateTime, Utc};

use super::{
    act::Act,
    denied::Denied,
    report::{Moment, Place, Report},
    ticket::{HistoryLine, Ticket},
    ticket_state::TicketAction,
};

/// A past act on a ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct PastAct {
    /// The act with its arguments.
    pub act: Act,
    /// Time of the act.
    pub at: DateTime<Utc>,
    /// Id of the actor, never a name.
    pub actor: String,
}

/// A ticket of the past with its full history.
#[derive(Debug, Clone)]
pub struct PastTicket {
    /// Report that the ticket began with.
    pub report: Report,
    /// Time of the report.
    pub reported_time: DateTime<Utc>,
    /// Id of the reporter; empty if not recorded.
    pub reporter: String,
    /// Acts after the report, in order of time.
    pub acts: Vec<PastAct>,
}

/// Reason why a history is impossible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Impossible {
    /// The act of line `number` is not legal at that point.
    Act {
        /// Line in the history; the report is 0.
        number: usize,
        /// Denial of the domain.
        denied: Denied,
    },
    /// Line `number` is earlier than the line before it, or in the future.
    Time {
        /// Line in the history; the report is 0.
        number: usize,
    },
}

/// A replayed step. It borrows the ticket, which the next step changes.
#[derive(Debug)]
pub struct Step<'t> {
    /// Ticket as of this line.
    pub ticket: &'t Ticket,
    /// History line of the step.
    pub line: HistoryLine,
    /// Action of the step.
    pub action: TicketAction,
    /// Time and actor of the step.
    pub moment: &'t Moment,
}

impl PastTicket {
    /// Replays the history, in which no step may be later than `now`. Passes each step to
    /// `each`, and returns the ticket after the last one.
    ///
    /// # Errors
    /// Returns the first line that is impossible; `each` may have received the steps before
    /// it.
    pub fn replay(
        &self,
        place: Place,
        importer: &str,
        now: DateTime<Utc>,
        mut each: impl FnMut(Step<'_>),
    ) -> Result<Ticket, Impossible> {
        let moment = |at, actor: &str| Moment {
            at,
            actor: if actor.is_empty() {
                importer.to_owned()
            } else {
                actor.to_owned()
            },
            imported: true,
        };
        let first = moment(self.reported_time, &self.reporter);
        let (mut ticket, line) = Ticket::report(self.report.clone(), place, &first)
            .map_err(|denied| Impossible::Act { number: 0, denied })?;
        if self.reported_time > now {
            return Err(Impossible::Time { number: 0 });
        }
        let mut before = self.reported_time;
        each(Step {
            ticket: &ticket,
            line,
            action: TicketAction::Report,
            moment: &first,
        });
        for (past, number) in self.acts.iter().zip(1..) {
            if past.at < before || past.at > now {
                return Err(Impossible::Time { number });
            }
            before = past.at;
            let moment = moment(past.at, &past.actor);
            let line = ticket
                .act(&past.act, &moment)
                .map_err(|denied| Impossible::Act { number, denied })?;
            // Handed on step by step: a copy of the ticket per line would need memory for lines
            // times orders.
            each(Step {
                ticket: &ticket,
                line,
                action: past.act.action(),
                moment: &moment,
            });
        }
        Ok(ticket)
    }

    /// Returns the relative size of the import's writes: each history line has an event with
    /// every order issued so far.
    pub fn weight(&self) -> usize {
        let (mut orders, mut weight) = (0, 1);
        for past in &self.acts {
            if let Act::Dispatch { orders: issued, .. } = &past.act {
                orders += issued.len();
            }
            weight += 1 + orders;
        }
        weight
    }
}
