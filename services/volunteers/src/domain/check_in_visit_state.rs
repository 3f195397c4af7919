//! The state machine of a check-in visit: the only place where its state changes.

use serde::Serialize;
use wangge_api::refusal::Refusal;

use crate::domain::check_in_visit::KIND;

/// State of a visit. The numbers are those of the contract's `CheckInVisitState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[repr(i16)]
pub enum CheckInVisitState {
    /// Counts as one person-time.
    Recorded = 1,
    /// Entered by mistake; no longer counts. Final.
    Voided = 2,
}

/// An action on a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckInVisitAction {
    /// Marks it as entered by mistake.
    Void,
}

impl CheckInVisitState {
    /// All states, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Recorded, Self::Voided];

    /// Returns the number of the state in the contract and the database.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// Returns the state with a number, if there is one.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Returns the name in refusals: that of the contract, without its prefix.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recorded => "RECORDED",
            Self::Voided => "VOIDED",
        }
    }
}

impl CheckInVisitAction {
    /// All actions on a visit.
    pub const ALL: [Self; 1] = [Self::Void];

    /// Returns the name in refusals.
    pub fn name(self) -> &'static str {
        match self {
            Self::Void => "void",
        }
    }
}

/// Returns the state after an action.
///
/// # Errors
/// `STATE_CONFLICT` if the action is not legal in `state`.
pub fn next(
    state: CheckInVisitState,
    action: CheckInVisitAction,
) -> Result<CheckInVisitState, Refusal> {
    match (state, action) {
        (CheckInVisitState::Recorded, CheckInVisitAction::Void) => Ok(CheckInVisitState::Voided),
        (CheckInVisitState::Voided, CheckInVisitAction::Void) => {
            Err(Refusal::state_conflict(KIND, state.name(), action.name()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let mut table = String::new();
        for state in CheckInVisitState::ALL {
            for action in CheckInVisitAction::ALL {
                let after = next(state, action).map_or("-", CheckInVisitState::name);
                table += &format!("{} {} -> {after}\n", state.name(), action.name());
            }
        }
        insta::assert_snapshot!(table, @r"
        RECORDED void -> VOIDED
        VOIDED void -> -
        ");
    }

    #[test]
    fn codes_are_read_back() {
        for state in CheckInVisitState::ALL {
            assert_eq!(CheckInVisitState::from_code(state.code()), Some(state));
        }
        assert_eq!(CheckInVisitState::from_code(0), None);
    }
}
