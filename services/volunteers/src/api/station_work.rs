//! `StationWorkService`: the daily work of stations, such as sessions, bookings,
//! deliveries, visits, agency cases and duties.

use tonic::Request;
use wangge_api::volunteers::v1::{
    self as proto, server::station_work_service_server::StationWorkService,
};
use wangge_api::{
    date,
    refusal::{Refusal, Rule},
};
use wangge_auth::Caller;
use wangge_record_api::{proto_enum, proto_mapping, record_service, service};
use wangge_record_store::read;

use crate::{
    App,
    domain::{
        agency_case::AgencyCase,
        booking::Booking,
        closed_day::ClosedDay,
        delivery::Delivery,
        recurring_session::{RecurringSession, Weekday},
        service_record::ServiceRecord,
        station_duty::StationDuty,
        station_visit::{StationVisit, StationVisitKind, StationVisitor},
    },
    store::booking,
};

/// The handler of `StationWorkService`.
#[derive(Debug, Clone)]
pub(crate) struct StationWork(pub App);

proto_enum!(Weekday, StationVisitKind, StationVisitor);
proto_mapping! {
    RecurringSession = proto::RecurringSession { station_id, name, catalogue_item_id, weekday, start_minute, end_minute, capacity, start_date, end_date }
    change { name, capacity }
}
proto_mapping! {
    ClosedDay = proto::ClosedDay { closed_date, name, station_id }
    change {  }
}
proto_mapping! {
    Booking = proto::Booking { recurring_session_id, session_date, resident_id }
    change {  } states
}
proto_mapping! {
    Delivery = proto::Delivery { station_id, resident_id, goods, volunteer_id }
    change {  } states
}
proto_mapping! {
    ServiceRecord = proto::ServiceRecord { station_id, service_event_id, catalogue_item_id, resident_id, served_time }
    change {  } states
}
proto_mapping! {
    StationVisit = proto::StationVisit { station_id, kind, visitor, visit_time, service_record_id }
    change {  }
}
proto_mapping! {
    AgencyCase = proto::AgencyCase { station_id, resident_id, matter, handler_person_id, is_authorised, livelihood_matter_id, papers, result, papers_returned_time }
    change { matter, handler_person_id, is_authorised } states
}
proto_mapping! {
    StationDuty = proto::StationDuty { station_id, person_id, duty_date }
    change {  }
}

record_service! {
    StationWorkService for StationWork {
        create create_recurring_session(proto::CreateRecurringSessionRequest, recurring_session): RecurringSession,
        get get_recurring_session(proto::GetRecurringSessionRequest): RecurringSession,
        list list_recurring_sessions(proto::ListRecurringSessionsRequest) by station_id on on_date
            -> proto::ListRecurringSessionsResponse, recurring_sessions: RecurringSession,
        update update_recurring_session(proto::UpdateRecurringSessionRequest, recurring_session): RecurringSession,
        end end_recurring_session(proto::EndRecurringSessionRequest): RecurringSession,

        create create_closed_day(proto::CreateClosedDayRequest, closed_day): ClosedDay,
        get get_closed_day(proto::GetClosedDayRequest): ClosedDay,
        list list_closed_days(proto::ListClosedDaysRequest)
            -> proto::ListClosedDaysResponse, closed_days: ClosedDay,

        create create_booking(proto::CreateBookingRequest, booking): Booking,
        get get_booking(proto::GetBookingRequest): Booking,
        list list_bookings(proto::ListBookingsRequest) by recurring_session_id in state
            -> proto::ListBookingsResponse, bookings: Booking,
        act attend_booking(proto::AttendBookingRequest, Attend): Booking,
        act miss_booking(proto::MissBookingRequest, Miss): Booking,
        act cancel_booking(proto::CancelBookingRequest, Cancel): Booking => because reason,

        create create_delivery(proto::CreateDeliveryRequest, delivery): Delivery,
        get get_delivery(proto::GetDeliveryRequest): Delivery,
        list list_deliveries(proto::ListDeliveriesRequest) by station_id in state
            -> proto::ListDeliveriesResponse, deliveries: Delivery,
        act complete_delivery(proto::CompleteDeliveryRequest, Deliver): Delivery => sets { volunteer_id },
        act cancel_delivery(proto::CancelDeliveryRequest, Cancel): Delivery => because reason,

        create create_service_record(proto::CreateServiceRecordRequest, service_record): ServiceRecord,
        get get_service_record(proto::GetServiceRecordRequest): ServiceRecord,
        list list_service_records(proto::ListServiceRecordsRequest) by parent_id in state
            -> proto::ListServiceRecordsResponse, service_records: ServiceRecord,
        act void_service_record(proto::VoidServiceRecordRequest, Void): ServiceRecord => because reason,

        create create_station_visit(proto::CreateStationVisitRequest, station_visit): StationVisit,
        get get_station_visit(proto::GetStationVisitRequest): StationVisit,
        list list_station_visits(proto::ListStationVisitsRequest) by station_id
            -> proto::ListStationVisitsResponse, station_visits: StationVisit,

        create create_agency_case(proto::CreateAgencyCaseRequest, agency_case): AgencyCase,
        get get_agency_case(proto::GetAgencyCaseRequest): AgencyCase,
        list list_agency_cases(proto::ListAgencyCasesRequest) by station_id in state
            -> proto::ListAgencyCasesResponse, agency_cases: AgencyCase,
        update update_agency_case(proto::UpdateAgencyCaseRequest, agency_case): AgencyCase,
        act complete_agency_case_materials(proto::CompleteAgencyCaseMaterialsRequest, CompleteMaterials): AgencyCase => sets { papers },
        act submit_agency_case(proto::SubmitAgencyCaseRequest, Submit): AgencyCase,
        act record_agency_case_result(proto::RecordAgencyCaseResultRequest, RecordResult): AgencyCase => sets { result },
        act deliver_agency_case(proto::DeliverAgencyCaseRequest, Deliver): AgencyCase,
        act withdraw_agency_case(proto::WithdrawAgencyCaseRequest, Withdraw): AgencyCase => because reason,

        create create_station_duty(proto::CreateStationDutyRequest, station_duty): StationDuty,
        get get_station_duty(proto::GetStationDutyRequest): StationDuty,
        list list_station_duties(proto::ListStationDutiesRequest) by station_id
            -> proto::ListStationDutiesResponse, station_duties: StationDuty,

        own list_session_days(proto::ListSessionDaysRequest) -> proto::ListSessionDaysResponse,
    }
}

/// Maximum number of days in one response of `ListSessionDays`.
const MAX_DAYS: i64 = 366;

impl StationWork {
    async fn list_session_days(
        &self,
        request: Request<proto::ListSessionDaysRequest>,
    ) -> Result<proto::ListSessionDaysResponse, Refusal> {
        let (_, scope) = Caller::of(&request)?;
        let request = request.into_inner();
        let id = service::id(&request.recurring_session_id, "recurring_session_id")?;
        let from = date::required(request.start_date.as_ref(), "start_date")?;
        let until = date::required(request.end_date.as_ref(), "end_date")?;
        let count = (until - from).num_days();
        if !(1..=MAX_DAYS).contains(&count) {
            let why = "must be after start_date, by at most 366 days";
            return Err(Refusal::field("end_date", Rule::DateOrder, why));
        }
        // Read in the caller's scope: `session_days` below doesn't check it again.
        let session: RecurringSession = read::get(&self.0, &scope, id).await?;
        let days: Vec<_> = from
            .iter_days()
            .take_while(|day| *day < until)
            .filter(|day| session.falls_on(*day))
            .collect();
        let days = booking::session_days(&self.0.database.calls, id, &days).await?;
        let told = |day: booking::Day| proto::SessionDay {
            session_date: Some(date::to_wire(day.day)),
            closed_for: day.closed_for.unwrap_or_default(),
            booked_count: day.booked,
        };
        Ok(proto::ListSessionDaysResponse {
            session_days: days.into_iter().map(told).collect(),
        })
    }
}
