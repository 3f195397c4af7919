//! Guards of deliberations and their assignments.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_pg::{StoreError, Tx};
use wangge_record::{Change, Record as _};

use crate::domain::{
    assignment::{Assignment, AssignmentAction},
    deliberation::{Deliberation, DeliberationAction},
    ticket_state::TicketState,
};

/// Rejects deliberating without a meeting of all four parties, assigning without an
/// assignment, and a review while assigned work is open. An imported deliberation must
/// have had such meetings as well.
pub(crate) async fn guard(
    tx: &mut Tx,
    deliberations: &[Deliberation],
    change: Change<DeliberationAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if matches!(
        change,
        Change::Act(DeliberationAction::Deliberate) | Change::Create
    ) {
        return meetings(tx, deliberations).await;
    }
    let mut refused = Vec::new();
    for deliberation in deliberations {
        let refusal = match change {
            Change::Act(DeliberationAction::Assign) => assigned(tx, deliberation).await?,
            // The assignments may have been voided since `assign`.
            Change::Act(DeliberationAction::Review) => match assigned(tx, deliberation).await? {
                None => over(tx, deliberation).await?,
                refusal => refusal,
            },
            _ => None,
        };
        refused.extend(refusal.map(|refusal| (deliberation.metadata.id, refusal)));
    }
    Ok(refused)
}

/// Rejects voiding an assignment after its deliberation was reviewed.
pub(crate) async fn guard_assignments(
    tx: &mut Tx,
    assignments: &[Assignment],
    change: Change<AssignmentAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let mut refused = Vec::new();
    for assignment in assignments
        .iter()
        .filter(|_| change == Change::Act(AssignmentAction::Void))
    {
        // `for share` waits for a review in progress, so that it can't be committed
        // between this check and the void.
        let is_over = sqlx::query_scalar!(
            "select state = 8 as \"over!\" from deliberation where id = $1 for share",
            assignment.deliberation_id,
        )
        .fetch_one(&mut *tx)
        .await?;
        if is_over {
            let why = "the deliberation has already been reviewed";
            let refusal = Refusal::guard(Guard::DeliberationReviewed, Assignment::KIND, why);
            refused.push((assignment.metadata.id, refusal));
        }
    }
    Ok(refused)
}

fn refuse(guard: Guard, why: &str) -> Refusal {
    Refusal::guard(guard, Deliberation::KIND, why)
}

/// Rejects deliberations whose meeting was not held, or not attended by all four
/// parties.
async fn meetings(
    tx: &mut Tx,
    deliberations: &[Deliberation],
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let ids: Vec<Uuid> = deliberations
        .iter()
        .flat_map(Deliberation::meetings)
        .collect();
    // Locked in id order, so that concurrent guards can't deadlock.
    let meetings = sqlx::query!(
        "select id, state = 2 as \"held!\", \
             least(committee_count, party_member_count, resident_count, stakeholder_count) > 0 as \"all!\" \
         from meeting where id = any($1) order by id for share",
        &ids,
    )
    .fetch_all(tx)
    .await?;
    let meetings: HashMap<Uuid, (bool, bool)> = meetings
        .into_iter()
        .map(|meeting| (meeting.id, (meeting.held, meeting.all)))
        .collect();
    // An unknown meeting is not an error here: its reference is checked separately.
    let against = |id: Uuid| match meetings.get(&id)? {
        (false, _) => Some(refuse(Guard::MeetingNotHeld, "the meeting was not held")),
        (_, false) => Some(refuse(
            Guard::PartyMissing,
            "one of the four parties was absent",
        )),
        _ => None,
    };
    let refused = deliberations.iter().filter_map(|deliberation| {
        let refusal = deliberation.meetings().find_map(against)?;
        Some((deliberation.metadata.id, refusal))
    });
    Ok(refused.collect())
}

async fn assigned(tx: &mut Tx, deliberation: &Deliberation) -> Result<Option<Refusal>, StoreError> {
    let is_assigned = sqlx::query_scalar!(
        "select exists (select from assignment where deliberation_id = $1 and state = 1) as \"any!\"",
        deliberation.metadata.id,
    )
    .fetch_one(tx)
    .await?;
    Ok((!is_assigned).then(|| refuse(Guard::NothingAssigned, "it has no assignment")))
}

/// Rejects a review while assigned tickets or projects are open.
async fn over(tx: &mut Tx, deliberation: &Deliberation) -> Result<Option<Refusal>, StoreError> {
    // A project that the feed of the volunteers service has not sent yet counts as open.
    let over = TicketState::ALL.iter().filter(|state| state.is_final());
    let over: Vec<i16> = over.map(|state| state.code()).collect();
    let open = sqlx::query_scalar!(
        "select count(*) as \"open!\" from assignment \
         left join ticket on ticket.id = ticket_id \
         left join project_copy on project_copy.id = project_id \
         where deliberation_id = $1 and 1 = assignment.state and not coalesce( \
             ticket.state in (select unnest($2::smallint[])), project_copy.state in ('done', 'evaluated', 'cancelled'), false)",
        deliberation.metadata.id,
        &over,
    )
    .fetch_one(tx)
    .await?;
    let why = format!("{open} of its tickets and projects are still open");
    Ok((open > 0).then(|| refuse(Guard::AssignmentOpen, &why)))
}
