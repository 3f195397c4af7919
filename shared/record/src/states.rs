//! The states of a kind of record, as data: which actions lead from which states to
//! which. It refuses to change a record: that is the [`lifecycle`](crate::lifecycle)'s.

use serde::{Serialize, de::DeserializeOwned};

/// The actions on a kind of record. Implemented by [`states!`](crate::states!).
pub trait Action: Copy + Eq + std::fmt::Debug + Send + Sync + 'static {
    /// All actions.
    const ALL: &'static [Self];

    /// Returns the action's name, as used in histories, refusals and imports.
    fn name(self) -> &'static str;
}

/// The states of a kind of record. Implemented by [`states!`](crate::states!).
pub trait States:
    Copy + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned + Send + Sync + Unpin + 'static
{
    /// The enum of the kind's actions.
    type Action: Action;

    /// The initial state of a record.
    const FIRST: Self;

    /// All legal transitions. An action is rejected in every state that it isn't listed
    /// for.
    const TRANSITIONS: &'static [Transition<Self>];

    /// Returns the state's name, as used in refusals and events.
    fn name(self) -> &'static str;
}

/// An action, and the states in which it is legal.
#[derive(Debug)]
pub struct Transition<S: States> {
    /// The action, such as `Claim`.
    pub action: S::Action,
    /// The states in which the action is legal.
    pub from: &'static [S],
    /// The state that the action leads to.
    pub to: S,
}

/// Returns the state after an action; `None` if the action isn't legal in `state`.
pub fn next<S: States>(state: S, action: S::Action) -> Option<S> {
    let mut transitions = S::TRANSITIONS.iter();
    transitions
        .find(|one| one.action == action && one.from.contains(&state))
        .map(|one| one.to)
}

/// Returns true if no action is legal in the state.
pub fn is_final<S: States>(state: S) -> bool {
    !S::TRANSITIONS.iter().any(|one| one.from.contains(&state))
}

/// Defines the states of a kind of record, its actions and their transitions, as two
/// enums that implement [`States`] and [`Action`]. The first state is the initial one.
/// The numbers are those of the contract's enum; the texts are the names in refusals,
/// histories and events. An action leads to one state.
///
/// ```
/// wangge_record::states! {
///     /// States of a wish.
///     WishState {
///         /// Posted; staff must review it.
///         Posted = 1 => "posted",
///         /// Reviewed; it can be claimed.
///         Reviewed = 2 => "reviewed",
///         /// The wish was withdrawn. Final.
///         Withdrawn = 3 => "withdrawn",
///     }
///     WishAction {
///         Review = "review": Posted => Reviewed,
///         Withdraw = "withdraw": Posted | Reviewed => Withdrawn,
///     }
/// }
///
/// use wangge_record::states::{is_final, next};
/// assert_eq!(next(WishState::Reviewed, WishAction::Withdraw), Some(WishState::Withdrawn));
/// assert_eq!(next(WishState::Reviewed, WishAction::Review), None);
/// assert!(is_final(WishState::Withdrawn));
/// ```
#[macro_export]
macro_rules! states {
    (
        $(#[$doc:meta])* $name:ident {
            $(#[$first_doc:meta])* $first:ident = $first_code:literal => $first_text:literal,
            $($(#[$state_doc:meta])* $state:ident = $code:literal => $text:literal,)*
        }
        $actions:ident {
            $($action:ident = $action_text:literal: $($from:ident)|+ => $to:ident,)+
        }
    ) => {
        ::wangge_kernel::coded_enum! {
            $(#[$doc])* $name {
                $(#[$first_doc])* $first = $first_code => $first_text,
                $($(#[$state_doc])* $state = $code => $text,)*
            }
        }

        #[doc = concat!("The actions that lead from one [`", stringify!($name), "`] to another.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $actions {
            $(#[doc = concat!("The action `", $action_text, "`.")] $action,)+
        }

        impl $crate::states::Action for $actions {
            const ALL: &'static [Self] = &[$(Self::$action),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$action => $action_text,)+
                }
            }
        }

        impl $crate::States for $name {
            type Action = $actions;

            const FIRST: Self = Self::$first;
            const TRANSITIONS: &'static [$crate::states::Transition<Self>] = &[
                $($crate::states::Transition {
                    action: $actions::$action,
                    from: &[$(Self::$from),+],
                    to: Self::$to,
                },)+
            ];

            fn name(self) -> &'static str {
                Self::name(self)
            }
        }
    };
}

/// Returns a table of all transitions, one per line, for snapshot tests that a reader
/// can check.
pub fn table<S: States>(states: &[S]) -> String {
    let mut table = String::new();
    for &state in states {
        for one in S::TRANSITIONS
            .iter()
            .filter(|one| one.from.contains(&state))
        {
            let (from, to) = (state.name(), one.to.name());
            table.push_str(&format!("{from:<20} {:<20} -> {to}\n", one.action.name()));
        }
    }
    table
}
