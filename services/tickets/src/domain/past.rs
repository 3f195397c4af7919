//! A ticket with a past: its history is replayed through the same rules that
//! the verbs obey.

use chrono::{DateTime, Utc};

use super::{
    act::Act,
    denied::Denied,
    report::{Moment, Place, Report},
    ticket::{HistoryLine, Ticket},
    ticket_state::TicketAction,
};

/// Something that was done.
#[derive(Debug, Clone, PartialEq)]
pub struct PastAct {
    /// What.
    pub act: Act,
    /// When.
    pub at: DateTime<Utc>,
    /// Who: an id, never a name.
    pub actor: String,
}

/// A ticket as it was, with everything that happened to it.
#[derive(Debug, Clone)]
pub struct PastTicket {
    /// What was reported.
    pub report: Report,
    /// When.
    pub reported_time: DateTime<Utc>,
    /// By whom; empty if that was not kept.
    pub reporter: String,
    /// What was done since, in order of time.
    pub acts: Vec<PastAct>,
}

/// Why a history can't have happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Impossible {
    /// Line `number` is not legal where it stands.
    Act {
        /// Its place in the history; the report is 0.
        number: usize,
        /// Why not.
        denied: Denied,
    },
    /// Line `number` lies before the one before it, or in the future.
    Time {
        /// Its place in the history.
        number: usize,
    },
}

/// A replayed step: the ticket as the line made it, and only until the next one.
#[derive(Debug)]
pub struct Step<'t> {
    /// The ticket from this line on.
    pub ticket: &'t Ticket,
    /// The line.
    pub line: HistoryLine,
    /// What was done.
    pub action: TicketAction,
    /// When and by whom.
    pub moment: &'t Moment,
}

impl PastTicket {
    /// Replays the history; no step of it lies behind `now`. Gives each step to
    /// `each`, and returns the ticket as the last one leaves it.
    ///
    /// # Errors
    /// The first line that can't have happened; `each` may have been given the
    /// steps before it.
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
            each(Step {
                ticket: &ticket,
                line,
                action: past.act.action(),
                moment: &moment,
            });
        }
        Ok(ticket)
    }

    /// How much a load of it writes: each line of history goes with an event
    /// that holds every order issued so far.
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
