//! The names of guards: conditions between records that a write must meet. They are the
//! contract's, by number and by name; a test of `wangge-api` compares them. What a guard
//! looks at is decided where it is checked, in the domain or the store of a service.

crate::coded_enum! {
    /// A condition that a write must meet: the contract's `wangge.errors.v1.Guard`, where
    /// each is documented with the methods that it can fail and what a caller can do.
    Guard {
        /// A referenced record is in effect on the day that counts.
        ReferenceNotCurrent = 1 => "REFERENCE_NOT_CURRENT",
        /// A referenced record is in a state in which it can be referenced.
        ReferenceState = 2 => "REFERENCE_STATE",
        /// No other record of the same place has the name on the same day.
        NameTaken = 10 => "NAME_TAKEN",
        /// No other household has the door on the same day.
        DoorTaken = 11 => "DOOR_TAKEN",
        /// Nobody else holds the post on the same day.
        PostTaken = 12 => "POST_TAKEN",
        /// No other venue of the route has the position on the same day.
        PositionTaken = 13 => "POSITION_TAKEN",
        /// The member isn't a member already.
        MemberAlready = 14 => "MEMBER_ALREADY",
        /// The person holds no seat of the committee already.
        SeatedAlready = 15 => "SEATED_ALREADY",
        /// The resident has no tag of the kind already.
        TaggedAlready = 16 => "TAGGED_ALREADY",
        /// The resident doesn't have the role already.
        RoleHeldAlready = 17 => "ROLE_HELD_ALREADY",
        /// The volunteer doesn't hold the post already.
        HeldAlready = 18 => "HELD_ALREADY",
        /// The official isn't registered with the community already.
        RegisteredAlready = 19 => "REGISTERED_ALREADY",
        /// No visit is recorded within ten minutes of this one.
        VisitedAlready = 20 => "VISITED_ALREADY",
        /// The need isn't matched with the resource already.
        MatchedAlready = 21 => "MATCHED_ALREADY",
        /// The claimant has no place in the project already.
        ClaimedAlready = 22 => "CLAIMED_ALREADY",
        /// The resident isn't a beneficiary of the project already.
        BenefitsAlready = 23 => "BENEFITS_ALREADY",
        /// The resident has no place in the session already.
        BookedAlready = 24 => "BOOKED_ALREADY",
        /// The person isn't on duty at that time already.
        OnDutyAlready = 25 => "ON_DUTY_ALREADY",
        /// The volunteer is on no other shift at that time.
        ShiftOverlaps = 26 => "SHIFT_OVERLAPS",
        /// The person is on no other patrol at that time.
        PatrolOverlaps = 27 => "PATROL_OVERLAPS",
        /// The project has a place left.
        ProjectFull = 40 => "PROJECT_FULL",
        /// The session has a place left.
        SessionFull = 41 => "SESSION_FULL",
        /// The ticket has at most 100 orders.
        TooManyOrders = 42 => "TOO_MANY_ORDERS",
        /// The deadline is within the legal limit.
        BeyondLimit = 43 => "BEYOND_LIMIT",
        /// What the action is about has begun.
        NotBegun = 50 => "NOT_BEGUN",
        /// The shift hasn't ended.
        ShiftOver = 51 => "SHIFT_OVER",
        /// The session hasn't ended.
        SessionOver = 52 => "SESSION_OVER",
        /// The session is held on the day.
        SessionNotHeld = 53 => "SESSION_NOT_HELD",
        /// The station is open on the day.
        StationClosed = 54 => "STATION_CLOSED",
        /// The claim hasn't run out.
        ClaimOver = 55 => "CLAIM_OVER",
        /// No commitment is broken.
        Promised = 60 => "PROMISED",
        /// No visit is recorded after the end.
        VisitsRecorded = 61 => "VISITS_RECORDED",
        /// No assisting order is open.
        AssistingOpen = 62 => "ASSISTING_OPEN",
        /// No assigned work is open.
        AssignmentOpen = 63 => "ASSIGNMENT_OPEN",
        /// Work has been assigned.
        NothingAssigned = 64 => "NOTHING_ASSIGNED",
        /// The deliberation hasn't been reviewed.
        DeliberationReviewed = 65 => "DELIBERATION_REVIEWED",
        /// The meeting was held.
        MeetingNotHeld = 66 => "MEETING_NOT_HELD",
        /// All four parties attended the meeting.
        PartyMissing = 67 => "PARTY_MISSING",
        /// The match belongs to the project's need.
        MatchOfOtherNeed = 68 => "MATCH_OF_OTHER_NEED",
        /// The person is on chat duty.
        NotOnDuty = 80 => "NOT_ON_DUTY",
        /// The reviewer raised the matter.
        NotARaiser = 81 => "NOT_A_RAISER",
        /// The caller reported the ticket.
        NotTheReporter = 82 => "NOT_THE_REPORTER",
        /// Somebody else confirmed the hours.
        SameSubject = 83 => "SAME_SUBJECT",
        /// The resident has authorised the station.
        NotAuthorised = 84 => "NOT_AUTHORISED",
        /// A unit is named, or responsible by the duty list.
        NoResponsibleUnit = 90 => "NO_RESPONSIBLE_UNIT",
        /// Each unit is named once.
        UnitTwice = 91 => "UNIT_TWICE",
        /// The order isn't the lead order.
        LeadOrder = 92 => "LEAD_ORDER",
        /// The unit hasn't returned the ticket for this reason before.
        ReturnedBefore = 93 => "RETURNED_BEFORE",
        /// The ticket was reported on patrol.
        NotReportedOnPatrol = 94 => "NOT_REPORTED_ON_PATROL",
    }
}
