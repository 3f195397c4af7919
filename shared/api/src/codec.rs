//! The servers' codec: checks every request against the rules of its contract
//! as it is decoded, before any handler sees it.

use std::marker::PhantomData;

use prost::Message;
pub use prost_protovalidate::Validate;
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

use crate::refusal::{FieldViolation, Refusal};
pub use crate::text::Texts;

/// Encodes responses plainly and checks requests.
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
    U: Message + Validate + Texts + Default + Send + 'static,
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

/// Writes a message as it is.
#[derive(Debug)]
pub struct PlainEncoder<T>(PhantomData<T>);

impl<T: Message> Encoder for PlainEncoder<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        // The buffer grows as needed, so that encoding has no way to fail.
        item.encode(buffer)
            .map_err(|error| Refusal::internal(&error).into())
    }
}

/// Reads a message and refuses it if it breaks its rules.
#[derive(Debug)]
pub struct CheckingDecoder<U>(PhantomData<U>);

impl<U: Message + Validate + Texts + Default> Decoder for CheckingDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let message = U::decode(buffer).map_err(|_| {
            Status::from(Refusal::fields(vec![FieldViolation::new(
                "",
                "not_protobuf",
                "the message is not valid protobuf of the method's request type",
            )]))
        })?;
        check(&message)?;
        Ok(Some(message))
    }
}

/// Checks a message against the rules of its contract, and its texts against those
/// of every text. Handlers call it for rows of an import stream, which the codec
/// leaves alone.
///
/// # Errors
/// `FIELD_INVALID`, naming every field that breaks a rule.
pub fn check<M: Validate + Texts>(message: &M) -> Result<(), Refusal> {
    let mut broken: Vec<FieldViolation> = match message.validate() {
        Ok(()) => Vec::new(),
        Err(error) => error
            .violations()
            .iter()
            .map(|v| {
                FieldViolation::new(v.field_path(), v.rule_id(), why(v.rule_id(), v.message()))
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

/// What is wrong, in words; some rules say it by their name alone.
fn why(rule: &str, message: &str) -> String {
    match (rule, message) {
        ("string.uuid" | "string.uuid_empty", "") => "must be a UUID".to_owned(),
        (rule, "") => format!("breaks the rule {rule}"),
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
