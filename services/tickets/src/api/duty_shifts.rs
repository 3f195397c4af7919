//! Handlers of `DutyService`: the duty roster and its gaps.

use chrono::TimeDelta;
use tonic::Request;
use wangge_api::{
    date,
    refusal::{Refusal, Rule},
    tickets::v1::{self as proto, server::duty_service_server::DutyService},
};
use wangge_auth::Caller;
use wangge_record_api::{proto_enum, proto_mapping, record_service};

use crate::{
    App,
    domain::duty_shift::{DutyKind, DutyShift},
    store,
};

/// Implements `DutyService` for the duty roster.
#[derive(Debug, Clone)]
pub(crate) struct DutyShifts(pub App);

proto_enum!(DutyKind);
proto_mapping! {
    DutyShift = proto::DutyShift { kind, person_id, start_time, end_time }
    change {  } states
}

record_service! {
    DutyService for DutyShifts {
        create create_duty_shift(proto::CreateDutyShiftRequest, duty_shift): DutyShift,
        get get_duty_shift(proto::GetDutyShiftRequest): DutyShift,
        list list_duty_shifts(proto::ListDutyShiftsRequest) in state
            -> proto::ListDutyShiftsResponse, duty_shifts: DutyShift,
        act hand_over_duty_shift(proto::HandOverDutyShiftRequest, HandOver): DutyShift => sets { person_id } because reason,
        act cancel_duty_shift(proto::CancelDutyShiftRequest, Cancel): DutyShift => because reason,

        own list_duty_gaps(proto::ListDutyGapsRequest) -> proto::ListDutyGapsResponse,
    }
}

/// Maximum length of the period in which one request lists gaps.
const LONGEST: TimeDelta = TimeDelta::days(366);

impl DutyShifts {
    async fn list_duty_gaps(
        &self,
        request: Request<proto::ListDutyGapsRequest>,
    ) -> Result<proto::ListDutyGapsResponse, Refusal> {
        let (_, scope) = Caller::of(&request)?;
        let request = request.into_inner();
        let time = |time: Option<prost_types::Timestamp>, field: &str| {
            let required = || Refusal::field(field, Rule::Required, "is required");
            date::moment(&time.ok_or_else(required)?, field)
        };
        let from = time(request.start_time, "start_time")?;
        let until = time(request.end_time, "end_time")?;
        if until <= from || until - from > LONGEST {
            let why = "must be after start_time, by at most 366 days";
            return Err(Refusal::field("end_time", Rule::TimeOrder, why));
        }
        let kind = DutyKind::from_code(request.kind)
            .ok_or_else(|| Refusal::field("kind", Rule::Required, "is required"))?;
        let code = &request.area_code;
        let reference = self.0.reference.get().await?;
        // One error for both, so that a caller can't find out which areas exist outside
        // its scope.
        if !scope.covers(code) || !reference.knows_area(code) {
            return Err(Refusal::not_found("area", code));
        }
        let pool = &self.0.database.calls;
        let gaps = store::duty_shift::gaps(pool, code, kind, (from, until)).await?;
        let told = |gap: store::duty_shift::Gap| proto::DutyGap {
            start_time: Some(date::timestamp(gap.start_time)),
            end_time: Some(date::timestamp(gap.end_time)),
        };
        Ok(proto::ListDutyGapsResponse {
            duty_gaps: gaps.into_iter().map(told).collect(),
        })
    }
}
