//! State machine of check-in visits: the only place where their state changes.

use serde::Serialize;
use wangge_kernel::refusal::Refusal;

use crate::domain::check_in_visit::KIND;

/// State of a visit, numbered as in the contract's `CheckInVisitState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[repr(i16)]
pub enum CheckInVisitState {
    /// Recorded; counts as one person-time.
    Recorded = 1,
    /// Recorded by mistake; no longer counted. Final.
    Voided = 2,
}

/// Actions that can be taken on a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckInVisitAction {
    /// Mark the visit as recorded by mistake.
    Void,
}

impl CheckInVisitState {
    /// All states, in numeric order.
    pub const ALL: [Self; 2] = [Self::Recorded, Self::Voided];

    /// Returns the number of the state in the contract and the database.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// Returns the state with a number, or `None` if the number is unknown.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Returns the name used in refusals: the contract's, without its prefix.
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

    /// Returns the name used in refusals.
    pub fn name(self) -> &'static str {
        match self {
            Self::Void => "void",
        }
    }
}

/// Returns the state after an action.
///
/// # Errors
/// `STATE_CONFLICT` if the action is not allowed in the state.
pub fn next(
    state: CheckInVisitState,
    action: CheckInVisitAction,
) -> Result<CheckInVisitState, Refusal> {
    // Exhaustive, without a wildcard: a new state or action does not compile until its
    // transition is decided.
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
