//! Refusals as callers of gRPC meet them: the pure type of the kernel with its
//! conversion to a status. The contract's list of reasons and ours must be the
//! same; a test compares them.

pub use wangge_kernel::refusal::{
    FieldViolation, Reason, Refusal,
    grpc::{DOMAIN, carries, code},
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::v1;

    #[test]
    fn our_reasons_are_those_of_the_contract() {
        let prefixed = |reason: &Reason| format!("REASON_{}", reason.name());
        let ours: Vec<String> = Reason::ALL.iter().map(prefixed).collect();
        let contract: Vec<String> = (1..200)
            .filter_map(|number| v1::Reason::try_from(number).ok())
            .map(|reason| reason.as_str_name().to_owned())
            .collect();
        assert_eq!(ours, contract);
    }
}
