//! `CoGovernanceService`: memberships of "1+2+X" and seats of the big committee.

use wangge_api::organization::v1::{
    self as proto, server::co_governance_service_server::CoGovernanceService,
};
use wangge_record_api::{proto_enum, proto_mapping, record_service};

use crate::{
    App,
    domain::{
        membership::{Membership, MembershipRole},
        seat::{Seat, SeatKind},
    },
};

/// Handler of memberships and seats.
#[derive(Debug, Clone)]
pub struct CoGovernance(pub App);

proto_enum!(MembershipRole, SeatKind);
proto_mapping! {
    Membership = proto::Membership { role, unit_id, resident_id, start_date, end_date }
    change {}
}
proto_mapping! {
    Seat = proto::Seat { kind, person_id, unit_id, start_date, end_date }
    change {}
}

record_service! {
    CoGovernanceService for CoGovernance {
        create create_membership(proto::CreateMembershipRequest, membership): Membership,
        get get_membership(proto::GetMembershipRequest): Membership,
        list list_memberships(proto::ListMembershipsRequest) on on_date
            -> proto::ListMembershipsResponse, memberships: Membership,
        end end_membership(proto::EndMembershipRequest): Membership,

        create create_seat(proto::CreateSeatRequest, seat): Seat,
        get get_seat(proto::GetSeatRequest): Seat,
        list list_seats(proto::ListSeatsRequest) on on_date
            -> proto::ListSeatsResponse, seats: Seat,
        end end_seat(proto::EndSeatRequest): Seat,
    }
}
