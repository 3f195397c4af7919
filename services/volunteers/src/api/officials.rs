//! `OfficialService`: registrations of officials with communities, and their check-in
//! visits.

use chrono::DateTime;
use uuid::Uuid;
use wangge_api::{
    date::timestamp,
    refusal::{Refusal, Rule},
    volunteers::v1::{self as proto, server::official_service_server::OfficialService},
};
use wangge_record::{Checks, Lifecycle, Metadata, Record as _, Text, lifecycle::NewTransition};
use wangge_record_api::{
    ProtoMapping, field::Field as _, proto_mapping, proto_mapping::times, record_service,
};

use crate::{
    App,
    domain::{
        check_in_visit::{CheckInVisit, CheckInVisitAction},
        registration::Registration,
    },
};

/// The handler of `OfficialService`.
#[derive(Debug, Clone)]
pub(crate) struct Officials(pub App);

proto_mapping! {
    Registration = proto::Registration { person_id, home_unit_id, start_date, end_date }
    change {  }
}

impl ProtoMapping for CheckInVisit {
    type Message = proto::CheckInVisit;

    const CHANGEABLE: &'static [&'static str] = &[];

    fn from_proto(
        message: proto::CheckInVisit,
        metadata: Metadata,
        checks: &mut Checks,
    ) -> Option<Self> {
        // Not ignored, like what else is output only: a caller that sends a time expects it
        // to be stored.
        let why = "is output only: a visit is recorded when it takes place";
        let is_left_out = message.visit_time.is_none();
        checks.rule(is_left_out, "visit_time", Rule::LeftOut, why);
        let registration_id = Uuid::from_proto(message.registration_id, "registration_id", checks);
        let handled = Text::from_proto(message.handled, "handled", checks);
        Some(Self {
            lifecycle: Lifecycle::default(),
            registration_id: registration_id?,
            person_id: Uuid::nil(),
            visit_time: metadata.created_time,
            handled: handled?,
            metadata,
        })
    }

    fn into_proto(self) -> proto::CheckInVisit {
        let etag = self.tag();
        let (create_time, update_time) = times(&self.metadata);
        let voiding = self.lifecycle.steps().last();
        proto::CheckInVisit {
            id: self.metadata.id.to_string(),
            registration_id: self.registration_id.to_string(),
            visit_time: Some(timestamp(self.visit_time)),
            state: self.lifecycle.state().code().into(),
            void_reason: voiding
                .map(|step| step.reason.0.clone())
                .unwrap_or_default(),
            handled: self.handled.0,
            area_code: self.metadata.area_code,
            imported: self.metadata.imported,
            revision: self.metadata.revision,
            etag,
            create_time,
            update_time,
        }
    }

    fn merge(&mut self, _: proto::CheckInVisit, _: &[String]) -> Result<(), Refusal> {
        Ok(())
    }

    fn id(message: &proto::CheckInVisit) -> &str {
        &message.id
    }

    fn etag(message: &proto::CheckInVisit) -> &str {
        &message.etag
    }

    fn area_code(message: &proto::CheckInVisit) -> &str {
        &message.area_code
    }
}

/// Reads an imported visit, which states its time, and the voiding if it was voided.
pub(crate) fn past_visit(
    row: proto::CheckInVisitRecord,
    metadata: Metadata,
    checks: &mut Checks,
) -> Option<CheckInVisit> {
    let now = metadata.changed_time;
    let registration_id = Uuid::from_proto(row.registration_id, "registration_id", checks);
    let handled = Text::from_proto(row.handled, "handled", checks);
    let visit_time = DateTime::from_proto(row.visit_time, "visit_time", checks);
    let voided_time = Option::<DateTime<_>>::from_proto(row.voided_time, "voided_time", checks)?;
    let visit_time = visit_time?;
    for (time, field) in [
        (Some(visit_time), "visit_time"),
        (voided_time, "voided_time"),
    ] {
        let has_come = time.is_none_or(|time| time <= now);
        let why = "must not be in the future";
        checks.rule(has_come, field, Rule::TimeNotInFuture, why);
    }
    let mut lifecycle = Lifecycle::default();
    if let Some(time) = voided_time {
        checks.text(&row.void_reason, "void_reason");
        let why = "must not be before the visit";
        checks.rule(time >= visit_time, "voided_time", Rule::TimeAfterVisit, why);
        let step = NewTransition {
            action: CheckInVisitAction::Void,
            time,
            actor: String::new(),
            reason: row.void_reason,
        };
        lifecycle.take(CheckInVisit::KIND, step).ok()?;
    } else {
        // A reason without a time would be dropped silently.
        checks.required(row.void_reason.is_empty(), "voided_time");
    }
    Some(CheckInVisit {
        registration_id: registration_id?,
        person_id: Uuid::nil(),
        visit_time,
        handled: handled?,
        metadata: Metadata {
            created_time: visit_time,
            changed_time: voided_time.unwrap_or(visit_time),
            // Each state is a revision of its own.
            revision: if voided_time.is_some() { 2 } else { 1 },
            ..metadata
        },
        lifecycle,
    })
}

record_service! {
    OfficialService for Officials {
        create create_registration(proto::CreateRegistrationRequest, registration): Registration,
        get get_registration(proto::GetRegistrationRequest): Registration,
        list list_registrations(proto::ListRegistrationsRequest)
            -> proto::ListRegistrationsResponse, registrations: Registration,
        end end_registration(proto::EndRegistrationRequest): Registration,

        create create_check_in_visit(proto::CreateCheckInVisitRequest, check_in_visit): CheckInVisit,
        get get_check_in_visit(proto::GetCheckInVisitRequest): CheckInVisit,
        list list_check_in_visits(proto::ListCheckInVisitsRequest)
            -> proto::ListCheckInVisitsResponse, check_in_visits: CheckInVisit,
        act void_check_in_visit(proto::VoidCheckInVisitRequest, Void): CheckInVisit => because reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check_in_visit::CheckInVisitState;

    #[test]
    fn states_have_the_numbers_of_the_contract() {
        let state = |state: CheckInVisitState| {
            proto::CheckInVisitState::try_from(i32::from(state.code())).unwrap()
        };
        let (recorded, voided) = (CheckInVisitState::Recorded, CheckInVisitState::Voided);
        assert_eq!(state(recorded), proto::CheckInVisitState::Recorded);
        assert_eq!(state(voided), proto::CheckInVisitState::Voided);
    }
}
