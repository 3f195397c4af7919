//! `FieldworkService`: patrols, visits, notes.

use wangge_api::tickets::v1::{self as proto, server::fieldwork_service_server::FieldworkService};
use wangge_records::{serve, wire, wire_enum};

use crate::{
    App,
    domain::{
        field_note::FieldNote,
        field_visit::{FieldVisit, FieldVisitKind},
        patrol::Patrol,
    },
};

/// Implements `FieldworkService` for patrols, visits and notes.
#[derive(Debug, Clone)]
pub(crate) struct Fieldwork(pub App);

wire_enum!(FieldVisitKind);
wire! {
    Patrol = proto::Patrol { person_id, start_time, end_time, found_count, note }
    change {  }
}
wire! {
    FieldVisit = proto::FieldVisit { kind, person_id, resident_id, visit_time, outcome, ticket_id }
    change {  }
}
wire! {
    FieldNote = proto::FieldNote { person_id, noted_time, text, ticket_id }
    change {  }
}

serve! {
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
