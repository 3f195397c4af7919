//! Agency cases: applications to the government that a station handles on a resident's
//! behalf. A case belongs to the area of its station.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal};
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Note, Record, Reference, Stateful, Text, lifecycle,
    metadata, states,
};

states! {
    /// States of an agency case, numbered as in the contract.
    AgencyCaseState {
        /// The application was received.
        Received = 1 => "received",
        /// The station holds all required papers.
        MaterialsComplete = 2 => "materials_complete",
        /// Submitted to the government department.
        Submitted = 3 => "submitted",
        /// The department has issued a result.
        Resulted = 4 => "resulted",
        /// The result and the papers were handed to the resident. Final.
        Delivered = 5 => "delivered",
        /// Withdrawn; the papers were returned to the resident. Final.
        Withdrawn = 6 => "withdrawn",
    }
    AgencyCaseAction {
        CompleteMaterials = "complete_materials": Received => MaterialsComplete,
        Submit = "submit": MaterialsComplete => Submitted,
        RecordResult = "record_result": Submitted => Resulted,
        Deliver = "deliver": Resulted => Delivered,
        Withdraw = "withdraw": Received | MaterialsComplete | Submitted => Withdrawn,
    }
}

/// An application that a station handles for a resident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgencyCase {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<AgencyCaseState>,
    /// Id of the station.
    pub station_id: Uuid,
    /// Id of the resident, in the organization service; not verified.
    pub resident_id: Uuid,
    /// Subject of the application, 1 to 200 characters.
    pub matter: Text,
    /// Id of the person who handles it, in the organization service; not verified.
    pub handler_person_id: Uuid,
    /// True if the resident has authorised the station in writing.
    pub is_authorised: bool,
    /// Id of the related livelihood matter in the tickets service; not verified.
    pub livelihood_matter_id: Option<Uuid>,
    /// Papers of the resident that the station holds, each 1 to 100 characters.
    pub papers: Vec<Text>,
    /// Result of the case; empty until there is one.
    pub result: Note,
    /// Time at which the papers were returned; `None` until then.
    pub papers_returned_time: Option<DateTime<Utc>>,
}

impl Record for AgencyCase {
    const KIND: &'static str = "agency_case";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        let state = self.lifecycle.state();
        let name = state.name();
        let has_papers = !self.papers.is_empty();
        // A case can be withdrawn before or after its papers are complete, so a withdrawn
        // case may or may not have some.
        if state != AgencyCaseState::Withdrawn {
            let held = state != AgencyCaseState::Received;
            checks.required_if(held, has_papers, "papers", name);
        }
        let resulted = [AgencyCaseState::Resulted, AgencyCaseState::Delivered];
        let says = !self.result.0.trim().is_empty();
        checks.required_if(self.lifecycle.is_in(&resulted), says, "result", name);
        let over = [AgencyCaseState::Delivered, AgencyCaseState::Withdrawn];
        // `papers` is not cleared on return: it remains the record of what the station
        // held. A case without papers has nothing to return and no time.
        let returned = self.lifecycle.is_in(&over) && has_papers;
        let given = self.papers_returned_time.is_some();
        checks.required_if(returned, given, "papers_returned_time", name);
    }

    fn references(&self) -> Vec<Reference> {
        // The resident, the handler and the livelihood matter can't be verified: no feed
        // brings them to this service.
        vec![Reference::id("station_id", "station", self.station_id)]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.station_id)
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.station_id),
            subject_id: Some(self.resident_id),
            ..EventSummary::of_stateful(self)
        }
    }
}

impl Stateful for AgencyCase {
    lifecycle!(AgencyCaseState);

    fn on_transition(
        &mut self,
        action: AgencyCaseAction,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        match action {
            AgencyCaseAction::Submit if !self.is_authorised => {
                let why = "the resident has not authorised the station";
                return Err(Refusal::guard(Guard::NotAuthorised, Self::KIND, why));
            }
            AgencyCaseAction::Deliver | AgencyCaseAction::Withdraw if !self.papers.is_empty() => {
                self.papers_returned_time = Some(now);
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_record::states::table(AgencyCaseState::ALL));
    }
}
