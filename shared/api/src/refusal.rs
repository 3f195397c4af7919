//! Refusals as callers of gRPC meet them: the pure type of the kernel with its
//! conversion to a status. The contract's lists of reasons, guards and rules and ours must
//! be the same; tests compare them.

pub use wangge_kernel::refusal::{
    FieldViolation, Guard, Precondition, Reason, Refusal, Rule,
    grpc::{DOMAIN, carries, code},
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost::Message as _;
    use tonic::Status;
    use tonic_types::pb;

    use super::*;
    use crate::errors::v1;

    #[test]
    fn our_reasons_are_those_of_the_contract() {
        let ours = Reason::ALL
            .iter()
            .map(|reason| (reason.code().into(), format!("REASON_{}", reason.name())));
        let contract = (1..1000)
            .filter_map(|number| v1::Reason::try_from(number).ok())
            .map(|reason| (reason.into(), reason.as_str_name().to_owned()));
        assert_eq!(
            ours.collect::<Vec<(i32, _)>>(),
            contract.collect::<Vec<(i32, _)>>()
        );
    }

    #[test]
    fn our_guards_are_those_of_the_contract() {
        let ours = Guard::ALL
            .iter()
            .map(|guard| (guard.code().into(), format!("GUARD_{}", guard.name())));
        let contract = (1..1000)
            .filter_map(|number| v1::Guard::try_from(number).ok())
            .map(|guard| (guard.into(), guard.as_str_name().to_owned()));
        assert_eq!(
            ours.collect::<Vec<(i32, _)>>(),
            contract.collect::<Vec<(i32, _)>>()
        );
    }

    /// Returns the details of a refusal that are of the contract.
    fn ours(refusal: Refusal) -> Vec<v1::ErrorDetail> {
        let status = Status::from(refusal);
        let details = pb::Status::decode(status.details()).unwrap().details;
        let is_ours = |any: &&prost_types::Any| {
            any.type_url == "type.googleapis.com/wangge.errors.v1.ErrorDetail"
        };
        let ours = details.iter().filter(is_ours);
        ours.map(|any| v1::ErrorDetail::decode(&*any.value).unwrap())
            .collect()
    }

    #[test]
    fn every_refusal_has_its_reason_and_guard_by_number() {
        for reason in Reason::ALL {
            let detail = v1::ErrorDetail {
                reason: reason.code().into(),
                guards: Vec::new(),
            };
            assert_eq!(ours(Refusal::new(*reason, "no")), [detail]);
        }
        for guard in Guard::ALL {
            let detail = v1::ErrorDetail {
                reason: v1::Reason::GuardFailed.into(),
                guards: vec![guard.code().into()],
            };
            assert_eq!(ours(Refusal::guard(*guard, "ticket", "no")), [detail]);
        }
    }

    /// Returns the ids of the rules that the generated validators check.
    fn rules_of_the_contract() -> BTreeSet<String> {
        let code = include_str!(concat!(env!("OUT_DIR"), "/validate_impl.rs"));
        let violations = code.split("Violation::new").skip(1);
        // The arguments: the field's path, and the rule.
        let rules = violations.filter_map(|call| call.split('"').nth(3));
        rules.map(str::to_owned).collect()
    }

    #[test]
    fn the_page_of_errors_lists_every_rule_of_a_field() {
        let page = include_str!("../../../proto/errors.md");
        let table = page.split("## Rules of fields").nth(1).unwrap();
        let rows = table.lines().filter_map(|row| row.strip_prefix("| `"));
        let listed: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        let contract = rules_of_the_contract();
        let contract = contract
            .iter()
            .map(|rule| FieldViolation::of_contract("", rule, "").rule);
        let ours = Rule::ALL.iter().map(|rule| rule.name().to_owned());
        let rules: BTreeSet<String> = contract.chain(ours).collect();
        assert_eq!(listed, rules.into_iter().collect::<Vec<_>>());
    }
}
