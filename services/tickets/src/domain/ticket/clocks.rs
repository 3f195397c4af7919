//! The clocks of a ticket: which of them an act starts, pauses, resumes and stops. How
//! long a clock has run is decided in [`clock`](crate::domain::clock).

use chrono::{DateTime, Utc};

use super::Ticket;
use crate::domain::{
    act::Act,
    clock::{Clock, ClockKind, PROFILE, PROFILE_LIMIT},
    report::Moment,
    ticket_state::{TicketAction, TicketState},
};

impl Ticket {
    /// Starts, pauses, resumes and stops clocks after an act. Imported acts change none.
    pub(super) fn keep_clocks(&mut self, act: &Act, moment: &Moment) {
        if moment.imported {
            return;
        }
        let (at, action) = (moment.at, act.action());
        match act {
            Act::File => {
                self.stop_clocks(at);
                self.start_profile_clock(ClockKind::Dispatch, moment, action);
            }
            Act::Dispatch {
                orders,
                limit,
                limit_source,
            } => {
                self.stop_clock(ClockKind::Dispatch, at);
                let unit_id = orders.first().map(|lead| lead.unit_id);
                match self.clocks.iter_mut().rev().find(|clock| clock.is_paused()) {
                    // The same unit gets the remaining time; another unit starts with the
                    // full limit.
                    Some(paused) if paused.unit_id == unit_id => {
                        paused.resume(at, action, TicketAction::Return);
                    }
                    _ => {
                        self.stop_clocks(at);
                        let clock = Clock::start(
                            ClockKind::Handling,
                            *limit,
                            limit_source.clone(),
                            unit_id,
                            at,
                            action,
                        );
                        self.clocks.push(clock);
                    }
                }
            }
            // `state` is already the state after the act. Only the lead's return or
            // refusal leads here; an assisting unit's doesn't affect the clocks.
            Act::Return { .. } | Act::Refuse { .. }
                if self.state == TicketState::PendingDispatch =>
            {
                if let Some(clock) = self.clock_mut(ClockKind::Handling) {
                    clock.pause(at, action);
                }
                self.start_profile_clock(ClockKind::Dispatch, moment, action);
            }
            // The time of the check is not charged to the unit.
            Act::Confirm => self.stop_clock(ClockKind::Handling, at),
            Act::Fail { .. } => {
                if let Some(clock) = self.clock_mut(ClockKind::Handling) {
                    clock.resume(at, action, TicketAction::Confirm);
                }
            }
            _ if self.state.is_final() => self.stop_clocks(at),
            _ => {}
        }
    }

    pub(super) fn start_profile_clock(
        &mut self,
        kind: ClockKind,
        moment: &Moment,
        cause: TicketAction,
    ) {
        if !moment.imported {
            let clock = Clock::start(
                kind,
                PROFILE_LIMIT,
                PROFILE.to_owned(),
                None,
                moment.at,
                cause,
            );
            self.clocks.push(clock);
        }
    }

    pub(super) fn stop_clock(&mut self, kind: ClockKind, at: DateTime<Utc>) {
        if let Some(clock) = self.clock_mut(kind) {
            clock.stop(at);
        }
    }

    pub(super) fn stop_clocks(&mut self, at: DateTime<Utc>) {
        self.clocks.iter_mut().for_each(|clock| clock.stop(at));
    }

    fn clock_mut(&mut self, kind: ClockKind) -> Option<&mut Clock> {
        self.clocks
            .iter_mut()
            .rev()
            .find(|clock| clock.kind == kind)
    }
}
