//! Requests in chat groups, and their public replies. A message is in the area of its group.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_records::{Checks, Course, Head, Note, Record, Reference, Stateful, Text, Told, states};

states! {
    /// States of a message. The numbers are the contract's.
    GroupMessageState for GroupMessage {
        /// Received: a person on duty must claim it.
        Received = 1 => "received",
        /// Claimed by a person on duty.
        Claimed = 2 => "claimed",
        /// Replied to in the group. Final.
        Replied = 3 => "replied",
        /// Dismissed: no reply is needed. Final.
        Dismissed = 4 => "dismissed",
    }
    "claim": Received => Claimed,
    "hand_over": Claimed => Claimed,
    "reply": Claimed => Replied,
    "dismiss": Received | Claimed => Dismissed,
}

/// Time limit for the public reply.
pub const REPLY_WITHIN: TimeDelta = TimeDelta::minutes(60);

/// A message in a chat group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMessage {
    /// Fields that every record has; the area is that of the group.
    #[serde(flatten)]
    pub head: Head,
    /// State and the steps that led to it.
    #[serde(flatten)]
    pub course: Course<GroupMessageState>,
    /// Id of the chat group.
    pub chat_group_id: Uuid,
    /// Text of the message.
    pub text: Text,
    /// Time when the message was sent.
    pub sent_time: DateTime<Utc>,
    /// Id of the person on duty who has claimed it, in the organization service.
    pub person_id: Option<Uuid>,
    /// Text of the public reply.
    pub reply: Note,
    /// Id of the ticket created from it, whose number the reply names.
    pub ticket_id: Option<Uuid>,
    /// Id of the message in its source, unique per group; none if the source has no ids.
    pub source_message_id: Option<Note>,
}

impl Record for GroupMessage {
    const KIND: &'static str = "group_message";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        let state = self.course.state();
        let name = state.name();
        // A message can be dismissed with or without having been claimed.
        if state != GroupMessageState::Dismissed {
            let claimed = state != GroupMessageState::Received;
            checks.given_when(claimed, self.person_id.is_some(), "person_id", name);
        }
        let replied = state == GroupMessageState::Replied;
        checks.given_when(replied, !self.reply.0.trim().is_empty(), "reply", name);
        if !replied {
            checks.given_when(false, self.ticket_id.is_some(), "ticket_id", name);
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

    fn taken(&self) -> Refusal {
        // Either unique key may have conflicted. A bridge that sends a message again
        // repeats its source id, so that one is named.
        let field = if self.source_message_id.is_some() {
            "group_message.source_message_id"
        } else {
            "group_message.id"
        };
        Refusal::exists(Self::KIND, field)
    }

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.chat_group_id)
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.chat_group_id),
            subject_id: self.person_id,
            code: self.kept(),
            due_time: Some(self.due_time()),
            start_date: Some(day_of(self.sent_time, DEFAULT_ZONE)),
            ..Told::course(self)
        }
    }
}

impl GroupMessage {
    /// Returns the time by which the reply is due.
    pub fn due_time(&self) -> DateTime<Utc> {
        self.sent_time + REPLY_WITHIN
    }

    /// Returns whether the reply was in time; empty before the reply.
    fn kept(&self) -> &'static str {
        match self.course.last_time("reply") {
            Some(time) if time <= self.due_time() => "in_time",
            Some(_) => "late",
            None => "",
        }
    }
}

impl Stateful for GroupMessage {
    type State = GroupMessageState;

    fn course(&self) -> &Course<GroupMessageState> {
        &self.course
    }

    fn course_mut(&mut self) -> &mut Course<GroupMessageState> {
        &mut self.course
    }

    fn named(&self, action: &'static str) -> Option<Uuid> {
        self.person_id
            .filter(|_| ["claim", "hand_over"].contains(&action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_records::course::table(GroupMessageState::ALL));
    }
}
