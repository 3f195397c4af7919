//! The exceptions from rules, for single elements, each with its reason. One that no
//! element needs any more is an error.

use super::Exception;

/// Declares an exception.
const fn except(
    rule: &'static str,
    elements: &'static [&'static str],
    reason: &'static str,
) -> Exception {
    Exception {
        rule,
        elements,
        reason,
    }
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    except(
        "AIP-121/get-and-list",
        &[
            "wangge.organization.v1.Address",
            "wangge.organization.v1.Appointment",
            "wangge.tickets.v1.Category",
            "wangge.tickets.v1.Responsibility",
        ],
        "They are read by their lists, and addresses by `LocateArea`.",
    ),
    except(
        "AIP-132/list-plural",
        &["wangge.tickets.v1.TicketService.ListTicketHistory"],
        "A ticket has one history, which is a list of entries.",
    ),
    except(
        "AIP-132/list-plural",
        &["wangge.tickets.v1.LivelihoodService.ListPublicLivelihoodMatters"],
        "It lists livelihood matters: those that are public.",
    ),
    except(
        "AIP-132/list-response",
        &["wangge.events.v1.FeedService.ListEvents"],
        "With `checkpoint_token` a caller goes on from the list to the feed.",
    ),
    except(
        "house/field-numbers",
        &["wangge.events.v1.Event"],
        "Its payload is last, with numbers by service.",
    ),
    except(
        "AIP-136/no-prepositions",
        &["wangge.tickets.v1.TicketService.FixTicketOnTheSpot"],
        "It is the term for 随手做.",
    ),
    except(
        "AIP-136/verb-noun",
        &[
            "wangge.events.v1.FeedService.Subscribe",
            "wangge.organization.v1.ImportService.ImportRecords",
            "wangge.reporting.v1.ReportService.ExportTable",
            "wangge.tickets.v1.DeliberationService.DeliberateTopic",
            "wangge.tickets.v1.ImportService.ImportRecords",
            "wangge.volunteers.v1.ImportService.ImportRecords",
        ],
        "What they work on is no single message: a feed, records of all kinds, tables, a topic.",
    ),
    except(
        "AIP-136/writes-return-records",
        &["wangge.tickets.v1.DeliberationService.DeliberateTopic"],
        "A deliberation deliberates its topic, not itself.",
    ),
    except(
        "AIP-140/flags",
        &[
            "wangge.organization.v1.Resident.is_party_member",
            "wangge.volunteers.v1.AgencyCase.is_authorised",
        ],
        "Fields of records are named like their columns, which can't be renamed.",
    ),
    except(
        "AIP-140/no-repetition",
        &["wangge.events.v1.Event.event_id"],
        "Beside `record_id`, a bare `id` would be taken for the record's.",
    ),
    except(
        "AIP-144/plurals",
        &[
            "wangge.reporting.v1.GetCaseTableRequest.at_least",
            "wangge.reporting.v1.ListFigureRecordsRequest.at_least",
            "wangge.tickets.v1.TicketRecord.history",
        ],
        "A condition on versions, and a history: both are one.",
    ),
    except(
        "AIP-145/pairs",
        &["wangge.tickets.v1.Meeting.start_time"],
        "Nobody plans when a meeting ends.",
    ),
    except(
        "AIP-145/pairs",
        &["wangge.events.v1.SubscribeRequest.start_time"],
        "A stream ends with the feed, or not at all.",
    ),
    except(
        "AIP-158/paginated",
        &[
            "wangge.reporting.v1.ReportService.ListFeedPositions",
            "wangge.tickets.v1.DutyService.ListDutyGaps",
            "wangge.volunteers.v1.StationWorkService.ListSessionDays",
        ],
        "They return three positions, and what is computed for at most 366 days.",
    ),
    except(
        "AIP-192/substance",
        &[
            "wangge.volunteers.v1.Weekday.WEEKDAY_FRIDAY",
            "wangge.volunteers.v1.Weekday.WEEKDAY_MONDAY",
            "wangge.volunteers.v1.Weekday.WEEKDAY_SATURDAY",
            "wangge.volunteers.v1.Weekday.WEEKDAY_SUNDAY",
            "wangge.volunteers.v1.Weekday.WEEKDAY_THURSDAY",
            "wangge.volunteers.v1.Weekday.WEEKDAY_TUESDAY",
            "wangge.volunteers.v1.Weekday.WEEKDAY_WEDNESDAY",
        ],
        "The name of a weekday says everything.",
    ),
    except(
        "AIP-202/uuids",
        &["wangge.tickets.v1.GroupMessage.source_message_id"],
        "It is an id of the chat system.",
    ),
    except(
        "AIP-210/characters",
        &["wangge.organization.v1.Area.boundary_geojson"],
        "It is data, not a text for people, and counts towards the size of a message.",
    ),
    except(
        "house/bounded-numbers",
        &[
            "wangge.organization.v1.ImportRecordsRequest.row_number",
            "wangge.tickets.v1.ImportRecordsRequest.row_number",
            "wangge.types.v1.RecordVersion.revision",
            "wangge.volunteers.v1.ImportRecordsRequest.row_number",
        ],
        "A revision has no natural maximum, and the number of a row is only echoed.",
    ),
    except(
        "house/names-given",
        &[
            "wangge.tickets.v1.GroupMessage.source_message_id",
            "wangge.types.v1.RecordVersion.record_id",
            "wangge.volunteers.v1.ListServiceRecordsRequest.parent_id",
            "wangge.volunteers.v1.ListShiftsRequest.parent_id",
        ],
        "They name a message elsewhere, a record of any kind, and one of several kinds.",
    ),
    except(
        "house/personal-texts",
        &[
            "wangge.types.v1.RowViolation.description",
            "wangge.types.v1.RowViolation.reason",
        ],
        "They are the platform's own words, which quote no data.",
    ),
    except(
        "house/reasons",
        &["wangge.tickets.v1.HistoryRecord.reason"],
        "For a submit it is the result, which may be longer.",
    ),
    except(
        "house/stated-maximum",
        &["wangge.tickets.v1.HistoryRecord.orders"],
        "The comment states the limit of a ticket, not that of one dispatch.",
    ),
];
