//! Entries of the address book on the wire; `AreaService` serves them.

use wangge_api::organization::v1 as proto;
use wangge_resource::etag::etag;

use crate::domain::address::{Address, AddressDraft, AddressId};

/// An entry to be made.
pub(super) fn draft(address: proto::Address, id: AddressId) -> AddressDraft {
    AddressDraft {
        id,
        text: address.text,
        area_code: address.area_code,
    }
}

/// An entry as it is answered.
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
