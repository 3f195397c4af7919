//! Tickets with a history to import, which is replayed through the rules of the
//! verbs.

use chrono::{DateTime, Utc};

use super::{
    act::Act,
    denied::Denied,
    report::{Moment, Place, Report},
    ticket::{HistoryLine, Ticket},
    ticket_state::TicketAction,
};

/// An act that was performed in the past.
#[derive(Debug, Clone, PartialEq)]
pub struct PastAct {
    /// The act with its arguments.
    pub act: Act,
    /// When it was performed.
    pub at: DateTime<Utc>,
    /// Id of the person who performed it; never a name.
    pub actor: String,
}

/// A report from the past with everything that was done about it.
#[derive(Debug, Clone)]
pub struct PastTicket {
    /// The report that the ticket began with.
    pub report: Report,
    /// When it was reported.
    pub reported_time: DateTime<Utc>,
    /// Id of the reporter; empty if not recorded.
    pub reporter: String,
    /// The acts since the report, oldest first.
    pub acts: Vec<PastAct>,
}

/// Reason why a history is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Impossible {
    /// A line is illegal at its position.
    Act {
        /// Index of the line; the report is 0.
        number: usize,
        /// Error of the rule that rejects it.
        denied: Denied,
    },
    /// A line is earlier than the line before it, or in the future.
    Time {
        /// Index of the line; the report is 0.
        number: usize,
    },
}

/// A replayed step. It borrows the ticket, which changes with the next step.
#[derive(Debug)]
pub struct Step<'t> {
    /// The ticket after this step.
    pub ticket: &'t Ticket,
    /// The history line of this step.
    pub line: HistoryLine,
    /// The action that was replayed.
    pub action: TicketAction,
    /// Time and actor of the step.
    pub moment: &'t Moment,
}

impl PastTicket {
    /// Replays the history; lines after `now` are rejected. Passes each step to `each`
    /// and returns the ticket after the last one.
    ///
    /// # Errors
    /// Returns the first line that is impossible; `each` may have received the steps
    /// before it.
    pub fn replay(
        &self,
        place: Place,
        importer: &str,
        now: DateTime<Utc>,
        mut each: impl FnMut(Step<'_>),
    ) -> Result<Ticket, Impossible> {
        let moment = |at, actor: &str| Moment {
            at,
            // Old records may lack an actor, which every line of the history has.
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
        // Steps are passed on instead of collected: a long history would hold one
        // clone of the ticket per line in memory.
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
            each(Step {
                ticket: &ticket,
                line,
                action: past.act.action(),
                moment: &moment,
            });
        }
        Ok(ticket)
    }

    /// Returns an estimate of what an import of the ticket writes: each history line
    /// counts one, plus one for every order issued so far, because its event contains
    /// them all.
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
