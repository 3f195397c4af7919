//! Handlers of `FieldworkService`: patrols, field visits and field notes.

use wangge_api::tickets::v1::{self as proto, server::fieldwork_service_server::FieldworkService};
use wangge_record_api::{proto_enum, proto_mapping, record_service};

use crate::{
    App,
    domain::{
        field_note::FieldNote,
        field_visit::{FieldVisit, FieldVisitKind},
        patrol::Patrol,
    },
};

/// Implements `FieldworkService` for patrols, field visits and field notes.
#[derive(Debug, Clone)]
pub(crate) struct Fieldwork(pub App);

proto_enum!(FieldVisitKind);
proto_mapping! {
    Patrol = proto::Patrol { person_id, start_time, end_time, found_count, note }
    change {  }
}
proto_mapping! {
    FieldVisit = proto::FieldVisit { kind, person_id, resident_id, visit_time, outcome, ticket_id }
    change {  }
}
proto_mapping! {
    FieldNote = proto::FieldNote { person_id, noted_time, text, ticket_id }
    change {  }
}

record_service! {
    FieldworkService for Fieldwork {
        create create_patrol(proto::CreatePatrolRequest, patrol): Patrol,
        get get_patrol(proto::GetPatrolRequest): Patrol,
        list list_patrols(proto::ListPatrolsRequest)
            -> proto::ListPatrolsResponse, patrols: Patrol,

        create create_field_visit(proto::CreateFieldVisitRequest, field_visit): FieldVisit,
        get get_field_visit(proto::GetFieldVisitRequest): FieldVisit,
        list list_field_visits(proto::ListFieldVisitsRequest)
            -> proto::ListFieldVisitsResponse, field_visits: FieldVisit,

        create create_field_note(proto::CreateFieldNoteRequest, field_note): FieldNote,
        get get_field_note(proto::GetFieldNoteRequest): FieldNote,
        list list_field_notes(proto::ListFieldNotesRequest)
            -> proto::ListFieldNotesResponse, field_notes: FieldNote,
    }
}
