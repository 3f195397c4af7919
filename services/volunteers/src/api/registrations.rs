//! Handlers for registrations, and their conversion to and from protos.

use chrono::NaiveDate;
use tonic::Request;
use wangge_api::{
    date,
    refusal::Refusal,
    volunteers::v1::{
        self, CreateRegistrationRequest, EndRegistrationRequest, GetRegistrationRequest,
        ListRegistrationsRequest, ListRegistrationsResponse,
    },
};
use wangge_auth::Caller;
use wangge_kernel::page;
use wangge_pg::request::RequestKey;
use wangge_record::etag;
use wangge_record_api::end::read_end;

use crate::{
    App,
    api::{cut, id, optional_id, page_key},
    commands::{self, Writer},
    domain::registration::{KIND, Registration, RegistrationDraft, RegistrationId},
    store,
};

pub(super) async fn create_registration(
    app: &App,
    request: Request<CreateRegistrationRequest>,
) -> Result<v1::Registration, Refusal> {
    let (caller, scope) = Caller::of(&request)?;
    let message = request.into_inner();
    let key = RequestKey::of(
        &caller.key,
        "CreateRegistration",
        &message.request_id,
        &message,
    )?;
    let draft = draft(message.registration.unwrap_or_default(), "registration.")?;
    let made =
        commands::create_registration::create_registration(app, Writer { key, scope }, draft);
    Ok(to_wire(made.await?))
}

pub(super) async fn get_registration(
    app: &App,
    request: Request<GetRegistrationRequest>,
) -> Result<v1::Registration, Refusal> {
    let (_, scope) = Caller::of(&request)?;
    let id = RegistrationId(id(&request.get_ref().id, "id")?);
    store::registration::load_registration(&app.database.calls, &scope, id)
        .await?
        .map(to_wire)
        .ok_or_else(|| Refusal::not_found(KIND, id.to_string()))
}

pub(super) async fn list_registrations(
    app: &App,
    request: Request<ListRegistrationsRequest>,
) -> Result<ListRegistrationsResponse, Refusal> {
    let (_, scope) = Caller::of(&request)?;
    let message = request.into_inner();
    let arguments = ["ListRegistrations", message.within_code.as_str()];
    let behind = page_key::<NaiveDate>(&message.page_token, &arguments)?;
    let size = page::size(message.page_size);
    let scope = scope.within(&message.within_code);
    // One row more than the page holds, to detect whether there is a next page.
    let mut found =
        store::registration::list_registrations(&app.database.list_lanes, &scope, behind, size + 1)
            .await?;
    let is_more = cut(&mut found, size);
    let next_page_token = match found.last() {
        Some(last) if is_more => page::encode(&(last.start_date, last.id.to_string()), &arguments),
        _ => String::new(),
    };
    let registrations = found.into_iter().map(to_wire).collect();
    Ok(ListRegistrationsResponse {
        registrations,
        next_page_token,
    })
}

pub(super) async fn end_registration(
    app: &App,
    request: Request<EndRegistrationRequest>,
) -> Result<v1::Registration, Refusal> {
    let (caller, scope) = Caller::of(&request)?;
    let message = request.into_inner();
    let key = RequestKey::of(
        &caller.key,
        "EndRegistration",
        &message.request_id,
        &message,
    )?;
    let id = RegistrationId(id(&message.id, "id")?);
    let end = read_end(message.end_date.as_ref(), message.correction_reason)?;
    let writer = Writer { key, scope };
    let ended = commands::end_registration::end_registration(app, writer, id, end, message.etag);
    Ok(to_wire(ended.await?))
}

/// Reads the registration to create. `path` is the prefix of its fields in the request.
/// Output-only fields are ignored.
pub(super) fn draft(asked: v1::Registration, path: &str) -> Result<RegistrationDraft, Refusal> {
    Ok(RegistrationDraft {
        id: optional_id(&asked.id, &format!("{path}id"))?,
        person_id: optional_id(&asked.person_id, &format!("{path}person_id"))?,
        home_unit_id: optional_id(&asked.home_unit_id, &format!("{path}home_unit_id"))?,
        area_code: asked.area_code,
        start_date: date::optional(asked.start_date.as_ref(), &format!("{path}start_date"))?,
        end_date: date::optional(asked.end_date.as_ref(), &format!("{path}end_date"))?,
    })
}

fn to_wire(registration: Registration) -> v1::Registration {
    let etag = etag::etag(KIND, registration.revision, &registration);
    v1::Registration {
        id: registration.id.to_string(),
        person_id: registration.person_id.to_string(),
        home_unit_id: registration.home_unit_id.to_string(),
        area_code: registration.area_code,
        start_date: Some(date::to_wire(registration.start_date)),
        end_date: registration.end_date.map(date::to_wire),
        revision: registration.revision,
        etag,
    }
}
