//! The reasons of refusals. They are the contract's, by number and by name; a test of
//! `wangge-api` compares them. It decides neither their gRPC codes nor what they carry.

crate::coded_enum! {
    /// Why a call was refused: the contract's `wangge.errors.v1.Reason`, where each is
    /// documented with its gRPC code and what a caller can do.
    Reason {
        /// Fields break the rules of the contract.
        FieldInvalid = 1 => "FIELD_INVALID",
        /// The page token belongs to another list, or to other arguments.
        PageTokenInvalid = 2 => "PAGE_TOKEN_INVALID",
        /// A record that the request names does not exist for the caller.
        ReferenceUnknown = 3 => "REFERENCE_UNKNOWN",
        /// No bearer token was sent.
        TokenMissing = 10 => "TOKEN_MISSING",
        /// The token is not accepted.
        TokenInvalid = 11 => "TOKEN_INVALID",
        /// The token has expired.
        TokenExpired = 12 => "TOKEN_EXPIRED",
        /// None of the roles of the caller may call the method.
        RoleNotAllowed = 13 => "ROLE_NOT_ALLOWED",
        /// The record holds for more than the area of the caller.
        AreaTooNarrow = 14 => "AREA_TOO_NARROW",
        /// The record does not exist for the caller.
        RecordNotFound = 20 => "RECORD_NOT_FOUND",
        /// Another record has this id, code or key.
        RecordExists = 21 => "RECORD_EXISTS",
        /// The record has changed since its etag was read.
        EtagMismatch = 22 => "ETAG_MISMATCH",
        /// Too many writers changed the record at once.
        ConcurrentChange = 23 => "CONCURRENT_CHANGE",
        /// The request id was used before with other content.
        RequestIdReused = 24 => "REQUEST_ID_REUSED",
        /// The action is not legal in the state of the record.
        StateConflict = 30 => "STATE_CONFLICT",
        /// A guard of the action does not hold.
        GuardFailed = 31 => "GUARD_FAILED",
        /// The feed no longer has this position in its history.
        FeedTokenUnknown = 40 => "FEED_TOKEN_UNKNOWN",
        /// The feed token is malformed or belongs to another feed.
        FeedTokenInvalid = 41 => "FEED_TOKEN_INVALID",
        /// The reader of a feed lagged too far behind.
        FeedReaderSlow = 42 => "FEED_READER_SLOW",
        /// The state that the caller waits for has not arrived yet.
        NotYetVisible = 43 => "NOT_YET_VISIBLE",
        /// The database cannot be reached.
        DatabaseUnavailable = 50 => "DATABASE_UNAVAILABLE",
        /// The service, or the caller, has its limit of calls in flight.
        Overloaded = 51 => "OVERLOADED",
        /// The deadline of the call has passed.
        DeadlineExceeded = 52 => "DEADLINE_EXCEEDED",
        /// The service is shutting down.
        ShuttingDown = 53 => "SHUTTING_DOWN",
        /// The service has no such method.
        MethodUnknown = 54 => "METHOD_UNKNOWN",
        /// A fault of the platform; it was logged with the trace id.
        Internal = 60 => "INTERNAL",
    }
}
