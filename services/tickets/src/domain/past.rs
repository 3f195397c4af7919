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

/// A replayed step: the ticket as the line made it.
#[derive(Debug, Clone)]
pub struct Step {
    /// The ticket from this line on.
    pub ticket: Ticket,
    /// The line.
    pub line: HistoryLine,
    /// What was done.
    pub action: TicketAction,
    /// When and by whom.
    pub moment: Moment,
}

impl PastTicket {
    /// Replays the history; no step of it lies behind `now`. The result is
    /// never empty.
    ///
    /// # Errors
    /// The first line that can't have happened.
    pub fn replay(
        &self,
        place: Place,
        importer: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<Step>, Impossible> {
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
        let mut steps = vec![Step {
            ticket: ticket.clone(),
            line,
            action: TicketAction::Report,
            moment: first,
        }];
        for (past, number) in self.acts.iter().zip(1..) {
            if past.at < before || past.at > now {
                return Err(Impossible::Time { number });
            }
            before = past.at;
            let moment = moment(past.at, &past.actor);
            let line = ticket
                .act(&past.act, &moment)
                .map_err(|denied| Impossible::Act { number, denied })?;
            steps.push(Step {
                ticket: ticket.clone(),
                line,
                action: past.act.action(),
                moment,
            });
        }
        Ok(steps)
    }
}
