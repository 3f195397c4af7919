//! `ServiceEventService`: service events, shifts and training.

use wangge_api::volunteers::v1::{
    self as proto, server::service_event_service_server::ServiceEventService,
};
use wangge_record_api::{proto_enum, proto_mapping, record_service};

use crate::{
    App,
    domain::{
        service_event::{ServiceEvent, ServiceKind},
        shift::Shift,
        training::Training,
    },
};

/// The handler of `ServiceEventService`.
#[derive(Debug, Clone)]
pub(crate) struct ServiceEvents(pub App);

proto_enum!(ServiceKind);
proto_mapping! {
    ServiceEvent = proto::ServiceEvent { title, kind, team_id, station_id, start_time, end_time }
    change { title, start_time, end_time } states
}
proto_mapping! {
    Shift = proto::Shift { service_event_id, service_post_id, station_id, start_time, end_time, volunteer_id, signed_in_time, signed_out_time, worked_minutes }
    change {  } states
}
proto_mapping! {
    Training = proto::Training { volunteer_id, subject, training_date, minutes }
    change {  }
}

record_service! {
    ServiceEventService for ServiceEvents {
        create create_service_event(proto::CreateServiceEventRequest, service_event): ServiceEvent,
        get get_service_event(proto::GetServiceEventRequest): ServiceEvent,
        list list_service_events(proto::ListServiceEventsRequest) in state
            -> proto::ListServiceEventsResponse, service_events: ServiceEvent,
        update update_service_event(proto::UpdateServiceEventRequest, service_event): ServiceEvent,
        act hold_service_event(proto::HoldServiceEventRequest, Hold): ServiceEvent,
        act cancel_service_event(proto::CancelServiceEventRequest, Cancel): ServiceEvent => because reason,

        create create_shift(proto::CreateShiftRequest, shift): Shift,
        get get_shift(proto::GetShiftRequest): Shift,
        list list_shifts(proto::ListShiftsRequest) by parent_id in state
            -> proto::ListShiftsResponse, shifts: Shift,
        act fill_shift(proto::FillShiftRequest, Fill): Shift => sets { volunteer_id },
        act release_shift(proto::ReleaseShiftRequest, Release): Shift => because reason,
        act sign_in_shift(proto::SignInShiftRequest, SignIn): Shift,
        act sign_out_shift(proto::SignOutShiftRequest, SignOut): Shift,
        act confirm_shift_hours(proto::ConfirmShiftHoursRequest, ConfirmHours): Shift => sets { worked_minutes },
        act correct_shift_hours(proto::CorrectShiftHoursRequest, CorrectHours): Shift => sets { worked_minutes } because reason,
        act certify_shift(proto::CertifyShiftRequest, Certify): Shift,
        act cancel_shift(proto::CancelShiftRequest, Cancel): Shift => because reason,

        create create_training(proto::CreateTrainingRequest, training): Training,
        get get_training(proto::GetTrainingRequest): Training,
        list list_trainings(proto::ListTrainingsRequest) by volunteer_id
            -> proto::ListTrainingsResponse, trainings: Training,
    }
}
