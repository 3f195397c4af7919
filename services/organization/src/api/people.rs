//! `PersonService`: people and their appointments.

use tonic::Request;
use wangge_api::{
    organization::v1::{self as proto, server::person_service_server::PersonService},
    refusal::Refusal,
};
use wangge_record_api::{proto_enum, proto_mapping, record_service};

use super::vacancies;
use crate::{
    App,
    domain::{
        appointment::{Appointment, Post},
        person::Person,
    },
};

/// Handler of people and their appointments.
#[derive(Debug, Clone)]
pub struct People(pub App);

proto_enum!(Post);
proto_mapping! {
    Person = proto::Person { name }
    change {}
}
proto_mapping! {
    Appointment = proto::Appointment { person_id, post, unit_id, start_date, end_date }
    change {}
}

record_service! {
    PersonService for People {
        create create_person(proto::CreatePersonRequest, person): Person,
        get get_person(proto::GetPersonRequest): Person,
        list list_people(proto::ListPeopleRequest)
            -> proto::ListPeopleResponse, people: Person,

        create create_appointment(proto::CreateAppointmentRequest, appointment): Appointment,
        list list_appointments(proto::ListAppointmentsRequest) on on_date in post
            -> proto::ListAppointmentsResponse, appointments: Appointment,
        end end_appointment(proto::EndAppointmentRequest): Appointment,

        own list_vacancies(proto::ListVacanciesRequest) -> proto::ListVacanciesResponse,
    }
}

impl People {
    async fn list_vacancies(
        &self,
        request: Request<proto::ListVacanciesRequest>,
    ) -> Result<proto::ListVacanciesResponse, Refusal> {
        vacancies::list(&self.0, request).await
    }
}
