//! Guard of messages in chat groups.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::{StoreError, Tx};
use wangge_records::Record as _;

use crate::domain::{
    duty_shift::{DutyKind, DutyShiftState},
    group_message::GroupMessage,
};

/// Checks that the person who claims a message is on chat duty for its group's area.
pub(crate) async fn guard(
    tx: &mut Tx,
    messages: &[GroupMessage],
    action: &'static str,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if !["claim", "hand_over"].contains(&action) {
        return Ok(Vec::new());
    }
    let mut refused = Vec::new();
    for message in messages {
        // A shift for an area around the group's counts too: its code is a prefix.
        let is_on_duty = sqlx::query_scalar!(
            "select exists (select from duty_shift \
                 where person_id = $1 and kind = $2 and state = $3 and starts_with($4, area_code) \
                 and tstzrange(start_time, end_time) @> $5::timestamptz) as \"is!\"",
            message.person_id,
            DutyKind::ChatGroup.code(),
            DutyShiftState::Planned.code(),
            message.head.area_code,
            now,
        )
        .fetch_one(&mut *tx)
        .await?;
        if !is_on_duty {
            let why = "the person is not on chat duty there now";
            let refusal = Refusal::guard("not_on_duty", GroupMessage::KIND, why);
            refused.push((message.head.id, refusal));
        }
    }
    Ok(refused)
}
