//! Guard of messages in chat groups.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_pg::{StoreError, Tx};
use wangge_record::{Change, Record as _};

use crate::domain::{
    duty_shift::{DutyKind, DutyShiftState},
    group_message::{GroupMessage, GroupMessageAction},
};

/// Rejects a claim or a hand-over unless the person is on chat duty now, for the
/// group's area or one around it.
pub(crate) async fn guard(
    tx: &mut Tx,
    messages: &[GroupMessage],
    change: Change<GroupMessageAction>,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if !matches!(
        change,
        Change::Act(GroupMessageAction::Claim) | Change::Act(GroupMessageAction::HandOver)
    ) {
        return Ok(Vec::new());
    }
    let mut refused = Vec::new();
    for message in messages {
        let is_on_duty = sqlx::query_scalar!(
            "select exists (select from duty_shift \
                 where person_id = $1 and kind = $2 and state = $3 and starts_with($4, area_code) \
                 and tstzrange(start_time, end_time) @> $5::timestamptz) as \"is!\"",
            message.person_id,
            DutyKind::ChatGroup.code(),
            DutyShiftState::Planned.code(),
            message.metadata.area_code,
            now,
        )
        .fetch_one(&mut *tx)
        .await?;
        if !is_on_duty {
            let why = "the person is not on chat duty there now";
            let refusal = Refusal::guard(Guard::NotOnDuty, GroupMessage::KIND, why);
            refused.push((message.metadata.id, refusal));
        }
    }
    Ok(refused)
}
