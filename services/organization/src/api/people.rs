//! `PersonService`: people and their appointments.

use tonic::{Request, Response, Status};
use wangge_api::{
    organization::v1::{self as proto, server::person_service_server::PersonService},
    refusal::Refusal,
};
use wangge_auth::Caller;
use wangge_record::etag::etag;
use wangge_record_api::end::read_end;

use super::{appointments, page::Page, vacancies, wire};
use crate::{
    App,
    commands::{
        create_appointment::create_appointment, create_person::create_person,
        end_appointment::end_appointment,
    },
    domain::{
        appointment::AppointmentId,
        person::{Person, PersonDraft, PersonId},
    },
    store,
};

/// Handler of people and their appointments.
#[derive(Debug, Clone)]
pub struct People(pub App);

#[tonic::async_trait]
impl PersonService for People {
    async fn create_person(
        &self,
        request: Request<proto::CreatePersonRequest>,
    ) -> Result<Response<proto::Person>, Status> {
        let (call, message) = wire::call(request, "CreatePerson", |m| &m.request_id)?;
        let person = wire::given(message.person, "person")?;
        let id = wire::optional_id(&person.id, "person.id")?.unwrap_or_else(PersonId::generate);
        let created = create_person(&self.0, call, draft(person, id)).await?;
        Ok(Response::new(to_wire(created)))
    }

    async fn get_person(
        &self,
        request: Request<proto::GetPersonRequest>,
    ) -> Result<Response<proto::Person>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let id = wire::id(&request.get_ref().id, "id")?;
        let person = store::person::load_person(&self.0.database.calls, &scope, id)
            .await
            .map_err(Refusal::from)?
            .ok_or_else(|| Refusal::not_found("person", id))?;
        Ok(Response::new(to_wire(person)))
    }

    async fn list_people(
        &self,
        request: Request<proto::ListPeopleRequest>,
    ) -> Result<Response<proto::ListPeopleResponse>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let message = request.into_inner();
        let arguments = vec!["ListPeople".to_owned(), message.within_code.clone()];
        let page: Page<i64> = Page::read(message.page_size, &message.page_token, arguments)?;
        let scope = scope.within(&message.within_code);
        let lanes = &self.0.database.list_lanes;
        let rows = store::person::list_people(lanes, &scope, page.after, page.limit())
            .await
            .map_err(Refusal::from)?;
        let (people, next_page_token) = page.close(rows, page.size, |row| row.entry);
        let people = people.into_iter().map(|row| to_wire(row.record)).collect();
        Ok(Response::new(proto::ListPeopleResponse {
            people,
            next_page_token,
        }))
    }

    async fn create_appointment(
        &self,
        request: Request<proto::CreateAppointmentRequest>,
    ) -> Result<Response<proto::Appointment>, Status> {
        let (call, message) = wire::call(request, "CreateAppointment", |m| &m.request_id)?;
        let appointment = wire::given(message.appointment, "appointment")?;
        let id = wire::optional_id(&appointment.id, "appointment.id")?
            .unwrap_or_else(AppointmentId::generate);
        let draft = appointments::draft(appointment, id)?;
        let created = create_appointment(&self.0, call, draft).await?;
        Ok(Response::new(appointments::to_wire(created)))
    }

    async fn list_appointments(
        &self,
        request: Request<proto::ListAppointmentsRequest>,
    ) -> Result<Response<proto::ListAppointmentsResponse>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let message = request.into_inner();
        let (filter, arguments) = appointments::filter(&message)?;
        let page: Page<i64> = Page::read(message.page_size, &message.page_token, arguments)?;
        let scope = scope.within(&message.within_code);
        let lanes = &self.0.database.list_lanes;
        let (after, limit) = (page.after, page.limit());
        let rows = store::appointment::list_appointments(lanes, &scope, filter, after, limit)
            .await
            .map_err(Refusal::from)?;
        let (rows, next_page_token) = page.close(rows, page.size, |row| row.entry);
        let appointments = rows
            .into_iter()
            .map(|row| appointments::to_wire(row.record))
            .collect();
        Ok(Response::new(proto::ListAppointmentsResponse {
            appointments,
            next_page_token,
        }))
    }

    async fn list_vacancies(
        &self,
        request: Request<proto::ListVacanciesRequest>,
    ) -> Result<Response<proto::ListVacanciesResponse>, Status> {
        Ok(Response::new(vacancies::list(&self.0, request).await?))
    }

    async fn end_appointment(
        &self,
        request: Request<proto::EndAppointmentRequest>,
    ) -> Result<Response<proto::Appointment>, Status> {
        let (call, message) = wire::call(request, "EndAppointment", |m| &m.request_id)?;
        let id = wire::id(&message.id, "id")?;
        let end = read_end(message.end_date.as_ref(), message.correction_reason)?;
        let ended = end_appointment(&self.0, call, id, end, message.etag).await?;
        Ok(Response::new(appointments::to_wire(ended)))
    }
}

/// Converts a request's person to a draft.
pub(super) fn draft(person: proto::Person, id: PersonId) -> PersonDraft {
    PersonDraft {
        id,
        name: person.name,
        area_code: person.area_code,
    }
}

fn to_wire(person: Person) -> proto::Person {
    let etag = etag("person", person.revision, &person);
    proto::Person {
        id: person.id.to_string(),
        name: person.name,
        area_code: person.area_code,
        revision: person.revision,
        etag,
    }
}
