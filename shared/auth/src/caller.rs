//! The caller of a request, as the token named them.

use tonic::Request;
use uuid::Uuid;
use wangge_api::{
    policy::{MethodPolicy, Role, Scope},
    refusal::Refusal,
};

use crate::scope::RecordScope;

/// Who calls, and what they may see through the method called.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Subject of the token.
    pub subject: String,
    /// Names the caller among those of all issuers: request ids and shares of
    /// the service are kept by it.
    pub key: String,
    /// Roles that the token names.
    pub roles: Vec<Role>,
    /// Code of the caller's area; empty for the whole platform, none for no
    /// area at all.
    pub area_code: Option<String>,
    /// The caller's unit.
    pub unit_id: Option<Uuid>,
}

impl Caller {
    /// Whether the caller's area is the whole platform.
    pub fn is_of_the_platform(&self) -> bool {
        self.area_code.as_deref() == Some("")
    }

    /// Whether one of the caller's roles may call a method.
    pub fn may_call(&self, policy: &MethodPolicy) -> bool {
        self.roles.iter().any(|role| policy.roles.contains(role))
    }

    /// What the caller reaches through a method. Only a department reaches
    /// records by holding; only others reach them by area.
    pub fn scope(&self, policy: &MethodPolicy) -> RecordScope {
        let by_area = self.area_code.clone();
        let by_holding = self.unit_id;
        match policy.scope {
            Scope::Platform => RecordScope::everything(),
            Scope::Area => RecordScope::new(by_area, None),
            Scope::AreaOrAround => RecordScope::with_around(by_area),
            Scope::Holding => RecordScope::new(None, by_holding),
            Scope::AreaOrHolding => {
                let others = self
                    .roles
                    .iter()
                    .any(|role| *role != Role::Department && policy.roles.contains(role));
                RecordScope::new(by_area.filter(|_| others), by_holding)
            }
            Scope::Unspecified => RecordScope::new(None, None),
        }
    }

    /// The caller and the scope that the policy layer has put on a request.
    ///
    /// # Errors
    /// `INTERNAL` if no policy layer stood before the handler.
    pub fn of<T>(request: &Request<T>) -> Result<(Self, RecordScope), Refusal> {
        request
            .extensions()
            .get::<(Self, RecordScope)>()
            .cloned()
            .ok_or_else(|| Refusal::internal(&"no policy layer stood before the handler"))
    }
}
