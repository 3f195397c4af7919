//! The course of a record through its states: which action leads where, and
//! the steps that were taken. A state changes in [`Course::take`] and in
//! [`Course::replay`], both of which ask [`next`], and nowhere else.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_kernel::refusal::Refusal;

use crate::{Checks, Note, Record};

/// The states that a kind of record can be in. [`states!`](crate::states!)
/// writes it.
pub trait States:
    Copy + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned + Send + Sync + Unpin + 'static
{
    /// The state in which a record begins.
    const FIRST: Self;

    /// What can be done, from where, and where it leads.
    const MOVES: &'static [Move<Self>];

    /// Its name, as refusals and events tell it.
    fn name(self) -> &'static str;
}

/// One action, from the states in which it is legal.
#[derive(Debug)]
pub struct Move<S: 'static> {
    /// Name of the action.
    pub action: &'static str,
    /// Where it is legal.
    pub from: &'static [S],
    /// Where it leads.
    pub to: S,
}

/// The state after an action; none if the action is not legal.
pub fn next<S: States>(state: S, action: &str) -> Option<S> {
    let mut moves = S::MOVES.iter();
    moves
        .find(|one| one.action == action && one.from.contains(&state))
        .map(|one| one.to)
}

/// Whether nothing more can happen.
pub fn is_final<S: States>(state: S) -> bool {
    !S::MOVES.iter().any(|one| one.from.contains(&state))
}

/// Returns true if an action is legal in some state: a name that was misspelt never
/// is, and asking for it would silently find nothing.
fn knows<S: States>(action: &str) -> bool {
    S::MOVES.iter().any(|one| one.action == action)
}

/// One step of a record's course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What was done.
    pub action: String,
    /// The state that it led to.
    pub state: String,
    /// When.
    pub step_time: DateTime<Utc>,
    /// Who did it: the subject of the caller's token; empty in loads, and for
    /// what the clock did.
    pub actor: Note,
    /// Why, where a reason is asked for; it may be personal.
    pub reason: Note,
    /// For whom, if the action named a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_id: Option<Uuid>,
}

/// Where a record stands, and how it came there. Its fields are columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "S: States")]
pub struct Course<S: States> {
    state: S,
    steps: Vec<Step>,
}

impl<S: States> Default for Course<S> {
    fn default() -> Self {
        Self {
            state: S::FIRST,
            steps: Vec::new(),
        }
    }
}

impl<S: States> Course<S> {
    /// The state.
    pub fn state(&self) -> S {
        self.state
    }

    /// Whether it is in one of some states.
    pub fn is_in(&self, states: &[S]) -> bool {
        states.contains(&self.state)
    }

    /// The steps, the first one first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// When an action was last taken.
    pub fn last_time(&self, action: &str) -> Option<DateTime<Utc>> {
        debug_assert!(knows::<S>(action), "no state has an action {action}");
        let mut steps = self.steps.iter().rev();
        steps
            .find(|step| step.action == action)
            .map(|step| step.step_time)
    }

    /// The day on which an action was last taken, in the time zone of the community.
    pub fn last_day(&self, action: &str) -> Option<NaiveDate> {
        self.last_time(action)
            .map(|time| day_of(time, DEFAULT_ZONE))
    }

    /// Who took an action last; none if nobody did or it isn't known.
    pub fn last_actor(&self, actions: &[&str]) -> Option<&str> {
        debug_assert!(
            actions.iter().all(|action| knows::<S>(action)),
            "{actions:?}"
        );
        let mut steps = self.steps.iter().rev();
        let step = steps.find(|step| actions.contains(&step.action.as_str()))?;
        Some(step.actor.0.as_str()).filter(|actor| !actor.is_empty())
    }

    /// Takes a step of a record of some kind. A clock that was set back must
    /// not make it precede the one before.
    ///
    /// # Errors
    /// `STATE_CONFLICT` if the action is not legal.
    pub fn take(&mut self, kind: &'static str, step: Taken) -> Result<(), Refusal> {
        let Taken {
            action,
            time,
            actor,
            reason,
        } = step;
        let state = next(self.state, action)
            .ok_or_else(|| Refusal::state_conflict(kind, self.state.name(), action))?;
        let before = self.steps.last().map_or(time, |step| step.step_time);
        self.state = state;
        self.steps.push(Step {
            action: action.to_owned(),
            state: state.name().to_owned(),
            step_time: time.max(before),
            actor: Note(actor),
            reason: Note(reason),
            person_id: None,
        });
        Ok(())
    }

    /// Says for whom the last step was taken.
    fn taken_for(&mut self, person_id: Option<Uuid>) {
        if let Some(step) = self.steps.last_mut() {
            step.person_id = person_id;
        }
    }

    /// The course that steps of the past make up.
    pub fn replay(
        created: DateTime<Utc>,
        now: DateTime<Utc>,
        steps: Vec<Step>,
        checks: &mut Checks,
    ) -> Self {
        let mut course = Self::default();
        let mut before = created;
        for (at, step) in steps.into_iter().enumerate() {
            let field = |name: &str| format!("steps[{at}].{name}");
            match next(course.state, &step.action) {
                Some(state) => course.state = state,
                None => {
                    let why = format!("is not legal in state {}", course.state.name());
                    checks.rule(false, &field("action"), "step.action", &why);
                }
            }
            let ordered = step.step_time >= before;
            checks.rule(
                ordered,
                &field("step_time"),
                "step.order",
                "must not be earlier than the previous step",
            );
            checks.rule(
                step.step_time <= now,
                &field("step_time"),
                "time.not_in_future",
                "must not be in the future",
            );
            checks.keepable(&step.reason.0, &field("reason"));
            before = step.step_time;
            course.steps.push(Step {
                state: course.state.name().to_owned(),
                actor: Note::default(),
                ..step
            });
        }
        course
    }
}

/// A step that is to be taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// What is done.
    pub action: &'static str,
    /// When.
    pub time: DateTime<Utc>,
    /// Who does it.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// A record with states.
pub trait Stateful: Record {
    /// Its states.
    type State: States;

    /// Its course.
    fn course(&self) -> &Course<Self::State>;

    /// The same, to be changed.
    fn course_mut(&mut self) -> &mut Course<Self::State>;

    /// What an action brings along besides what the caller gives: a time that
    /// is noted, a name that is cleared. The record is in its new state.
    ///
    /// # Errors
    /// A guard that does not hold.
    fn settle(&mut self, _action: &'static str, _now: DateTime<Utc>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Whom an action names as the one who does something from now on. A token
    /// names no person, so the step keeps both: who called, and for whom.
    fn named(&self, _action: &'static str) -> Option<Uuid> {
        None
    }

    /// Takes a step: what `give` gives comes first, then what the action brings
    /// along, and the record must be sound after it.
    ///
    /// # Errors
    /// `STATE_CONFLICT`, `FIELD_INVALID` for fields of the record, and what
    /// [`Stateful::settle`] refuses.
    fn take(
        &mut self,
        step: Taken,
        give: impl FnOnce(&mut Self, &mut Checks),
    ) -> Result<(), Refusal> {
        let (action, time) = (step.action, step.time);
        self.course_mut().take(Self::KIND, step)?;
        let mut checks = Checks::of(Self::KIND).at(time);
        give(self, &mut checks);
        if checks.hold() {
            self.settle(action, time)?;
            let named = self.named(action);
            self.course_mut().taken_for(named);
            self.check(&mut checks);
        }
        checks.done()
    }
}

/// The states of a kind of record, with everything that can be done: the first
/// state is where it begins. Numbers are the contract's.
///
/// ```ignore
/// states! {
///     /// States of a wish.
///     WishState for Wish {
///         /// Posted.
///         Posted = 1 => "posted",
///         /// Made true.
///         Realised = 2 => "realised",
///     }
///     "realise": Posted => Realised,
/// }
/// ```
#[macro_export]
macro_rules! states {
    (
        $(#[$doc:meta])* $name:ident for $record:ident {
            $(#[$first_doc:meta])* $first:ident = $first_code:literal => $first_text:literal,
            $($(#[$state_doc:meta])* $state:ident = $code:literal => $text:literal,)*
        }
        $($action:literal: $($from:ident)|+ => $to:ident,)+
    ) => {
        ::wangge_kernel::coded_enum! {
            $(#[$doc])* $name {
                $(#[$first_doc])* $first = $first_code => $first_text,
                $($(#[$state_doc])* $state = $code => $text,)*
            }
        }

        impl $crate::States for $name {
            const FIRST: Self = Self::$first;
            const MOVES: &'static [$crate::lifecycle::Move<Self>] = &[
                $($crate::lifecycle::Move { action: $action, from: &[$(Self::$from),+], to: Self::$to },)+
            ];

            fn name(self) -> &'static str {
                Self::name(self)
            }
        }
    };
}

/// Every state and what can be done in it, for people and for snapshots.
pub fn table<S: States>(states: &[S]) -> String {
    let mut table = String::new();
    for &state in states {
        for one in S::MOVES.iter().filter(|one| one.from.contains(&state)) {
            let (from, to) = (state.name(), one.to.name());
            table.push_str(&format!("{from:<20} {:<20} -> {to}\n", one.action));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
    enum Lamp {
        Off,
        On,
        Broken,
    }

    impl States for Lamp {
        const FIRST: Self = Self::Off;
        const MOVES: &'static [Move<Self>] = &[
            Move {
                action: "light",
                from: &[Self::Off],
                to: Self::On,
            },
            Move {
                action: "drop",
                from: &[Self::Off, Self::On],
                to: Self::Broken,
            },
        ];

        fn name(self) -> &'static str {
            match self {
                Self::Off => "off",
                Self::On => "on",
                Self::Broken => "broken",
            }
        }
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).expect("a time")
    }

    fn taken(action: &'static str, second: i64) -> Taken {
        Taken {
            action,
            time: at(second),
            actor: String::new(),
            reason: String::new(),
        }
    }

    #[test]
    fn a_course_takes_legal_steps_only_and_never_backwards_in_time() {
        let mut course = Course::<Lamp>::default();
        course.take("lamp", taken("light", 10)).expect("legal");
        let again = course.take("lamp", taken("light", 11));
        assert!(again.is_err(), "it is lit");
        course.take("lamp", taken("drop", 5)).expect("legal");
        assert_eq!(course.state(), Lamp::Broken);
        assert!(is_final(course.state()));
        assert_eq!(course.steps()[1].step_time, at(10));
    }

    #[test]
    fn a_replay_names_each_step_that_is_wrong() {
        let step = |action: &str, second| Step {
            action: action.to_owned(),
            state: String::new(),
            step_time: at(second),
            actor: Note::default(),
            reason: Note::default(),
            person_id: None,
        };
        let mut checks = Checks::of("lamp");
        let steps = vec![step("light", 10), step("light", 5), step("drop", 99)];
        Course::<Lamp>::replay(at(0), at(50), steps, &mut checks);
        let fields: Vec<_> = checks.refusal().fields;
        let fields: Vec<&str> = fields.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "lamp.steps[1].action",
                "lamp.steps[1].step_time",
                "lamp.steps[2].step_time"
            ]
        );
    }
}
