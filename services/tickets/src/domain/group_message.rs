//! Messages in chat groups that ask for something, and their public replies. A
//! message belongs to the area of its group.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_kernel::refusal::Refusal;
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Note, Record, Reference, Stateful, Text, lifecycle,
    metadata, states,
};

states! {
    /// States of a message, numbered as in the contract.
    GroupMessageState {
        /// Received: a person on duty must claim it.
        Received = 1 => "received",
        /// Claimed by a person on duty.
        Claimed = 2 => "claimed",
        /// A reply was posted in the group. Final.
        Replied = 3 => "replied",
        /// Dismissed, because it needs no reply. Final.
        Dismissed = 4 => "dismissed",
    }
    GroupMessageAction {
        Claim = "claim": Received => Claimed,
        HandOver = "hand_over": Claimed => Claimed,
        Reply = "reply": Claimed => Replied,
        Dismiss = "dismiss": Received | Claimed => Dismissed,
    }
}

/// Time limit for the public reply, counted from `sent_time`.
pub const REPLY_WITHIN: TimeDelta = TimeDelta::minutes(60);

/// A message in a chat group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMessage {
    /// Fields common to all records; the area is that of the chat group.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<GroupMessageState>,
    /// Id of the chat group.
    pub chat_group_id: Uuid,
    /// Text of the message.
    pub text: Text,
    /// When the message was sent.
    pub sent_time: DateTime<Utc>,
    /// Id of the person on duty who has claimed it, in the organization service.
    pub person_id: Option<Uuid>,
    /// The public reply; empty until there is one.
    pub reply: Note,
    /// Id of the ticket that it was turned into, whose number the reply contains.
    pub ticket_id: Option<Uuid>,
    /// Id of the message in its source system, unique in the group; `None` if the source
    /// has none.
    pub source_message_id: Option<Note>,
}

impl Record for GroupMessage {
    const KIND: &'static str = "group_message";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        let state = self.lifecycle.state();
        let name = state.name();
        // A message can be dismissed before or after it is claimed, so `person_id` is
        // optional then.
        if state != GroupMessageState::Dismissed {
            let claimed = state != GroupMessageState::Received;
            checks.required_if(claimed, self.person_id.is_some(), "person_id", name);
        }
        let replied = state == GroupMessageState::Replied;
        checks.required_if(replied, !self.reply.0.trim().is_empty(), "reply", name);
        // The ticket is set with the reply that contains its number.
        if !replied {
            checks.required_if(false, self.ticket_id.is_some(), "ticket_id", name);
        }
    }

    fn happened(&mut self) -> Vec<(&'static str, &mut DateTime<Utc>)> {
        vec![("sent_time", &mut self.sent_time)]
    }

    fn references(&self) -> Vec<Reference> {
        [
            Some(Reference::id(
                "chat_group_id",
                "chat_group",
                self.chat_group_id,
            )),
            self.ticket_id
                .map(|id| Reference::id("ticket_id", "ticket", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn conflict_error(&self) -> Refusal {
        // The id from the source identifies a message that a bridge sends again under
        // a new request id.
        let field = if self.source_message_id.is_some() {
            "group_message.source_message_id"
        } else {
            "group_message.id"
        };
        Refusal::exists(Self::KIND, field)
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.chat_group_id)
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.chat_group_id),
            subject_id: self.person_id,
            // Reporting counts replies in time by this code.
            code: self.kept(),
            due_time: Some(self.due_time()),
            start_date: Some(day_of(self.sent_time, DEFAULT_ZONE)),
            ..EventSummary::of_stateful(self)
        }
    }
}

impl GroupMessage {
    /// Returns when the reply is due.
    pub fn due_time(&self) -> DateTime<Utc> {
        self.sent_time + REPLY_WITHIN
    }

    /// Returns `in_time` or `late` for the reply; empty before it.
    fn kept(&self) -> &'static str {
        match self.lifecycle.last_time(GroupMessageAction::Reply) {
            Some(time) if time <= self.due_time() => "in_time",
            Some(_) => "late",
            None => "",
        }
    }
}

impl Stateful for GroupMessage {
    lifecycle!(GroupMessageState);

    fn named(&self, action: GroupMessageAction) -> Option<Uuid> {
        // A token identifies no person, so the step records the person named in the call.
        self.person_id
            .filter(|_| [GroupMessageAction::Claim, GroupMessageAction::HandOver].contains(&action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_record::states::table(GroupMessageState::ALL));
    }
}
