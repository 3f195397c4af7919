//! Handlers for check-in visits, and their conversion to and from protos.

use chrono::{DateTime, Utc};
use tonic::Request;
use wangge_api::{
    date::timestamp,
    refusal::Refusal,
    volunteers::v1::{
        self, CreateCheckInVisitRequest, GetCheckInVisitRequest, ListCheckInVisitsRequest,
        ListCheckInVisitsResponse, VoidCheckInVisitRequest,
    },
};
use wangge_auth::Caller;
use wangge_kernel::page;
use wangge_pg::request::RequestKey;
use wangge_record::etag;

use crate::{
    App,
    api::{id, optional_id, page_key},
    commands::{self, Writer},
    domain::{
        check_in_visit::{CheckInVisit, CheckInVisitDraft, CheckInVisitId, KIND},
        check_in_visit_state::CheckInVisitState,
    },
    store,
};

pub(super) async fn create_check_in_visit(
    app: &App,
    request: Request<CreateCheckInVisitRequest>,
) -> Result<v1::CheckInVisit, Refusal> {
    let (caller, scope) = Caller::of(&request)?;
    let message = request.into_inner();
    // Computed before ids are generated: a retry must have the same digest.
    let key = RequestKey::of(
        &caller.key,
        "CreateCheckInVisit",
        &message.request_id,
        &message,
    )?;
    let draft = draft(message.check_in_visit.unwrap_or_default())?;
    let writer = Writer { key, scope };
    let made = commands::create_check_in_visit::create_check_in_visit(app, writer, draft);
    Ok(to_wire(made.await?))
}

pub(super) async fn get_check_in_visit(
    app: &App,
    request: Request<GetCheckInVisitRequest>,
) -> Result<v1::CheckInVisit, Refusal> {
    let (_, scope) = Caller::of(&request)?;
    let id = CheckInVisitId(id(&request.get_ref().id, "id")?);
    store::check_in_visit::load_check_in_visit(&app.database.calls, &scope, id)
        .await?
        .map(to_wire)
        .ok_or_else(|| Refusal::not_found(KIND, id.to_string()))
}

pub(super) async fn list_check_in_visits(
    app: &App,
    request: Request<ListCheckInVisitsRequest>,
) -> Result<ListCheckInVisitsResponse, Refusal> {
    let (_, scope) = Caller::of(&request)?;
    let message = request.into_inner();
    let arguments = ["ListCheckInVisits", message.within_code.as_str()];
    let behind = page_key::<DateTime<Utc>>(&message.page_token, &arguments)?;
    let size = page::size(message.page_size);
    let scope = scope.within(&message.within_code);
    let lanes = &app.database.list_lanes;
    // One row more than the page holds, to detect whether there is a next page.
    let found =
        store::check_in_visit::list_check_in_visits(lanes, &scope, behind, size + 1).await?;
    let keys: Vec<_> = found
        .iter()
        .map(|visit| (visit.visit_time, visit.id.to_string()))
        .collect();
    let mut check_in_visits: Vec<_> = found.into_iter().map(to_wire).collect();
    // Visits contain free text, so a page is limited in bytes as well as in rows: a
    // full page must fit into a gRPC message.
    let kept = page::fitting(
        size,
        check_in_visits.iter().map(prost::Message::encoded_len),
    );
    let is_more = check_in_visits.len() > kept;
    check_in_visits.truncate(kept);
    let next_page_token = match keys.get(kept.saturating_sub(1)) {
        Some(last) if is_more => page::encode(last, &arguments),
        _ => String::new(),
    };
    Ok(ListCheckInVisitsResponse {
        check_in_visits,
        next_page_token,
    })
}

pub(super) async fn void_check_in_visit(
    app: &App,
    request: Request<VoidCheckInVisitRequest>,
) -> Result<v1::CheckInVisit, Refusal> {
    let (caller, scope) = Caller::of(&request)?;
    let message = request.into_inner();
    let key = RequestKey::of(
        &caller.key,
        "VoidCheckInVisit",
        &message.request_id,
        &message,
    )?;
    let id = CheckInVisitId(id(&message.id, "id")?);
    let writer = Writer { key, scope };
    let voided = commands::void_check_in_visit::void_check_in_visit(
        app,
        writer,
        id,
        message.reason,
        message.etag,
    );
    Ok(to_wire(voided.await?))
}

/// Reads the visit to record. Output-only fields are ignored, except for a time: it is
/// rejected later, since a caller that sends one expects it to be stored.
fn draft(asked: v1::CheckInVisit) -> Result<CheckInVisitDraft, Refusal> {
    Ok(CheckInVisitDraft {
        id: optional_id(&asked.id, "check_in_visit.id")?,
        registration_id: optional_id(&asked.registration_id, "check_in_visit.registration_id")?,
        names_time: asked.visit_time.is_some(),
        handled: asked.handled,
    })
}

fn to_wire(visit: CheckInVisit) -> v1::CheckInVisit {
    let etag = etag::etag(KIND, visit.revision, &visit);
    v1::CheckInVisit {
        id: visit.id.to_string(),
        registration_id: visit.registration_id.to_string(),
        visit_time: Some(timestamp(visit.visit_time)),
        handled: visit.handled,
        state: state(visit.state).into(),
        void_reason: visit
            .voiding
            .map(|voiding| voiding.reason)
            .unwrap_or_default(),
        area_code: visit.area_code,
        imported: visit.imported,
        revision: visit.revision,
        etag,
    }
}

fn state(state: CheckInVisitState) -> v1::CheckInVisitState {
    match state {
        CheckInVisitState::Recorded => v1::CheckInVisitState::Recorded,
        CheckInVisitState::Voided => v1::CheckInVisitState::Voided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_numbers_of_the_contract() {
        for known in CheckInVisitState::ALL {
            assert_eq!(state(known) as i32, i32::from(known.code()));
        }
    }
}
