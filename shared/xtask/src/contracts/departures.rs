//! Rules of the AIPs that concern no single group, and that the contracts depart from.

use super::{Rule, departed};

pub(super) const RULES: &[Rule] = &[
    departed(
        "AIP-124/many-to-many",
        "Many-to-many relations are lists of references.",
        "A relation has dates, reasons and a history of its own: it is a record, such as a \
         membership.",
    ),
    departed(
        "AIP-129/server-modified",
        "The value that a server derived is a field of its own, such as `effective_…`.",
        "Values are stored as sent, or rejected. What is derived if nothing is sent, such as \
         an area, is documented at the field.",
    ),
    departed(
        "AIP-152/jobs",
        "Work that is configured and run again is a job.",
        "The platform's own timers are not part of the contracts.",
    ),
    departed(
        "AIP-153/import-export",
        "Imports and exports are methods on a collection that name a file or bucket.",
        "Rows and files are streamed through the call, since districts share no storage.",
    ),
    departed(
        "AIP-156/singletons",
        "A resource that exists once per parent is a singleton.",
        "There is none: computed views (`GetWall`, `GetCaseTable`) have no identity.",
    ),
    departed(
        "AIP-214/expiration",
        "A resource expires at `expire_time`, or after a `ttl`.",
        "What expires is a state with a reason, such as a claim on a wish; nothing vanishes.",
    ),
];
