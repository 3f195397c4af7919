//! Conversion of address book entries; `AreaService` serves them.

use wangge_api::organization::v1 as proto;
use wangge_record::etag::etag;

use crate::domain::address::{Address, AddressDraft, AddressId};

/// Converts a request's entry to a draft.
pub(super) fn draft(address: proto::Address, id: AddressId) -> AddressDraft {
    AddressDraft {
        id,
        text: address.text,
        area_code: address.area_code,
    }
}

/// Converts a stored entry to its message.
pub(super) fn to_wire(address: Address) -> proto::Address {
    let etag = etag("address", address.revision, &address);
    proto::Address {
        id: address.id.to_string(),
        text: address.text,
        area_code: address.area_code,
        revision: address.revision,
        etag,
    }
}
