//! Rules on the names of methods and of their messages.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{Kind, MessageDescriptor, MethodDescriptor};

use super::{
    Rule, departed, held,
    model::{Contracts, Violation, noun},
    names::{is_camel, words},
};

pub(super) const RULES: &[Rule] = &[
    held(
        "Buf/service-suffix",
        "Services are named `<Noun>Service`.",
        service_suffix,
    ),
    held(
        "AIP-131/get-name",
        "`Get<Message>` returns the message that it names.",
        get_name,
    ),
    held(
        "AIP-131/get-request",
        "The request of a Get of a record has its `id` or `code`, and nothing else.",
        get_request,
    ),
    departed(
        "AIP-127/http",
        "Methods are annotated with HTTP paths.",
        "The platform serves gRPC and gRPC-Web. Paths would be a second contract, to be kept \
         compatible and tested like the first.",
    ),
    departed(
        "AIP-135/delete",
        "Records are removed by a Delete method.",
        "Records end, are cancelled or voided, and remain readable, since figures and \
         histories refer to them.",
    ),
    held(
        "house/no-delete",
        "No method deletes, removes or purges.",
        no_delete,
    ),
    held(
        "AIP-136/verb-noun",
        "The name of a method is a verb and a message of its package: `DispatchTicket`.",
        verb_noun,
    ),
    held(
        "AIP-136/no-prepositions",
        "Names of methods contain no prepositions.",
        no_prepositions,
    ),
    held(
        "AIP-136/request-names",
        "The request of a method is `<Method>Request`.",
        request_names,
    ),
    held(
        "AIP-136/response-names",
        "A method returns `<Method>Response`, or the record or the view that its name contains.",
        response_names,
    ),
    held(
        "AIP-136/writes-return-records",
        "A write returns the record that it changed, and a verb on an order its ticket.",
        writes_return_records,
    ),
    held(
        "Buf/unshared-messages",
        "No other method has the request or response of a method, and no field has it.",
        unshared_messages,
    ),
    held(
        "house/no-orphans",
        "Every message and enum is used by a method, directly or within another message, or by \
         an option; errors excepted, which are sent by name.",
        no_orphans,
    ),
    held(
        "house/streams",
        "Only `Import…` streams requests, and only `Import…`, `Subscribe`, `Watch…` and \
         `Export…` stream responses.",
        streams,
    ),
    departed(
        "AIP-151/operations",
        "Long work is a long-running operation that callers poll.",
        "Imports and exports are streams: progress is visible, and a broken stream is repeated \
         without a second effect.",
    ),
];

fn service_suffix(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.services, |service| {
        let noun = service.name().strip_suffix("Service").unwrap_or_default();
        (!is_camel(noun)).then(|| "is not named `<Noun>Service`".to_owned())
    })
}

fn get_name(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(contracts.named("Get"), |method| {
        let output = method.output();
        (noun(method, "Get") != Some(output.name())).then(|| format!("returns {}", output.name()))
    })
}

fn get_request(contracts: &Contracts) -> Vec<Violation> {
    let gets = contracts
        .named("Get")
        .filter(|method| contracts.is_record(&method.output()));
    contracts.each(gets, |method| {
        let request = method.input();
        let fields: Vec<String> = request.fields().map(|one| one.name().to_owned()).collect();
        let names_it = fields == ["id"] || fields == ["code"];
        (!names_it).then(|| format!("its request has the fields {}", fields.join(", ")))
    })
}

fn no_delete(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let verbs = ["Delete", "Remove", "Purge", "Destroy", "Erase"];
        let deletes = verbs.iter().any(|verb| noun(method, verb).is_some());
        deletes.then(|| "deletes".to_owned())
    })
}

fn verb_noun(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let name = words(method.name());
        let package = method.parent_service().package_name().to_owned();
        let nouns = contracts
            .messages
            .iter()
            .filter(|one| one.package_name() == package);
        let mut nouns = nouns.flat_map(|one| {
            let name = one.name().to_owned();
            [super::names::plural(&name), name]
        });
        let has_noun = nouns.any(|noun| contains(&name[1..], &words(&noun)));
        (!has_noun).then(|| "is not a verb and a message of its package".to_owned())
    })
}

fn contains(name: &[String], noun: &[String]) -> bool {
    name.windows(noun.len()).any(|part| part == noun)
}

fn no_prepositions(contracts: &Contracts) -> Vec<Violation> {
    const PREPOSITIONS: &[&str] = &[
        "At", "By", "For", "From", "Of", "On", "To", "With", "Within",
    ];
    contracts.each(&contracts.methods, |method| {
        let words = words(method.name());
        let found = words
            .iter()
            .find(|word| PREPOSITIONS.contains(&word.as_str()))?;
        Some(format!("contains the preposition {found}"))
    })
}

fn request_names(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let wanted = format!("{}Request", method.name());
        let input = method.input();
        (input.name() != wanted).then(|| format!("its request is {}", input.name()))
    })
}

fn response_names(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let output = method.output();
        let is_response = output.name() == format!("{}Response", method.name());
        let is_view = ["Get", "Watch"]
            .iter()
            .any(|verb| noun(method, verb) == Some(output.name()));
        (!is_response && !is_view && !contracts.is_record(&output))
            .then(|| format!("returns {}", output.name()))
    })
}

/// Returns true if a method's policy makes it a write with a `request_id`.
pub(super) fn is_write(contracts: &Contracts, method: &MethodDescriptor) -> bool {
    let policy = contracts.policy(method);
    policy.is_some_and(|policy| policy.idempotency == "IDEMPOTENCY_REQUEST_ID")
}

fn writes_return_records(contracts: &Contracts) -> Vec<Violation> {
    let writes = contracts
        .methods
        .iter()
        .filter(|method| is_write(contracts, method));
    contracts.each(writes, |method| {
        let output = method.output();
        let name = words(method.name());
        let named = contains(&name, &words(output.name()))
            || name.last().is_some_and(|last| last == "Order");
        (!contracts.is_record(&output) || !named)
            .then(|| format!("returns {}, not the record that it names", output.name()))
    })
}

fn unshared_messages(contracts: &Contracts) -> Vec<Violation> {
    let mut users: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |message: MessageDescriptor| {
        *users.entry(message.full_name().to_owned()).or_default() += 1;
    };
    for method in &contracts.methods {
        count(method.input());
        count(method.output());
    }
    for field in &contracts.fields {
        if let Kind::Message(message) = field.kind() {
            count(message);
        }
    }
    let ends = ["Request", "Response"];
    let messages = contracts.messages.iter();
    let messages = messages.filter(|one| ends.iter().any(|end| one.name().ends_with(end)));
    contracts.each(messages, |message| {
        let users = users.get(message.full_name()).copied().unwrap_or_default();
        (users > 1).then(|| format!("is used {users} times"))
    })
}

fn no_orphans(contracts: &Contracts) -> Vec<Violation> {
    let mut used = BTreeSet::new();
    for method in &contracts.methods {
        collect(&Kind::Message(method.input()), &mut used);
        collect(&Kind::Message(method.output()), &mut used);
    }
    for extension in contracts.pool.all_extensions() {
        collect(&extension.kind(), &mut used);
    }
    let unused = |package: &str, name: &str| {
        let is_error = package == "wangge.errors.v1";
        (!is_error && !used.contains(name)).then(|| "is not used by any method".to_owned())
    };
    let messages = &contracts.messages;
    let mut found = contracts.each(messages, |one| unused(one.package_name(), one.full_name()));
    found.extend(contracts.each(&contracts.enums, |one| {
        unused(one.package_name(), one.full_name())
    }));
    found
}

fn collect(kind: &Kind, used: &mut BTreeSet<String>) {
    match kind {
        Kind::Enum(one) => {
            used.insert(one.full_name().to_owned());
        }
        Kind::Message(message) if used.insert(message.full_name().to_owned()) => {
            for field in message.fields() {
                collect(&field.kind(), used);
            }
        }
        _ => {}
    }
}

fn streams(contracts: &Contracts) -> Vec<Violation> {
    contracts.each(&contracts.methods, |method| {
        let is = |verbs: &[&str]| verbs.iter().any(|verb| method.name().starts_with(verb));
        if method.is_client_streaming() && !is(&["Import"]) {
            return Some("streams requests".to_owned());
        }
        let may = is(&["Import", "Subscribe", "Watch", "Export"]);
        (method.is_server_streaming() && !may).then(|| "streams responses".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::contracts::sample::{Example, add, change, prove};

    const EXAMPLES: &[Example] = &[
        change(
            "Buf/service-suffix",
            "service NoticeService",
            "service Notices",
        ),
        change(
            "AIP-131/get-name",
            "rpc GetNotice(GetNoticeRequest)",
            "rpc GetBoard(GetNoticeRequest)",
        ),
        change(
            "AIP-131/get-request",
            "message GetNoticeRequest {",
            "message GetNoticeRequest {\n  string view = 2;",
        ),
        change(
            "house/no-delete",
            "rpc WithdrawNotice(",
            "rpc DeleteNotice(",
        ),
        change("AIP-136/verb-noun", "rpc WithdrawNotice(", "rpc Withdraw("),
        change(
            "AIP-136/verb-noun",
            "rpc WithdrawNotice(",
            "rpc WithdrawBoard(",
        ),
        change(
            "AIP-136/no-prepositions",
            "rpc WithdrawNotice(",
            "rpc WithdrawNoticeFromBoard(",
        ),
        change(
            "AIP-136/request-names",
            "rpc WithdrawNotice(",
            "rpc RetractNotice(",
        ),
        change(
            "AIP-136/response-names",
            "returns (ListNoticesResponse)",
            "returns (NoticeChanged)",
        ),
        change(
            "AIP-136/writes-return-records",
            "rpc WithdrawNotice(WithdrawNoticeRequest) returns (Notice)",
            "rpc WithdrawNotice(WithdrawNoticeRequest) returns (NoticeChanged)",
        ),
        change(
            "AIP-136/writes-return-records",
            "rpc WithdrawNotice(",
            "rpc WithdrawBoard(",
        ),
        change(
            "Buf/unshared-messages",
            "rpc EndNotice(EndNoticeRequest)",
            "rpc EndNotice(WithdrawNoticeRequest)",
        ),
        add(
            "Buf/unshared-messages",
            "message GetBoardRequest {}\nmessage A { GetBoardRequest a = 1; GetBoardRequest b = 2; }",
        ),
        add("house/no-orphans", "message Unused {}"),
        add(
            "house/no-orphans",
            "enum Unused { UNUSED_UNSPECIFIED = 0; }",
        ),
        change(
            "house/streams",
            "rpc GetNotice(GetNoticeRequest)",
            "rpc GetNotice(stream GetNoticeRequest)",
        ),
        change(
            "house/streams",
            "rpc GetNotice(GetNoticeRequest) returns (Notice)",
            "rpc GetNotice(GetNoticeRequest) returns (stream Notice)",
        ),
    ];

    #[test]
    fn every_rule_finds_its_examples() {
        prove(RULES, EXAMPLES);
    }
}
