//! The lifecycle of a record: its states, the actions that lead from one to another,
//! and the history of steps that were taken. It refuses any change of state that isn't
//! one of the kind's transitions: a state changes in [`Lifecycle::take`] and in
//! [`Lifecycle::replay`] only, both of which look it up with [`next`]. Rules that depend
//! on other records are guards of the storage.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_kernel::refusal::{Refusal, Rule};

use crate::{
    Checks, Note, Record,
    states::{Action as _, States, next},
};

/// Returns the action with a name; `None` if the kind has no such action.
fn action_named<S: States>(name: &str) -> Option<S::Action> {
    let mut actions = S::Action::ALL.iter().copied();
    actions.find(|action| action.name() == name)
}

/// One step of a record's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Name of the action that was taken.
    pub action: String,
    /// Name of the state that it led to.
    pub state: String,
    /// Time of the step. In imports, the time given by the row.
    pub step_time: DateTime<Utc>,
    /// The subject of the caller's token; empty for imported steps and for scheduled
    /// ones, which no caller has taken.
    pub actor: Note,
    /// The reason, for actions that require one; may be personal data.
    pub reason: Note,
    /// The person named by the action, if it names one. A token identifies an account
    /// and no person, so both are recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_id: Option<Uuid>,
}

/// The current state of a record, and the steps that led to it. Its fields are columns
/// of the record's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "S: States")]
pub struct Lifecycle<S: States> {
    state: S,
    steps: Vec<Step>,
}

impl<S: States> Default for Lifecycle<S> {
    fn default() -> Self {
        Self {
            state: S::FIRST,
            steps: Vec::new(),
        }
    }
}

impl<S: States> Lifecycle<S> {
    /// Returns the current state.
    pub fn state(&self) -> S {
        self.state
    }

    /// Returns true if the current state is one of `states`.
    pub fn is_in(&self, states: &[S]) -> bool {
        states.contains(&self.state)
    }

    /// Returns the steps in the order in which they were taken.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the time of the last step with this action; `None` if it was never
    /// taken.
    pub fn last_time(&self, action: S::Action) -> Option<DateTime<Utc>> {
        let mut steps = self.steps.iter().rev();
        steps
            .find(|step| step.action == action.name())
            .map(|step| step.step_time)
    }

    /// Returns the number of steps with this action.
    pub fn count(&self, action: S::Action) -> usize {
        let steps = self.steps.iter();
        steps.filter(|step| step.action == action.name()).count()
    }

    /// Returns the day of the last step with this action, in the time zone of the
    /// community.
    pub fn last_day(&self, action: S::Action) -> Option<NaiveDate> {
        self.last_time(action)
            .map(|time| day_of(time, DEFAULT_ZONE))
    }

    /// Returns the actor of the last step with one of these actions; `None` if there is
    /// no such step or its actor isn't known, as in imports.
    pub fn last_actor(&self, actions: &[S::Action]) -> Option<&str> {
        let mut steps = self.steps.iter().rev();
        let step = steps.find(|step| actions.iter().any(|action| action.name() == step.action))?;
        Some(step.actor.0.as_str()).filter(|actor| !actor.is_empty())
    }

    /// Takes a step. `kind` is the record's kind, for refusals.
    ///
    /// # Errors
    /// Returns `STATE_CONFLICT` if the action isn't legal in the current state.
    pub fn take(
        &mut self,
        kind: &'static str,
        step: NewTransition<S::Action>,
    ) -> Result<(), Refusal> {
        let NewTransition {
            action,
            time,
            actor,
            reason,
        } = step;
        let state = next(self.state, action)
            .ok_or_else(|| Refusal::state_conflict(kind, self.state.name(), action.name()))?;
        // A clock that was set back must not make a step precede the one before it:
        // histories are read as ordered.
        let before = self.steps.last().map_or(time, |step| step.step_time);
        self.state = state;
        self.steps.push(Step {
            action: action.name().to_owned(),
            state: state.name().to_owned(),
            step_time: time.max(before),
            actor: Note(actor),
            reason: Note(reason),
            person_id: None,
        });
        Ok(())
    }

    /// Sets the person for whom the last step was taken.
    fn taken_for(&mut self, person_id: Option<Uuid>) {
        if let Some(step) = self.steps.last_mut() {
            step.person_id = person_id;
        }
    }

    /// Builds the lifecycle of an imported record from the steps of its row. Every
    /// invalid step is reported to `checks`: an illegal action, a time before that of
    /// the previous step or before `created`, or a time after `now`. The result must
    /// not be used if any rule was violated. Actors are dropped: a row can't state who
    /// was signed in.
    pub fn replay(
        created: DateTime<Utc>,
        now: DateTime<Utc>,
        steps: Vec<Step>,
        checks: &mut Checks,
    ) -> Self {
        let mut lifecycle = Self::default();
        let mut before = created;
        for (at, step) in steps.into_iter().enumerate() {
            let field = |name: &str| format!("steps[{at}].{name}");
            let action = action_named::<S>(&step.action);
            match action.and_then(|action| next(lifecycle.state, action)) {
                Some(state) => lifecycle.state = state,
                None => {
                    let why = format!("is not legal in state {}", lifecycle.state.name());
                    checks.rule(false, &field("action"), Rule::StepAction, &why);
                }
            }
            // Unlike in `take`, the time is rejected and not clamped: it is what the
            // row states.
            let ordered = step.step_time >= before;
            checks.rule(
                ordered,
                &field("step_time"),
                Rule::StepOrder,
                "must not be earlier than the previous step",
            );
            checks.rule(
                step.step_time <= now,
                &field("step_time"),
                Rule::TimeNotInFuture,
                "must not be in the future",
            );
            checks.no_nul(&step.reason.0, &field("reason"));
            before = step.step_time;
            lifecycle.steps.push(Step {
                state: lifecycle.state.name().to_owned(),
                actor: Note::default(),
                ..step
            });
        }
        lifecycle
    }
}

/// A step that is about to be taken; once taken, it is recorded as a [`Step`].
#[derive(Debug, Clone)]
pub struct NewTransition<A> {
    /// The action.
    pub action: A,
    /// Time of the step.
    pub time: DateTime<Utc>,
    /// The subject of the caller's token; empty for scheduled steps.
    pub actor: String,
    /// The reason; empty unless the action requires one.
    pub reason: String,
}

/// The actions on a kind of record with a lifecycle.
pub type ActionOf<R> = <<R as Stateful>::State as States>::Action;

/// A kind of record with a lifecycle.
pub trait Stateful: Record {
    /// The enum of the kind's states.
    type State: States;

    /// Returns the record's lifecycle.
    fn lifecycle(&self) -> &Lifecycle<Self::State>;

    /// Returns the record's lifecycle for modification. Only [`Stateful::take`] needs
    /// it.
    fn lifecycle_mut(&mut self) -> &mut Lifecycle<Self::State>;

    /// Applies the side effects of an action on the record's own fields, such as
    /// setting a deadline or clearing a name. Runs after the caller's input was
    /// applied; the record is already in its new state.
    ///
    /// # Errors
    /// Returns `GUARD_FAILED` if a guard of the action doesn't hold.
    fn on_transition(
        &mut self,
        _action: ActionOf<Self>,
        _now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    /// Returns the person whom an action puts in charge, if it names one. A token
    /// identifies no person, so the step records both: the caller, and the person it
    /// was taken for.
    fn named(&self, _action: ActionOf<Self>) -> Option<Uuid> {
        None
    }

    /// Takes a step: changes the state, applies the caller's input with `give`, then
    /// the side effects of the action, and validates the result.
    ///
    /// After an error the record may be partly changed and must be dropped.
    ///
    /// # Errors
    /// Returns `STATE_CONFLICT`, `FIELD_INVALID` for fields of the record, and the
    /// errors of [`Stateful::on_transition`].
    fn take(
        &mut self,
        step: NewTransition<ActionOf<Self>>,
        give: impl FnOnce(&mut Self, &mut Checks),
    ) -> Result<(), Refusal> {
        // A clock that was set back must not make a step precede the record.
        let time = step.time.max(self.metadata().created_time);
        let step = NewTransition { time, ..step };
        let action = step.action;
        // The state changes first: `on_transition` and `check` judge the record as it will be
        // stored.
        self.lifecycle_mut().take(Self::KIND, step)?;
        let mut checks = Checks::of(Self::KIND).at(time);
        give(self, &mut checks);
        if checks.is_ok() {
            self.on_transition(action, time)?;
            // Only now, since it can be the caller's input that names the person.
            let named = self.named(action);
            self.lifecycle_mut().taken_for(named);
            self.check(&mut checks);
        }
        checks.finish()
    }
}

/// Writes the accessors of [`Stateful`] for a record with a field `lifecycle`, inside its
/// `impl`.
#[macro_export]
macro_rules! lifecycle {
    ($state:ty) => {
        type State = $state;

        fn lifecycle(&self) -> &$crate::Lifecycle<$state> {
            &self.lifecycle
        }

        fn lifecycle_mut(&mut self) -> &mut $crate::Lifecycle<$state> {
            &mut self.lifecycle
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{states, states::is_final};

    states! {
        /// States of a lamp.
        Lamp {
            /// Not lit.
            Off = 1 => "off",
            /// Lit.
            On = 2 => "on",
            /// Broken. Final.
            Broken = 3 => "broken",
        }
        LampAction {
            Light = "light": Off => On,
            Drop = "drop": Off | On => Broken,
        }
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).expect("a time")
    }

    fn taken(action: LampAction, second: i64) -> NewTransition<LampAction> {
        NewTransition {
            action,
            time: at(second),
            actor: String::new(),
            reason: String::new(),
        }
    }

    #[test]
    fn a_lifecycle_takes_legal_steps_only_and_never_backwards_in_time() {
        let mut lifecycle = Lifecycle::<Lamp>::default();
        lifecycle
            .take("lamp", taken(LampAction::Light, 10))
            .expect("legal");
        let again = lifecycle.take("lamp", taken(LampAction::Light, 11));
        assert!(again.is_err(), "it is lit");
        lifecycle
            .take("lamp", taken(LampAction::Drop, 5))
            .expect("legal");
        assert_eq!(lifecycle.state(), Lamp::Broken);
        assert!(is_final(lifecycle.state()));
        assert_eq!(lifecycle.steps()[1].step_time, at(10));
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
        Lifecycle::<Lamp>::replay(at(0), at(50), steps, &mut checks);
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
