//! The rules of fields, by the names that `BadRequest` carries. Those that protovalidate
//! also has, have its name; its other rules come from the contract and aren't listed here.
//! `proto/errors.md` documents them all; a test of `wangge-api` compares the lists. What
//! a rule requires is decided where it is checked.

/// Defines the rules with their names.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident => $name:literal,)+) => {
        /// A rule that the value of a field must meet, besides those that the contract
        /// declares.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Rule { $($(#[$doc])* $rule,)+ }

        impl Rule {
            /// All rules, in the order of their names.
            pub const ALL: &[Self] = &[$(Self::$rule,)+];

            /// Returns the name as `FieldViolation.reason` carries it. Example:
            /// `DATE_ORDER`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$rule => $name,)+ }
            }
        }
    };
}

rules! {
    /// An appointment names the seat of its post and nothing else: a unit or a grid.
    AppointmentSeat => "APPOINTMENT_SEAT",
    /// The value has effect in the caller's area only.
    Area => "AREA",
    /// A boundary contains those of the areas below.
    AreaBoundaryAroundChildren => "AREA_BOUNDARY_AROUND_CHILDREN",
    /// A boundary is within that of the parent.
    AreaBoundaryInParent => "AREA_BOUNDARY_IN_PARENT",
    /// A code begins with that of another area only if it is inside that area.
    AreaCodeApart => "AREA_CODE_APART",
    /// A code begins with that of the parent.
    AreaCodeInParent => "AREA_CODE_IN_PARENT",
    /// The code of a district has 6 digits.
    AreaDistrictCode => "AREA_DISTRICT_CODE",
    /// A district has no parent.
    AreaRoot => "AREA_ROOT",
    /// The parent is of the level above.
    AreaTree => "AREA_TREE",
    /// A day of a booking is at most 90 days ahead.
    BookingHorizon => "BOOKING_HORIZON",
    /// The price fits its kind.
    CatalogueItemPrice => "CATALOGUE_ITEM_PRICE",
    /// The day exists in the calendar.
    Date => "DATE",
    /// The day isn't in the future.
    DateNotInFuture => "DATE_NOT_IN_FUTURE",
    /// Days are in order.
    DateOrder => "DATE_ORDER",
    /// There is at most one meeting for each time that no decision was reached.
    DeliberationMeetings => "DELIBERATION_MEETINGS",
    /// The number is a value of the enum.
    EnumDefinedOnly => "ENUM_DEFINED_ONLY",
    /// The value of the enum isn't excluded.
    EnumNotIn => "ENUM_NOT_IN",
    /// Events of the kind of record are in the feed.
    FeedKind => "FEED_KIND",
    /// The token is one of the feed.
    FeedToken => "FEED_TOKEN",
    /// The paths of a mask can be changed.
    FieldMask => "FIELD_MASK",
    /// The key is that of a figure.
    FigureKey => "FIGURE_KEY",
    /// A boundary is GeoJSON.
    Geojson => "GEOJSON",
    /// A boundary is a polygon or several.
    GeojsonArea => "GEOJSON_AREA",
    /// A hole is inside its polygon.
    GeojsonHoleInside => "GEOJSON_HOLE_INSIDE",
    /// Positions are on the globe.
    GeojsonOnGlobe => "GEOJSON_ON_GLOBE",
    /// The polygons of a boundary don't overlap.
    GeojsonPartsApart => "GEOJSON_PARTS_APART",
    /// A ring ends where it begins.
    GeojsonRingClosed => "GEOJSON_RING_CLOSED",
    /// A ring has enough positions.
    GeojsonRingPositions => "GEOJSON_RING_POSITIONS",
    /// A ring doesn't cross itself.
    GeojsonRingSimple => "GEOJSON_RING_SIMPLE",
    /// The compression is one that the service reads.
    GrpcEncoding => "GRPC_ENCODING",
    /// The message is framed as gRPC prescribes.
    GrpcFrame => "GRPC_FRAME",
    /// The message isn't larger than the maximum.
    GrpcMessageSize => "GRPC_MESSAGE_SIZE",
    /// The entry of an imported history is possible there.
    History => "HISTORY",
    /// The action is allowed in an imported history.
    HistoryAction => "HISTORY_ACTION",
    /// An imported history begins with the report.
    HistoryFirstAction => "HISTORY_FIRST_ACTION",
    /// The entries of an imported history are in the order of their times.
    HistoryOrder => "HISTORY_ORDER",
    /// The messages of an import stream come in their order.
    ImportStream => "IMPORT_STREAM",
    /// The number isn't less than the minimum.
    Int32Gte => "INT32_GTE",
    /// The number is between the bounds.
    Int32GteLte => "INT32_GTE_LTE",
    /// Numbers are in order.
    Int32Order => "INT32_ORDER",
    /// The number isn't less than the minimum.
    Int64Gte => "INT64_GTE",
    /// The number isn't excluded.
    Int64NotIn => "INT64_NOT_IN",
    /// The field isn't set, since it doesn't apply.
    LeftOut => "LEFT_OUT",
    /// Exactly one of several fields is set.
    MessageOneof => "MESSAGE_ONEOF",
    /// A need of kind `other` has a note.
    NeedTagOther => "NEED_TAG_OTHER",
    /// The message can be decoded.
    NotProtobuf => "NOT_PROTOBUF",
    /// The token is one of the list, with the same arguments.
    PageToken => "PAGE_TOKEN",
    /// The referenced record exists for the caller.
    Reference => "REFERENCE",
    /// The referenced area or unit is of a permitted kind.
    ReferenceKind => "REFERENCE_KIND",
    /// The field is set.
    Required => "REQUIRED",
    /// The worked time isn't longer than the signed one.
    ShiftSigned => "SHIFT_SIGNED",
    /// The action of a step is legal in its state.
    StepAction => "STEP_ACTION",
    /// Steps are in the order of their times.
    StepOrder => "STEP_ORDER",
    /// The text has only characters that can be stored.
    StringCharacters => "STRING_CHARACTERS",
    /// The text isn't shorter than the minimum.
    StringMinLen => "STRING_MIN_LEN",
    /// The text has no character NUL.
    StringNul => "STRING_NUL",
    /// The text has the format.
    StringPattern => "STRING_PATTERN",
    /// The text is a UUID.
    StringUuid => "STRING_UUID",
    /// The text has a visible character.
    StringVisible => "STRING_VISIBLE",
    /// The point isn't far outside of the area.
    TicketPointInReach => "TICKET_POINT_IN_REACH",
    /// The time isn't before the visit.
    TimeAfterVisit => "TIME_AFTER_VISIT",
    /// The time isn't in the future.
    TimeNotInFuture => "TIME_NOT_IN_FUTURE",
    /// Times are in order.
    TimeOrder => "TIME_ORDER",
    /// The time can be represented.
    Timestamp => "TIMESTAMP",
    /// No other record or request has the value.
    Unique => "UNIQUE",
    /// A unit's parent is of the level above.
    UnitLevel => "UNIT_LEVEL",
}
