"""Checks and counts the community's work besides tickets: chat groups and duty, livelihood matters, meetings and
deliberations, fieldwork.

It reads the text of the files as `verify` does, and replays each record's steps by tables of its own.
"""
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from generator.reading import by_key, check_span, distinct, holds, local_day
from generator.verify_service import Course, check_one, taken_by

UTC = ZoneInfo("UTC")
REPLY_WITHIN = timedelta(minutes=60)
ROSTER = "2020-08-01T00:00:00+08:00", "2022-08-08T00:00:00+08:00"  # in which somebody answers without a gap
FINAL_TICKET, FINAL_PROJECT = {"declined", "closed", "cancelled"}, {"done", "evaluated"}
PARTIES = ["committee_count", "party_member_count", "resident_count", "stakeholder_count"]
KINDS = {"duty_shifts": {"chat_group", "window", "patrol"}, "meetings": {"council", "joint", "consultation"},
         "field_visits": {"visit", "errand"}}

# file: state in which a record begins; action: states it may start from, state it leads to
COURSES = {
    "group_messages": ("received", {
        "claim": ({"received"}, "claimed"), "hand_over": ({"claimed"}, "claimed"), "reply": ({"claimed"}, "replied"),
        "dismiss": ({"received", "claimed"}, "dismissed")}),
    "duty_shifts": ("planned", {"hand_over": ({"planned"}, "planned"), "cancel": ({"planned"}, "cancelled")}),
    "livelihood_matters": ("received", {
        "complete_materials": ({"received"}, "materials_complete"), "review": ({"materials_complete"}, "under_review"),
        "publicise": ({"under_review"}, "publicised"), "approve": ({"publicised"}, "approved"),
        "refuse": ({"under_review", "publicised"}, "refused"), "deliver": ({"approved"}, "paid_or_delivered"),
        "withdraw": ({"received", "materials_complete", "under_review"}, "withdrawn")}),
    "meetings": ("planned", {"hold": ({"planned"}, "held"), "cancel": ({"planned"}, "cancelled")}),
    "deliberations": ("collected", {
        "set_topic": ({"collected"}, "topic_set"), "deliberate": ({"topic_set", "no_consensus"}, "deliberating"),
        "resolve": ({"deliberating"}, "resolved"), "disagree": ({"deliberating"}, "no_consensus"),
        "assign": ({"resolved"}, "assigned"), "implement": ({"assigned"}, "implementing"),
        "review": ({"implementing"}, "reviewed"), "drop": ({"collected", "topic_set", "no_consensus"}, "dropped")}),
    "assignments": ("made", {"void": ({"made"}, "voided")}),
}
REASONED = {("group_messages", "hand_over"), ("group_messages", "dismiss"), ("duty_shifts", "hand_over"),
            ("duty_shifts", "cancel"), ("livelihood_matters", "refuse"), ("livelihood_matters", "withdraw"),
            ("meetings", "cancel"), ("deliberations", "disagree"), ("deliberations", "drop"), ("assignments", "void")}
# file: the columns it has, in order; a reference ends in _key or _code. In brackets: what may be empty
SHAPES = {
    "chat_groups": "key name area_code start_date [end_date]",
    "group_messages": "key chat_group_key text sent_time [person_key] [reply] [ticket_key] created_time [steps]",
    "duty_shifts": "key kind person_key start_time end_time area_code created_time [steps]",
    "livelihood_items": "key name limit_days materials area_code start_date [end_date]",
    "livelihood_matters": "key livelihood_item_key applicant_name [resident_key] handler_person_key due_date "
                          "amount_fen area_code created_time [steps]",
    "meetings": "key kind title start_time committee_count party_member_count resident_count stakeholder_count "
                "[minutes] area_code created_time [steps]",
    "deliberations": "key title raiser_keys [topic] [meeting_key] [inconclusive_meeting_keys] [decision] "
                     "[reviewer_key] [review] area_code created_time [steps]",
    "assignments": "key deliberation_key [ticket_key] [project_key] assigned_date created_time [steps]",
    "patrols": "key person_key start_time end_time found_count [note] area_code",
    "field_visits": "key kind person_key [resident_key] visit_time outcome [ticket_key] area_code",
    "field_notes": "key person_key noted_time text [ticket_key] area_code",
}
FILES = {"person": "people", "handler_person": "people", "resident": "residents", "reviewer": "residents",
         "ticket": "tickets", "project": "projects", "area": "areas", "chat_group": "chat_groups",
         "livelihood_item": "livelihood_items", "meeting": "meetings", "deliberation": "deliberations"}
LONGEST = {"name": 100, "title": 100, "text": 2000, "reply": 2000, "applicant_name": 50, "minutes": 10000, "topic": 500,
           "decision": 2000, "review": 2000, "note": 500, "outcome": 500, ("field_notes", "text"): 500}


def check(data, tickets, projects, zone):
    """Verifies the files; answers with the courses of the records that have states, by file and key."""
    known = {name: by_key(data[name], "key") for name in ("residents", "people", "tickets", "projects", *SHAPES)}
    known["areas"] = by_key(data["areas"], "code")
    tasks = {name: {row["key"]: Course(name, row, COURSES, REASONED) for row in data[name]} for name in COURSES}
    for name, columns in SHAPES.items():
        for row in data[name]:
            check_shape(name, row, columns, known)
    terms = defaultdict(list)
    for row in data["appointments"] + data["seats"]:
        terms[row["person_key"]].append(row)
    check_duty(tasks, terms, zone)
    check_messages(known, tasks, zone)
    check_livelihood(data, known, tasks, terms, zone)
    check_meetings(tasks)
    tickets = by_key(tickets, "key")
    carried_out = check_assignments(data, tasks, tickets, projects, zone)
    check_deliberations(known, tasks, carried_out, tickets, projects, zone)
    check_fieldwork(data, known, terms, zone)
    return tasks


def check_shape(name, row, columns, known):
    """Columns, what must be filled, texts, times, and that everything named is there."""
    assert list(row) == columns.replace("[", "").replace("]", "").split(), (name, list(row))
    optional = {column[1:-1] for column in columns.split() if column[0] == "["}
    for column, value in row.items():
        longest = LONGEST.get((name, column)) or LONGEST.get(column)
        if not value:
            assert column in optional, (column, row)
        elif column != "key" and column.endswith(("_key", "_code")):
            assert value in known[FILES[column.rpartition("_")[0]]], (column, row)
        elif column.endswith("_time"):
            assert value.endswith("+08:00") and len(value) == 25 and datetime.fromisoformat(value), (column, row)
        elif column.endswith("_date"):
            date.fromisoformat(value)
        elif column.endswith(("_count", "_fen", "_days")):
            assert value == str(int(value)) and int(value) >= 0, (column, row)
        elif longest:
            assert value.strip() and len(value) <= longest, (column, row)
    assert row.get("kind") in KINDS.get(name, {None}), row
    if "area_code" in row and name != "livelihood_items":
        assert known["areas"][row["area_code"]]["kind"] in ("community", "grid"), row


def check_serving(terms, person, day, row):
    assert any(holds(term, day) for term in terms[person]), ("has no post or seat", person, day, row)


def time(text):
    return datetime.fromisoformat(text)


def check_duty(tasks, terms, zone):
    """Nobody is on two duties that stand at a time, and in the chat groups somebody always is."""
    on_duty, answering = defaultdict(list), []
    for course in tasks["duty_shifts"].values():
        row = course.row
        span = time(row["start_time"]), time(row["end_time"])
        assert timedelta() < span[1] - span[0] <= timedelta(hours=24) and course.created <= row["start_time"], row
        check_serving(terms, row["person_key"], local_day(row["start_time"], zone), row)
        if course.state == "planned":
            on_duty[row["person_key"]].append(span)
            answering += [span] if row["kind"] == "chat_group" else []
    for spans in on_duty.values():
        spans.sort()
        assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:])), ("on two duties", spans)
    answering.sort()
    assert answering[0][0] == time(ROSTER[0]) and answering[-1][1] == time(ROSTER[1])
    assert all(end == start for (_, end), (start, _) in zip(answering, answering[1:])), "a gap in the roster"


def check_messages(known, tasks, zone):
    standing = defaultdict(list)
    for course in tasks["duty_shifts"].values():
        if course.state == "planned" and course.row["kind"] == "chat_group":
            standing[course.row["person_key"]].append((course.row["start_time"], course.row["end_time"]))
    for course in tasks["group_messages"].values():
        row, state = course.row, course.state
        assert row["sent_time"] <= course.created, row
        assert holds(known["chat_groups"][row["chat_group_key"]], local_day(row["sent_time"], zone)), row
        assert bool(row["reply"]) == (state == "replied") and (not row["ticket_key"] or state == "replied"), row
        claimed = course.last("claim", "hand_over")
        assert bool(row["person_key"]) == bool(claimed), row
        assert not claimed or any(start <= claimed < end for start, end in standing[row["person_key"]]), (
            "not on duty", row)
        if row["ticket_key"]:
            ticket = known["tickets"][row["ticket_key"]]
            assert ticket["source"] == "chat_group" and row["ticket_key"] in row["reply"], row
            assert course.first("claim") <= ticket["reported_time"] <= course.first("reply"), row
    tickets = [course.row for course in tasks["group_messages"].values() if course.row["ticket_key"]]
    by_key(tickets, "ticket_key")


def check_livelihood(data, known, tasks, terms, zone):
    for row in data["livelihood_items"]:
        papers = row["materials"].split(";")
        assert 1 <= int(row["limit_days"]) <= 3650 and len(papers) <= 50, row
        assert all(1 <= len(paper) <= 100 for paper in papers), row
        check_span(row, known["areas"][row["area_code"]])
    for row in data["chat_groups"]:
        check_span(row, known["areas"][row["area_code"]])
    handled = Counter()
    for course in tasks["livelihood_matters"].values():
        row, day = course.row, local_day(course.created, zone)
        item = known["livelihood_items"][row["livelihood_item_key"]]
        assert holds(item, day) and row["area_code"].startswith(item["area_code"]), row
        last = day + timedelta(days=int(item["limit_days"]))
        assert day <= date.fromisoformat(row["due_date"]) <= last, ("due_date", row)
        assert row["amount_fen"] == "0" or course.state == "paid_or_delivered", row
        check_serving(terms, row["handler_person_key"], day, row)
        if row["resident_key"]:
            resident = known["residents"][row["resident_key"]]
            assert holds(resident, day) and resident["name"] == row["applicant_name"], row
        handled[row["handler_person_key"]] += 1
    assert max(handled.values()) <= 40, handled.most_common(3)


def check_meetings(tasks):
    for course in tasks["meetings"].values():
        row, held = course.row, course.state == "held"
        assert any(row[party] != "0" for party in PARTIES) == bool(row["minutes"]) == held, row
        assert not held or course.first("hold") >= row["start_time"], row


def check_assignments(data, tasks, tickets, projects, zone):
    """Answers with the assignments of each deliberation.

    Each is entered in office hours, when what it names is there, and taken back only before the review.
    """
    carried_out = defaultdict(list)
    by_key(data["assignments"], "deliberation_key", "ticket_key", "project_key")
    for course in tasks["assignments"].values():
        row, created = course.row, course.created
        check_one(row, "ticket_key", "project_key")
        deliberated = tasks["deliberations"][row["deliberation_key"]]
        resolved, assigned = deliberated.first("resolve"), deliberated.first("assign")
        there = (tickets[row["ticket_key"]]["reported_time"] if row["ticket_key"]
                 else projects[row["project_key"]].created)
        assert resolved and resolved[:10] <= row["assigned_date"] <= str(local_day(created, zone)), row
        assert max(resolved, there) <= created and 8 <= time(created).astimezone(zone).hour < 18, row
        assert not assigned or created < assigned, row
        reviewed = deliberated.last("review")
        assert not reviewed or course.first("void") < reviewed, ("deliberation_reviewed", row)
        carried_out[row["deliberation_key"]].append(course)
    return carried_out


def standing(assignments, when):
    """Those that aren't voided at the time."""
    return [course.row for course in assignments
            if course.created <= when and not ("" < course.first("void") <= when)]


def check_deliberations(known, tasks, carried_out, tickets, projects, zone):
    caught = 0
    for key, course in tasks["deliberations"].items():
        row, state = course.row, course.state
        decided = state in ("resolved", "assigned", "implementing", "reviewed")
        if state != "dropped":
            assert bool(row["topic"]) == (state != "collected"), row
            assert bool(row["meeting_key"]) == (decided or state in ("deliberating", "no_consensus")), row
        assert bool(row["decision"]) == decided, row
        assert bool(row["reviewer_key"]) == bool(row["review"]) == (state == "reviewed"), row
        raisers = row["raiser_keys"].split(";")
        assert 1 <= len(set(raisers)) == len(raisers) <= 50, row
        for raiser in raisers:
            assert holds(known["residents"][raiser], local_day(course.created, zone)), (raiser, row)
        if row["meeting_key"]:
            meeting = tasks["meetings"][row["meeting_key"]]
            assert meeting.state == "held" and meeting.first("hold") <= course.last("deliberate"), row
            assert all(int(meeting.row[party]) > 0 for party in PARTIES), ("party_missing", row)
        check_inconclusive(course, tasks["meetings"])
        for action in ("assign", "review"):
            when = course.first(action)
            assert not when or standing(carried_out[key], when), ("nothing_assigned", row)
        if state == "reviewed":
            assert row["reviewer_key"] in raisers, row
            assert holds(known["residents"][row["reviewer_key"]], local_day(course.last("review"), zone)), row
            left = standing(carried_out[key], course.last("review"))
            assert all(is_over(assignment, course.last("review"), tickets, projects) for assignment in left), left
            caught += sum(not is_over(assignment.row, course.last("review"), tickets, projects)
                          for assignment in carried_out[key] if assignment.row not in left)
    assert caught, "with what was voided, each review would be legal too"


def check_inconclusive(course, meetings):
    """The meeting of each `disagree`, in order; the last one deliberated at is `meeting_key`."""
    row, listed = course.row, course.row["inconclusive_meeting_keys"]
    keys = listed.split(";") if listed else []
    turns = [(action, when) for action, _, when in course.steps if action in ("deliberate", "disagree")]
    disagreed = [number for number, (action, _) in enumerate(turns) if action == "disagree"]
    assert len(keys) == len(disagreed), ("meetings", row)
    for key, number in zip(keys, disagreed):
        meeting = meetings[key]
        assert meeting.state == "held" and meeting.row["start_time"] < turns[number][1], ("meetings", row)
        assert meeting.first("hold") <= turns[number - 1][1] < turns[number][1], ("meetings", row)
        assert all(int(meeting.row[party]) > 0 for party in PARTIES), ("party_missing", row)
        if number < len(turns) - 1:  # taken up again at a later meeting
            assert turns[number][1] < meetings[row["meeting_key"]].row["start_time"], ("meetings", row)
    if turns and turns[-1][0] == "disagree":
        assert keys[-1] == row["meeting_key"], ("meetings", row)


def is_over(assignment, when, tickets, projects):
    """Whether what was assigned was over by then."""
    if assignment["ticket_key"]:
        ticket = tickets[assignment["ticket_key"]]
        return ticket["ticket_state"] in FINAL_TICKET and ticket["last_time"] <= when
    project = projects[assignment["project_key"]]
    return project.state in FINAL_PROJECT and project.first("finish") <= when


def check_fieldwork(data, known, terms, zone):
    out = defaultdict(list)
    for row in data["patrols"]:
        span = time(row["start_time"]), time(row["end_time"])
        assert timedelta() < span[1] - span[0] <= timedelta(hours=24), row
        out[row["person_key"]].append(span)
    for spans in out.values():
        spans.sort()
        assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:])), ("on two patrols", spans)
    for name, column in [("patrols", "start_time"), ("field_visits", "visit_time"), ("field_notes", "noted_time")]:
        for row in data[name]:
            day = local_day(row[column], zone)
            check_serving(terms, row["person_key"], day, row)
            assert not row.get("resident_key") or holds(known["residents"][row["resident_key"]], day), row
            if row.get("ticket_key"):
                ticket = known["tickets"][row["ticket_key"]]
                assert ticket["source"] == "grid_worker" and ticket["reported_time"] >= row[column], row


def sent_by(courses, day, zone):
    return [course for course in courses.values() if local_day(course.row["sent_time"], zone) <= day]


def in_time(course, begin="sent_time"):
    replied = course.last("reply")
    return bool(replied) and time(replied) - time(course.row[begin]) <= REPLY_WITHIN


def councils(tasks, day, zone, kinds=("council",), first=None, states=("held",), state_day=None, where=None):
    """Meetings that began in the year that ends on the day, and were in one of these states at its end."""
    first = first or day.replace(year=day.year - 1) + timedelta(days=1)
    return sum(course.row["kind"] in kinds and course.state_on(state_day or day, where or zone) in states
               and first <= local_day(course.row["start_time"], where or zone) <= day
               for course in tasks["meetings"].values())


def count_until(rows, column, day, zone):
    return sum(local_day(row[column], zone) <= day for row in rows)


def compute(data, tasks, zone, as_of):
    """The figures, each by its definition."""
    sent = sent_by(tasks["group_messages"], as_of, zone)
    errands = [row for row in data["field_visits"] if row["kind"] == "errand"]
    return {
        "group_messages": sum(course.state_on(as_of, zone) != "dismissed" for course in sent),
        "group_replies_in_time": sum(map(in_time, sent)),
        "chat_duty_shifts": sum(stands(course, as_of, zone, "chat_group")
                                and local_day(course.row["start_time"], zone) <= as_of
                                for course in tasks["duty_shifts"].values()),
        "livelihood_matters": count_until(data["livelihood_matters"], "created_time", as_of, zone),
        "livelihood_delivered": len(taken_by(tasks["livelihood_matters"], "deliver", as_of, zone)),
        "council_meetings_held": councils(tasks, as_of, zone),
        "deliberations_reviewed": len(taken_by(tasks["deliberations"], "review", as_of, zone)),
        "patrols": count_until(data["patrols"], "start_time", as_of, zone),
        "field_visits": count_until(data["field_visits"], "visit_time", as_of, zone),
        "field_errands": count_until(errands, "visit_time", as_of, zone),
        "field_notes": count_until(data["field_notes"], "noted_time", as_of, zone),
    }


def stands(course, day, zone, *kinds):
    """A shift of such a kind that isn't cancelled at the end of the day."""
    cancelled = course.first("cancel")
    return course.row["kind"] in kinds and not (cancelled and local_day(cancelled, zone) <= day)


def count_wrongly(data, tasks, zone, as_of):
    """Counts that a careless report would give; none may equal the figure."""
    wrong, before, after = {}, as_of - timedelta(days=1), as_of + timedelta(days=1)
    for key, name, column in [("livelihood_matters", "livelihood_matters", "created_time"),
                              ("patrols", "patrols", "start_time"), ("field_visits", "field_visits", "visit_time"),
                              ("field_errands", "errands", "visit_time"), ("field_notes", "field_notes", "noted_time")]:
        rows = [row for row in data["field_visits"] if row["kind"] == "errand"] if name == "errands" else data[name]
        wrong |= {f"{name} {how}": (key, number) for how, number in {
            "at any time": len(rows), "by the day in UTC": count_until(rows, column, as_of, UTC),
            "before the day": count_until(rows, column, before, zone),
            "on the day after": count_until(rows, column, after, zone)}.items()}
    for key, name, action in [("livelihood_delivered", "livelihood_matters", "deliver"),
                              ("deliberations_reviewed", "deliberations", "review")]:
        wrong |= {f"{key} {how}": (key, number) for how, number in {
            "at any time": sum(bool(course.first(action)) for course in tasks[name].values()),
            "by the day in UTC": len(taken_by(tasks[name], action, as_of, UTC)),
            "before the day": len(taken_by(tasks[name], action, before, zone)),
            "entered by the day": sum(local_day(course.created, zone) <= as_of for course in tasks[name].values()),
        }.items()}
    return (wrong | count_chat_wrongly(tasks, zone, as_of) | count_duty_wrongly(data, tasks, zone, as_of)
            | count_meetings_wrongly(tasks, zone, as_of) | count_matters_wrongly(data, tasks, zone, as_of))


def count_chat_wrongly(tasks, zone, as_of):
    messages, before = tasks["group_messages"], as_of - timedelta(days=1)
    sent = sent_by(messages, as_of, zone)
    numbers = {
        "with the dismissed ones": len(sent),
        "as they stand now": sum(course.state != "dismissed" for course in sent),
        "at any time": sum(course.state != "dismissed" for course in messages.values()),
        "by the day in UTC": sum(
            course.state_on(as_of, UTC) != "dismissed" for course in sent_by(messages, as_of, UTC)),
        "before the day": sum(
            course.state_on(as_of, zone) != "dismissed" for course in sent_by(messages, before, zone)),
        "claimed": len(taken_by(messages, "claim", as_of, zone)),
        "replied to": sum(course.state == "replied" for course in sent),
    }
    replies = {
        "and late": sum(course.state == "replied" for course in sent),
        "at any time": sum(map(in_time, messages.values())),
        "by the end of the day": sum(
            in_time(course) and local_day(course.last("reply"), zone) <= as_of for course in sent),
        "counted from the entry": sum(in_time(course, "created_time") for course in sent),
        "counted from the claim": sum(bool(course.first("reply")) and time(course.first("reply"))
                                      - time(course.last("claim")) <= REPLY_WITHIN for course in sent),
        "in less than 60 minutes": sum(in_time(course) and time(course.last("reply")) - time(course.row["sent_time"])
                                       < REPLY_WITHIN for course in sent),
        "in 60 minutes and some seconds": sum(
            bool(course.last("reply")) and (time(course.last("reply")) - time(course.row["sent_time"]))
            // timedelta(minutes=1) <= 60 for course in sent),
        "by the day in UTC": sum(map(in_time, sent_by(messages, as_of, UTC))),
        "before the day": sum(map(in_time, sent_by(messages, before, zone))),
        "claimed in time": sum(bool(course.first("claim")) and time(course.first("claim"))
                               - time(course.row["sent_time"]) <= REPLY_WITHIN for course in sent),
    }
    return ({f"messages {how}": ("group_messages", number) for how, number in numbers.items()}
            | {f"replies {how}": ("group_replies_in_time", number) for how, number in replies.items()})


def count_duty_wrongly(data, tasks, zone, as_of):
    shifts = [(local_day(course.row["start_time"], zone), local_day(course.row["start_time"], UTC), course)
              for course in tasks["duty_shifts"].values()]
    chat = [shift for shift in shifts if stands(shift[2], as_of, zone, "chat_group")]
    numbers = {
        "with the cancelled ones": sum(
            day <= as_of and course.row["kind"] == "chat_group" for day, _, course in shifts),
        "as they stand now": sum(day <= as_of and course.state == "planned" for day, _, course in chat),
        "of any kind": sum(
            day <= as_of and stands(course, as_of, zone, *KINDS["duty_shifts"]) for day, _, course in shifts),
        "at any time": len(chat),
        "by the day in UTC": sum(day <= as_of for _, day, _ in chat),
        "before the day": sum(day < as_of for day, _, _ in chat),
        "that have ended": sum(local_day(course.row["end_time"], zone) <= as_of for _, _, course in chat),
        "planned by the day": sum(local_day(course.created, zone) <= as_of for _, _, course in chat),
        "not handed over": sum(day <= as_of and not course.first("hand_over") for day, _, course in chat),
    }
    return {f"duty {how}": ("chat_duty_shifts", number) for how, number in numbers.items()}


def count_meetings_wrongly(tasks, zone, as_of):
    every = ("planned", "held", "cancelled")
    year_before = as_of.replace(year=as_of.year - 1)
    numbers = {
        "of any kind": councils(tasks, as_of, zone, kinds=KINDS["meetings"]),
        "of any state": councils(tasks, as_of, zone, states=every),
        "not cancelled": councils(tasks, as_of, zone, states=("planned", "held")),
        "as they stand now": councils(tasks, as_of, zone, state_day=date.max),
        "since records began": councils(tasks, as_of, zone, first=date.min),
        "of the calendar year": councils(tasks, as_of, zone, first=date(as_of.year, 1, 1)),
        "from the same day of last year on": councils(tasks, as_of, zone, first=year_before),
        "by the day in UTC": councils(tasks, as_of, zone, where=UTC),
        "before the day": councils(tasks, as_of - timedelta(days=1), zone, first=year_before + timedelta(days=1)),
        "with all four parties": sum(
            course.row["kind"] == "council" and course.state_on(as_of, zone) == "held"
            and year_before < local_day(course.row["start_time"], zone) <= as_of
            and all(course.row[party] != "0" for party in PARTIES) for course in tasks["meetings"].values()),
        "at any time": sum(course.row["kind"] == "council" and course.state == "held"
                           for course in tasks["meetings"].values()),
    }
    return {f"councils {how}": ("council_meetings_held", number) for how, number in numbers.items()}


def count_matters_wrongly(data, tasks, zone, as_of):
    matters, deliberated = tasks["livelihood_matters"], tasks["deliberations"]
    delivered = taken_by(matters, "deliver", as_of, zone)
    visits = [row for row in data["field_visits"] if local_day(row["visit_time"], zone) <= as_of]
    notes = [row for row in data["field_notes"] if local_day(row["noted_time"], zone) <= as_of]
    patrols = [row for row in data["patrols"] if local_day(row["start_time"], zone) <= as_of]
    return {
        "matters not withdrawn": ("livelihood_matters", sum(
            local_day(course.created, zone) <= as_of and course.state_on(as_of, zone) != "withdrawn"
            for course in matters.values())),
        "applicants known": ("livelihood_matters", distinct(
            [course.row for course in matters.values() if course.row["resident_key"]
             and local_day(course.created, zone) <= as_of], "resident_key")),
        "matters approved": ("livelihood_delivered", len(taken_by(matters, "approve", as_of, zone))),
        "matters paid": ("livelihood_delivered", sum(course.row["amount_fen"] != "0" for course in delivered)),
        "matters delivered that were decided in time": ("livelihood_delivered", sum(
            course.first("approve")[:10] <= course.row["due_date"] for course in delivered)),
        "deliberations decided": ("deliberations_reviewed", len(taken_by(deliberated, "resolve", as_of, zone))),
        "deliberations assigned": ("deliberations_reviewed", len(taken_by(deliberated, "assign", as_of, zone))),
        "problems reviewed": ("deliberations_reviewed", distinct(
            [course.row for course in taken_by(deliberated, "review", as_of, zone)], "title")),
        "meetings of reviewed deliberations": ("deliberations_reviewed", sum(
            action == "deliberate" for course in taken_by(deliberated, "review", as_of, zone)
            for action, _, _ in course.steps)),
        "patrols that ended by the day": ("patrols", count_until(data["patrols"], "end_time", as_of, zone)),
        "days patrolled, by grid": ("patrols", len({(row["area_code"], row["start_time"][:10]) for row in patrols})),
        "things found on patrols": ("patrols", sum(int(row["found_count"]) for row in patrols)),
        "visits without errands": ("field_visits", sum(row["kind"] == "visit" for row in visits)),
        "visits to known residents": ("field_visits", sum(bool(row["resident_key"]) for row in visits)),
        "residents visited": ("field_visits", distinct(visits, "resident_key")),
        "errands for known residents": ("field_errands", sum(
            row["kind"] == "errand" and bool(row["resident_key"]) for row in visits)),
        "notes without a ticket": ("field_notes", sum(not row["ticket_key"] for row in notes)),
    }
