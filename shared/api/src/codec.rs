//! The servers' codec: validates every request against its contract while it is
//! decoded, before any handler is called.

use std::marker::PhantomData;

use prost::Message;
pub use prost_protovalidate::Validate;
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

use crate::refusal::{FieldViolation, Refusal, Rule};
pub use crate::rules::Rules;

/// A codec that validates decoded messages and encodes without checks.
#[derive(Debug, Clone)]
pub struct ValidatingCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for ValidatingCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for ValidatingCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Validate + Rules + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = PlainEncoder<T>;
    type Decoder = CheckingDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        PlainEncoder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        CheckingDecoder(PhantomData)
    }
}

/// An encoder that writes a message unchanged.
#[derive(Debug)]
pub struct PlainEncoder<T>(PhantomData<T>);

impl<T: Message> Encoder for PlainEncoder<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        // `EncodeBuf` grows as needed, so encoding can't run out of space.
        item.encode(buffer)
            .map_err(|error| Refusal::internal(&error).into())
    }
}

/// A decoder that rejects messages that violate their rules.
#[derive(Debug)]
pub struct CheckingDecoder<U>(PhantomData<U>);

impl<U: Message + Validate + Rules + Default> Decoder for CheckingDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        // prost's error is dropped: internal messages never reach a caller.
        let message = U::decode(buffer).map_err(|_| {
            Status::from(Refusal::fields(vec![FieldViolation::new(
                "",
                Rule::NotProtobuf,
                "the message is not valid protobuf of the method's request type",
            )]))
        })?;
        check(&message)?;
        Ok(Some(message))
    }
}

/// Validates a message against its contract, and its texts against the rules for all
/// texts. Handlers call it for the rows of an import stream, which the codec
/// can't validate.
///
/// # Errors
/// Returns `FIELD_INVALID` with every field that violates a rule.
pub fn check<M: Validate + Rules>(message: &M) -> Result<(), Refusal> {
    let mut broken: Vec<FieldViolation> = match message.validate() {
        Ok(()) => Vec::new(),
        Err(error) => error
            .violations()
            .iter()
            .map(|v| {
                FieldViolation::of_contract(
                    v.field_path(),
                    v.rule_id(),
                    why(v.rule_id(), v.message()),
                )
            })
            .collect(),
    };
    broken.extend(message.faults().into_iter().map(FieldViolation::from));
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Refusal::fields(broken))
    }
}

/// Returns a description of a violation; some rules have no message, only an id.
fn why(rule: &str, message: &str) -> String {
    match (rule, message) {
        ("string.uuid" | "string.uuid_empty", "") => "must be a UUID".to_owned(),
        (rule, "") => format!("violates the rule {rule}"),
        (_, message) => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::v1::{GetTicketRequest, ListTicketsRequest};

    #[test]
    fn every_violation_says_what_is_wrong() {
        let id = check(&GetTicketRequest { id: "x".into() }).expect_err("no UUID");
        assert_eq!(id.message, "id: must be a UUID");
        let list = ListTicketsRequest {
            within_code: "Ä".into(),
            page_size: -1,
            states: vec![0],
            ..ListTicketsRequest::default()
        };
        let refusal = check(&list).expect_err("three rules are broken");
        assert_eq!(refusal.fields.len(), 3);
        assert!(
            refusal
                .fields
                .iter()
                .all(|field| !field.description.is_empty())
        );
    }
}
