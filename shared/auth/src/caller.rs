//! The caller of a request, as identified by the token.

use tonic::Request;
use uuid::Uuid;
use wangge_api::{
    policy::{MethodPolicy, Role, Scope},
    refusal::Refusal,
};

use crate::scope::RecordScope;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Subject of the token, unique within its issuer.
    pub subject: String,
    /// Unique among the callers of all issuers; the key for request ids and for the
    /// caller's share of the service.
    pub key: String,
    /// Roles that the token grants.
    pub roles: Vec<Role>,
    /// Code of the caller's area; empty for the whole platform, `None` for no area
    /// at all.
    pub area_code: Option<String>,
    /// Id of the caller's unit, if it has one.
    pub unit_id: Option<Uuid>,
}

impl Caller {
    /// Returns true if the caller's area is the whole platform.
    pub fn is_of_the_platform(&self) -> bool {
        self.area_code.as_deref() == Some("")
    }

    /// Returns true if one of the caller's roles may call the method.
    pub fn may_call(&self, policy: &MethodPolicy) -> bool {
        self.roles.iter().any(|role| policy.roles.contains(role))
    }

    /// Returns the records that the caller can access through a method. A
    /// department accesses records only by holding orders; other roles access them
    /// by area.
    pub fn scope(&self, policy: &MethodPolicy) -> RecordScope {
        let by_area = self.area_code.clone();
        let by_holding = self.unit_id;
        match policy.scope {
            Scope::Platform => RecordScope::everything(),
            Scope::Area => RecordScope::new(by_area, None),
            Scope::AreaOrAround => RecordScope::with_around(by_area),
            Scope::Holding => RecordScope::new(None, by_holding),
            Scope::AreaOrHolding => {
                // A caller with several roles gets the area only for a role that
                // may call this method; otherwise a department could widen its
                // access with a role that is useless here.
                let others = self
                    .roles
                    .iter()
                    .any(|role| *role != Role::Department && policy.roles.contains(role));
                RecordScope::new(by_area.filter(|_| others), by_holding)
            }
            // Can't occur for a built method; grants nothing rather than
            // everything.
            Scope::Unspecified => RecordScope::new(None, None),
        }
    }

    /// Returns the caller and the scope that the policy layer has attached to a
    /// request.
    ///
    /// # Errors
    /// Returns `INTERNAL` if the request didn't pass through the policy layer.
    pub fn of<T>(request: &Request<T>) -> Result<(Self, RecordScope), Refusal> {
        request
            .extensions()
            .get::<(Self, RecordScope)>()
            .cloned()
            .ok_or_else(|| Refusal::internal(&"the handler is not behind a policy layer"))
    }
}
