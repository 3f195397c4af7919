//! Agency cases: applications to the government handled for a resident. A case belongs to
//! the area of its station.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_records::{Checks, Course, Head, Note, Record, Reference, Stateful, Text, Told, states};

states! {
    /// States of an agency case. The numbers are those of the contract.
    AgencyCaseState for AgencyCase {
        /// Received; papers may be missing.
        Received = 1 => "received",
        /// The station holds every paper.
        MaterialsComplete = 2 => "materials_complete",
        /// Submitted to the department.
        Submitted = 3 => "submitted",
        /// The department has decided.
        Resulted = 4 => "resulted",
        /// The resident has the result and the papers. Final.
        Delivered = 5 => "delivered",
        /// Withdrawn; the resident has the papers back. Final.
        Withdrawn = 6 => "withdrawn",
    }
    "complete_materials": Received => MaterialsComplete,
    "submit": MaterialsComplete => Submitted,
    "record_result": Submitted => Resulted,
    "deliver": Resulted => Delivered,
    "withdraw": Received | MaterialsComplete | Submitted => Withdrawn,
}

/// An application that a station handles for a resident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgencyCase {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub head: Head,
    /// Current state and the steps that led to it.
    #[serde(flatten)]
    pub course: Course<AgencyCaseState>,
    /// Id of the station.
    pub station_id: Uuid,
    /// Id of the resident, in the organization service.
    pub resident_id: Uuid,
    /// Subject of the application, such as a permit or an allowance.
    pub matter: Text,
    /// Id of the person who handles it, in the organization service.
    pub handler_person_id: Uuid,
    /// True if the resident has authorised the station in writing.
    pub is_authorised: bool,
    /// Id of the livelihood matter in the tickets service that the case is about, if any.
    pub livelihood_matter_id: Option<Uuid>,
    /// Papers of the resident that the station holds, each 1 to 100 characters.
    pub papers: Vec<Text>,
    /// Result of the department; empty until it has decided.
    pub result: Note,
    /// Time at which the papers were returned to the resident.
    pub papers_returned_time: Option<DateTime<Utc>>,
}

impl Record for AgencyCase {
    const KIND: &'static str = "agency_case";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        let state = self.course.state();
        let name = state.name();
        // A withdrawn case may have been withdrawn before or after its papers were complete.
        let has_papers = !self.papers.is_empty();
        if state != AgencyCaseState::Withdrawn {
            let held = state != AgencyCaseState::Received;
            checks.given_when(held, has_papers, "papers", name);
        }
        let resulted = [AgencyCaseState::Resulted, AgencyCaseState::Delivered];
        let says = !self.result.0.trim().is_empty();
        checks.given_when(self.course.is_in(&resulted), says, "result", name);
        let over = [AgencyCaseState::Delivered, AgencyCaseState::Withdrawn];
        // Without papers there is nothing to return, so the time stays empty.
        let returned = self.course.is_in(&over) && has_papers;
        let given = self.papers_returned_time.is_some();
        checks.given_when(returned, given, "papers_returned_time", name);
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id("station_id", "station", self.station_id)]
    }

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.station_id)
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.station_id),
            subject_id: Some(self.resident_id),
            ..Told::course(self)
        }
    }
}

impl Stateful for AgencyCase {
    type State = AgencyCaseState;

    fn course(&self) -> &Course<AgencyCaseState> {
        &self.course
    }

    fn course_mut(&mut self) -> &mut Course<AgencyCaseState> {
        &mut self.course
    }

    fn settle(&mut self, action: &'static str, now: DateTime<Utc>) -> Result<(), Refusal> {
        match action {
            // A guard of the state change only, not of the record: the authorisation may be entered
            // after the papers.
            "submit" if !self.is_authorised => {
                let why = "the resident has not authorised the station";
                return Err(Refusal::guard("not_authorised", Self::KIND, why));
            }
            // The station's custody of the papers ends with either of these steps.
            "deliver" | "withdraw" if !self.papers.is_empty() => {
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
        insta::assert_snapshot!(wangge_records::course::table(AgencyCaseState::ALL));
    }
}
