"""Checks and counts what volunteers and stations do: events and shifts, projects and wishes, the work of stations.

It reads the text of the files as `verify` does, and replays each record's steps by tables of its own.
"""
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from generator.reading import (by_key, check_apart, check_span, count_on_wrong_days, distinct, holds, local_day, move)

UTC = ZoneInfo("UTC")
KINDS = {"safety", "environment", "elderly", "children", "health", "culture", "law", "repair", "other"}
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
VISIT_KINDS = {"water", "rest", "charging", "first_aid", "enquiry", "other"}
VISITORS = {"courier", "street_cleaner", "resident", "other"}
CLAIM_HOLDS = timedelta(days=14)

# file: state in which a record begins; action: states it may start from, state it leads to
COURSES = {
    "service_events": ("planned", {"hold": ({"planned"}, "held"), "cancel": ({"planned"}, "cancelled")}),
    "shifts": ("open", {
        "fill": ({"open"}, "filled"), "release": ({"filled"}, "open"), "sign_in": ({"filled"}, "signed_in"),
        "sign_out": ({"signed_in"}, "signed_out"), "confirm_hours": ({"signed_out"}, "hours_confirmed"),
        "correct_hours": ({"hours_confirmed"}, "hours_confirmed"), "certify": ({"hours_confirmed"}, "certified"),
        "cancel": ({"open", "filled"}, "cancelled")}),
    "projects": ("needed", {
        "match": ({"needed"}, "matched"), "start": ({"matched"}, "running"), "finish": ({"running"}, "done"),
        "evaluate": ({"done"}, "evaluated"), "cancel": ({"needed", "matched", "running"}, "cancelled")}),
    "project_claims": ("claimed", {"withdraw": ({"claimed"}, "withdrawn")}),
    "wishes": ("posted", {
        "review": ({"posted"}, "reviewed"), "decline": ({"posted"}, "declined"), "claim": ({"reviewed"}, "claimed"),
        "release": ({"claimed"}, "reviewed"), "expire": ({"claimed"}, "reviewed"),
        "realise": ({"claimed"}, "realised"), "contest": ({"realised"}, "claimed"),
        "confirm": ({"realised"}, "confirmed"),
        "withdraw": ({"posted", "reviewed"}, "withdrawn")}),
    "bookings": ("booked", {"attend": ({"booked"}, "attended"), "miss": ({"booked"}, "missed"),
                            "cancel": ({"booked"}, "cancelled")}),
    "deliveries": ("requested", {"deliver": ({"requested"}, "delivered"), "cancel": ({"requested"}, "cancelled")}),
    "service_records": ("recorded", {"void": ({"recorded"}, "voided")}),
    "agency_cases": ("received", {
        "complete_materials": ({"received"}, "materials_complete"), "submit": ({"materials_complete"}, "submitted"),
        "record_result": ({"submitted"}, "resulted"), "deliver": ({"resulted"}, "delivered"),
        "withdraw": ({"received", "materials_complete", "submitted"}, "withdrawn")}),
}
# actions for which a reason is asked, and no others have one
REASONED = {("service_events", "cancel"), ("shifts", "release"), ("shifts", "correct_hours"), ("shifts", "cancel"),
            ("projects", "cancel"), ("project_claims", "withdraw"), ("wishes", "decline"), ("wishes", "release"),
            ("wishes", "contest"), ("wishes", "withdraw"), ("bookings", "cancel"), ("deliveries", "cancel"),
            ("service_records", "void"), ("agency_cases", "withdraw")}


class Course:
    """How a record came where it stands: each step's action, the state that it led to, and the time."""

    def __init__(self, name, row, courses=None, reasoned=None):
        first, moves = (courses or COURSES)[name]
        self.row, self.first_state, self.state, self.steps = row, first, first, []
        self.created = before = row["created_time"]
        assert before.endswith("+08:00"), row
        for step in row["steps"].split(";") if row["steps"] else []:
            action, when, *reason = step.split("@")
            assert when.endswith("+08:00") and when >= before, ("times", row)
            assert len(reason) == ((name, action) in (reasoned or REASONED)) and all(0 < len(why) <= 500 for why in reason), row
            self.state = move(moves[action], self.state, {"action": action, **row})
            self.steps.append((action, self.state, when))
            before = when

    def first(self, action):
        return next((when for name, _, when in self.steps if name == action), "")

    def last(self, *actions):
        return next((when for name, _, when in reversed(self.steps) if name in actions), "")

    def state_on(self, day, zone):
        """The state at the end of a day; none if it wasn't there yet."""
        state = self.first_state if local_day(self.created, zone) <= day else ""
        for _, led_to, when in self.steps:
            if local_day(when, zone) <= day:
                state = led_to
        return state


def check(data, units, zone):
    """Verifies the files; answers with the courses of the records that have states, by file and key."""
    known = {name: by_key(data[name], "key") for name in (
        "residents", "people", "volunteers", "teams", "service_posts", "stations", "catalogue_items", *SHAPES)}
    known["units"], known["areas"] = units, by_key(data["areas"], "code")
    work = {name: {row["key"]: Course(name, row) for row in data[name]} for name in COURSES}
    for name, columns in SHAPES.items():
        for row in data[name]:
            check_shape(name, row, columns, known)
    check_events(data, known, work, zone)
    check_shifts(data, known, work, zone)
    check_projects(data, known, work, zone)
    check_wishes(data, known, work, zone)
    check_sessions(data, known, work, zone)
    check_stations(data, known, work, zone)
    check_routes(data, known)
    return work


# file: the columns it has, in order; a reference ends in _key or _code
SHAPES = {
    "service_events": "key title kind team_key station_key start_time end_time area_code created_time steps",
    "shifts": "key service_event_key service_post_key station_key start_time end_time volunteer_key signed_in_time "
              "signed_out_time worked_minutes created_time steps",
    "trainings": "key volunteer_key subject training_date minutes",
    "needs": "key title kind unit_code resident_key area_code start_date end_date",
    "resources": "key title kind unit_code volunteer_key area_code start_date end_date",
    "need_matches": "key need_key resource_key volunteer_key reason match_date",
    "projects": "key title need_key place_count need_match_key score evaluation created_time steps",
    "project_claims": "key project_key unit_code volunteer_key created_time steps",
    "beneficiaries": "key project_key resident_key benefit_date",
    "wishes": "key title resident_key unit_code volunteer_key claim_until_time area_code created_time steps",
    "recurring_sessions": "key station_key name catalogue_item_key weekday start_minute end_minute capacity "
                          "start_date end_date",
    "closed_days": "key closed_date name station_key area_code",
    "bookings": "key recurring_session_key session_date resident_key created_time steps",
    "deliveries": "key station_key resident_key goods volunteer_key created_time steps",
    "service_records": "key station_key service_event_key catalogue_item_key resident_key served_time "
                       "created_time steps",
    "station_visits": "key station_key kind visitor visit_time service_record_key",
    "agency_cases": "key station_key resident_key matter handler_person_key is_authorised livelihood_matter_key "
                    "papers result papers_returned_time created_time steps",
    "station_duties": "key station_key person_key duty_date",
    "venue_routes": "key name area_code start_date end_date",
    "route_venues": "key venue_route_key position name station_key start_date end_date",
}
FILES = {"resident": "residents", "person": "people", "handler_person": "people", "volunteer": "volunteers",
         "team": "teams", "station": "stations", "unit": "units", "area": "areas", "service_event": "service_events",
         "service_post": "service_posts", "need": "needs", "resource": "resources", "need_match": "need_matches",
         "project": "projects", "catalogue_item": "catalogue_items", "recurring_session": "recurring_sessions",
         "service_record": "service_records", "venue_route": "venue_routes"}
MAY_BE_EMPTY = {"end_date", "steps", "livelihood_matter_key", "claim_until_time", "evaluation", "papers", "result",
                "papers_returned_time", "signed_in_time", "signed_out_time", ("service_events", "team_key"),
                ("service_events", "station_key"), ("shifts", "service_event_key"), ("shifts", "service_post_key"),
                ("shifts", "station_key"), ("shifts", "volunteer_key"), ("needs", "unit_code"),
                ("needs", "resident_key"), ("resources", "unit_code"), ("resources", "volunteer_key"),
                ("need_matches", "volunteer_key"), ("projects", "need_match_key"), ("project_claims", "unit_code"),
                ("project_claims", "volunteer_key"), ("wishes", "resident_key"), ("wishes", "unit_code"),
                ("wishes", "volunteer_key"), ("recurring_sessions", "catalogue_item_key"),
                ("closed_days", "station_key"), ("deliveries", "volunteer_key"), ("service_records", "station_key"),
                ("service_records", "service_event_key"), ("service_records", "catalogue_item_key"),
                ("service_records", "resident_key"), ("station_visits", "service_record_key"),
                ("route_venues", "station_key")}
LONGEST = {"title": 100, "subject": 100, "name": 100, "reason": 500, "evaluation": 500, "goods": 200, "matter": 200,
           "result": 500}


def check_shape(name, row, columns, known):
    """Columns, what must be filled, texts, times, and that everything named is there."""
    assert list(row) == columns.split(), (name, list(row))
    for column, value in row.items():
        if not value:
            assert column in MAY_BE_EMPTY or (name, column) in MAY_BE_EMPTY, (column, row)
        elif column == "livelihood_matter_key":
            raise AssertionError(("named by none yet", row))
        elif column != "key" and column.endswith(("_key", "_code")):
            assert value in known[FILES[column.rpartition("_")[0]]], (column, row)
        elif column.endswith("_time"):
            assert value.endswith("+08:00") and datetime.fromisoformat(value), (column, row)
        elif column.endswith("_date"):
            date.fromisoformat(value)
        elif column in LONGEST:
            assert len(value) <= (200 if (name, column) == ("wishes", "title") else LONGEST[column]), (column, row)
    if name in ("service_events", "needs", "resources"):
        assert row["kind"] in KINDS, row
    if "area_code" in row:
        assert name == "closed_days" or known["areas"][row["area_code"]]["kind"] in ("community", "grid"), row


def check_one(row, *columns):
    assert sum(bool(row[column]) for column in columns) == 1, (columns, row)


def check_held(known, day, **named):
    """What is named holds on the day. An empty name is none."""
    for name, key in named.items():
        assert not key or holds(known[name][key], day), (name, key, day)


def check_events(data, known, work, zone):
    for course in work["service_events"].values():
        row = course.row
        day = local_day(row["start_time"], zone)
        assert row["start_time"] < row["end_time"], row
        assert course.state != "held" or course.first("hold") >= row["start_time"], row
        check_held(known, day, teams=row["team_key"], stations=row["station_key"], areas=row["area_code"])
    for row in data["trainings"]:
        assert 1 <= int(row["minutes"]) <= 1440, row
        check_held(known, date.fromisoformat(row["training_date"]), volunteers=row["volunteer_key"])


def check_shifts(data, known, work, zone):
    busy = defaultdict(list)
    for course in work["shifts"].values():
        row, state = course.row, course.state
        check_one(row, "service_event_key", "service_post_key", "station_key")
        start, end = (datetime.fromisoformat(row[column]) for column in ("start_time", "end_time"))
        assert timedelta() < end - start <= timedelta(hours=24), row
        reached = ["signed_in", "signed_out", "hours_confirmed", "certified"]
        came, left, confirmed = (state in reached[number:] for number in range(3))
        assert state == "cancelled" or bool(row["volunteer_key"]) == (state != "open"), row
        assert row["signed_in_time"] == course.last("sign_in") and bool(row["signed_in_time"]) == came, row
        assert row["signed_out_time"] == course.last("sign_out") and bool(row["signed_out_time"]) == left, row
        assert 0 <= int(row["worked_minutes"]) <= 1440 and (int(row["worked_minutes"]) > 0) == confirmed, row
        if confirmed:
            there = datetime.fromisoformat(row["signed_out_time"]) - datetime.fromisoformat(row["signed_in_time"])
            assert timedelta(minutes=int(row["worked_minutes"])) <= there, row
        check_held(known, local_day(row["start_time"], zone), volunteers=row["volunteer_key"],
                   service_posts=row["service_post_key"], stations=row["station_key"])
        if row["service_event_key"]:
            assert work["service_events"][row["service_event_key"]].state in ("planned", "held"), row
        if row["volunteer_key"] and state != "cancelled":
            busy[row["volunteer_key"]].append((start, end))
    for spans in busy.values():
        spans.sort()
        assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:])), ("on two shifts", spans)


def check_projects(data, known, work, zone):
    """Needs, what meets them, and projects with those who claim a part in them or benefit."""
    for name in ("needs", "resources"):
        for row in data[name]:
            check_span(row)
            check_held(known, date.fromisoformat(row["start_date"]), units=row["unit_code"],
                       volunteers=row.get("volunteer_key"), residents=row.get("resident_key"))
    for row in data["resources"]:
        check_one(row, "unit_code", "volunteer_key")
    by_key(data["need_matches"], "need_key", "resource_key")
    for row in data["need_matches"]:
        check_held(known, date.fromisoformat(row["match_date"]), needs=row["need_key"],
                   resources=row["resource_key"], volunteers=row["volunteer_key"])
    for course in work["projects"].values():
        row, state = course.row, course.state
        assert int(row["place_count"]) >= 1 and 0 <= int(row["score"]) <= 5, row
        assert (int(row["score"]) > 0) == bool(row["evaluation"]) == (state == "evaluated"), row
        assert bool(row["need_match_key"]) == bool(course.first("match")), row
        check_held(known, local_day(course.created, zone), needs=row["need_key"])
        if row["need_match_key"]:
            match = known["need_matches"][row["need_match_key"]]
            assert match["need_key"] == row["need_key"] and match["match_date"] <= course.first("match")[:10], row
    check_claims(known, work, zone)
    by_key(data["beneficiaries"], "project_key", "resident_key")
    for row in data["beneficiaries"]:
        project = work["projects"][row["project_key"]]
        assert project.state in ("running", "done", "evaluated"), row
        assert project.first("start")[:10] <= row["benefit_date"] <= (project.first("finish")[:10] or "9999"), row
        check_held(known, date.fromisoformat(row["benefit_date"]), residents=row["resident_key"])


def check_claims(known, work, zone):
    """Nobody claims twice at a time, and at no time do more claim than there are places."""
    changes, claimants = defaultdict(list), Counter()
    for course in work["project_claims"].values():
        row, project = course.row, work["projects"][course.row["project_key"]]
        check_one(row, "unit_code", "volunteer_key")
        over = project.last("finish", "cancel") or "9999"
        assert project.created <= course.created <= over, row
        check_held(known, local_day(course.created, zone), units=row["unit_code"], volunteers=row["volunteer_key"])
        changes[row["project_key"]].append((course.created, 1))
        if course.state == "withdrawn":
            changes[row["project_key"]].append((course.last("withdraw"), -1))
        else:
            claimants[row["project_key"], row["unit_code"], row["volunteer_key"]] += 1
    assert set(claimants.values()) == {1}, claimants.most_common(1)
    for key, told in changes.items():
        count = 0
        for _, change in sorted(told):
            count += change
            assert count <= int(known["projects"][key]["place_count"]), key


def check_wishes(data, known, work, zone):
    for course in work["wishes"].values():
        row, before = course.row, ""
        if course.state in ("claimed", "realised", "confirmed"):
            check_one(row, "unit_code", "volunteer_key")
        else:
            assert not row["unit_code"] and not row["volunteer_key"], row
        until = row["claim_until_time"]
        assert bool(until) == (course.state == "claimed"), row
        for action, _, when in course.steps:
            if action == "expire":
                assert datetime.fromisoformat(when) - datetime.fromisoformat(before) >= CLAIM_HOLDS, row
            if action in ("realise", "release"):
                assert datetime.fromisoformat(when) - datetime.fromisoformat(before) < CLAIM_HOLDS, row
            before = when
        if until:
            begun = datetime.fromisoformat(course.last("claim", "contest"))
            assert datetime.fromisoformat(until) - begun == CLAIM_HOLDS, row
        check_held(known, local_day(course.created, zone), residents=row["resident_key"], areas=row["area_code"])
        if row["unit_code"] or row["volunteer_key"]:
            check_held(known, local_day(course.last("claim"), zone), units=row["unit_code"],
                       volunteers=row["volunteer_key"])


def check_item(row, known, day=None):
    """An item of the catalogue is one of the same station, and holds on the day."""
    if row["catalogue_item_key"]:
        item = known["catalogue_items"][row["catalogue_item_key"]]
        assert item["station_key"] == row["station_key"] and (day is None or holds(item, day)), row


def check_sessions(data, known, work, zone):
    closed = defaultdict(list)
    for row in data["closed_days"]:
        closed[row["closed_date"]].append(row)
    by_key(data["closed_days"], "closed_date", "station_key", "area_code")
    for row in data["recurring_sessions"]:
        minutes = int(row["start_minute"]), int(row["end_minute"])
        assert 0 <= minutes[0] < minutes[1] <= 1440 and int(row["capacity"]) >= 1 and row["weekday"] in WEEKDAYS, row
        check_item(row, known)
        item = [known["catalogue_items"][row["catalogue_item_key"]]] if row["catalogue_item_key"] else []
        check_span(row, known["stations"][row["station_key"]], *item)
    places, persons = Counter(), Counter()
    for course in work["bookings"].values():
        row = course.row
        session = known["recurring_sessions"][row["recurring_session_key"]]
        day = date.fromisoformat(row["session_date"])
        station = known["stations"][session["station_key"]]
        assert holds(session, day) and WEEKDAYS[day.weekday()] == session["weekday"], row
        assert not any(other["station_key"] == station["key"] or not other["station_key"]
                       and station["area_code"].startswith(other["area_code"])
                       for other in closed[row["session_date"]]), ("closed", row)
        check_held(known, day, residents=row["resident_key"])
        assert course.created[:10] <= row["session_date"], row
        assert all(when[:10] >= row["session_date"] for action, _, when in course.steps if action != "cancel"), row
        if course.state != "cancelled":
            places[session["key"], row["session_date"]] += 1
            persons[session["key"], row["session_date"], row["resident_key"]] += 1
    assert all(count <= int(known["recurring_sessions"][key]["capacity"]) for (key, _), count in places.items())
    assert set(persons.values()) == {1}, persons.most_common(1)


def check_stations(data, known, work, zone):
    for course in work["deliveries"].values():
        row = course.row
        assert not row["volunteer_key"] or course.state == "delivered", row
        day = local_day(course.last("deliver") or course.created, zone)
        check_held(known, local_day(course.created, zone), stations=row["station_key"], residents=row["resident_key"])
        check_held(known, day, stations=row["station_key"], volunteers=row["volunteer_key"])
    for course in work["service_records"].values():
        row = course.row
        check_one(row, "station_key", "service_event_key")
        day = local_day(row["served_time"], zone)
        assert row["served_time"] <= course.created and local_day(course.created, zone) == day, row
        check_item(row, known, day)
        check_held(known, day, stations=row["station_key"], residents=row["resident_key"])
        if row["service_event_key"]:
            event = work["service_events"][row["service_event_key"]]
            assert event.row["start_time"] <= row["served_time"] <= event.row["end_time"] and event.state == "held", row
    for row in data["station_visits"]:
        assert row["kind"] in VISIT_KINDS and row["visitor"] in VISITORS, row
        check_held(known, local_day(row["visit_time"], zone), stations=row["station_key"])
        if row["service_record_key"]:
            record = known["service_records"][row["service_record_key"]]
            assert record["station_key"] == row["station_key"], row
            assert record["served_time"][:10] == row["visit_time"][:10], row
    recorded = [row for row in data["station_visits"] if row["service_record_key"]]
    by_key(recorded, "service_record_key")
    for course in work["agency_cases"].values():
        check_case(course, known, zone)
    by_key(data["station_duties"], "person_key", "duty_date")
    for row in data["station_duties"]:
        check_held(known, date.fromisoformat(row["duty_date"]), stations=row["station_key"])


def check_case(course, known, zone):
    row, state = course.row, course.state
    papers = row["papers"].split(";") if row["papers"] else []
    assert all(1 <= len(paper) <= 100 for paper in papers) and len(papers) <= 50, row
    assert state == "withdrawn" or bool(papers) == (state != "received"), row
    assert bool(papers) == bool(course.first("complete_materials")), row
    assert bool(row["result"]) == (state in ("resulted", "delivered")), row
    given_back = course.last("deliver", "withdraw") if papers else ""
    assert row["papers_returned_time"] == given_back, row
    assert row["is_authorised"] == "true" or row["is_authorised"] == "false" and not course.first("submit"), row
    check_held(known, local_day(course.created, zone), stations=row["station_key"], residents=row["resident_key"])


def check_routes(data, known):
    for row in data["venue_routes"]:
        check_span(row, known["areas"][row["area_code"]])
    check_apart(data["route_venues"], "venue_route_key", "position")
    for row in data["route_venues"]:
        station = [known["stations"][row["station_key"]]] if row["station_key"] else []
        assert 1 <= int(row["position"]) <= 1000, row
        check_span(row, known["venue_routes"][row["venue_route_key"]], *station)


def tally(work):
    return [(name, Counter(course.state for course in courses.values())) for name, courses in work.items()]


def taken_by(courses, action, day, zone):
    """The records of which a step was taken by the end of the day."""
    return [course for course in courses.values() if course.first(action)
            and local_day(course.first(action), zone) <= day]


def standing(records, day, zone):
    """Service records that aren't voided at the end of the day, each with the local day on which it was."""
    return [(local_day(course.row["served_time"], zone), course.row) for course in records.values()
            if not course.steps or local_day(course.steps[0][2], zone) > day]


def compute(data, work, zone, as_of):
    """The figures, each by its definition."""
    day, year = as_of.isoformat(), date(as_of.year, 1, 1)
    served = standing(work["service_records"], as_of, zone)
    return {
        "projects_matched": len(taken_by(work["projects"], "match", as_of, zone)),
        "project_beneficiaries": distinct([row for row in data["beneficiaries"] if row["benefit_date"] <= day],
                                          "resident_key"),
        "events_held": sum(course.state_on(as_of, zone) == "held"
                           and year <= local_day(course.row["start_time"], zone) <= as_of
                           for course in work["service_events"].values()),
        "event_person_times": sum(bool(row["service_event_key"]) and year <= when <= as_of for when, row in served),
        "station_person_times": sum(bool(row["station_key"]) and when <= as_of for when, row in served),
        "need_matches": sum(row["match_date"] <= day for row in data["need_matches"]),
        "wishes_confirmed": len(taken_by(work["wishes"], "confirm", as_of, zone)),
        "trainings": sum(row["training_date"] <= day for row in data["trainings"]),
        "certified_minutes": sum(int(course.row["worked_minutes"]) for course in work["shifts"].values()
                                 if course.state_on(as_of, zone) == "certified"),
        "recurring_sessions": sum(holds(row, as_of) for row in data["recurring_sessions"]),
        "deliveries_made": len(taken_by(work["deliveries"], "deliver", as_of, zone)),
        "station_visits": sum(not row["service_record_key"] and local_day(row["visit_time"], zone) <= as_of
                              for row in data["station_visits"]),
        "agency_cases_delivered": len(taken_by(work["agency_cases"], "deliver", as_of, zone)),
        "duty_days": sum(row["duty_date"] <= day for row in data["station_duties"]),
        "route_venues": sum(holds(row, as_of) for row in data["route_venues"]),
    }


def count_wrongly(data, work, zone, as_of):
    """Counts that a careless report would give; none may equal the figure."""
    wrong = count_on_wrong_days([
        ("sessions", "recurring_sessions", data["recurring_sessions"], len),
        ("venues", "route_venues", data["route_venues"], len),
    ], as_of)
    for what, key, name, action in [("projects matched", "projects_matched", "projects", "match"),
                                    ("wishes confirmed", "wishes_confirmed", "wishes", "confirm"),
                                    ("deliveries", "deliveries_made", "deliveries", "deliver"),
                                    ("agency cases", "agency_cases_delivered", "agency_cases", "deliver")]:
        wrong |= {f"{what} {how}": (key, number) for how, number in {
            "at any time": sum(bool(course.first(action)) for course in work[name].values()),
            "by the day in UTC": len(taken_by(work[name], action, as_of, UTC)),
            "before the day": len(taken_by(work[name], action, as_of - timedelta(days=1), zone)),
            "entered by the day": sum(local_day(course.created, zone) <= as_of for course in work[name].values()),
        }.items()}
    return (wrong | count_days_wrongly(data, as_of) | count_courses_wrongly(data, work, zone, as_of)
            | count_events_wrongly(work, zone, as_of) | count_served_wrongly(data, work, zone, as_of))


def count_days_wrongly(data, as_of):
    """The same for what happens on one day."""
    wrong, day, next_day = {}, as_of.isoformat(), (as_of + timedelta(days=1)).isoformat()
    for key, name, column in [("need_matches", "need_matches", "match_date"),
                              ("trainings", "trainings", "training_date"),
                              ("duty_days", "station_duties", "duty_date")]:
        days = [row[column] for row in data[name]]
        wrong |= {f"{name} {how}": (key, number) for how, number in {
            "at any time": len(days), "before the day": sum(one < day for one in days),
            "on the day after": sum(one <= next_day for one in days)}.items()}
    matched = [row for row in data["need_matches"] if row["match_date"] <= day]
    trained = [row for row in data["trainings"] if row["training_date"] <= day]
    duties = [row for row in data["station_duties"] if row["duty_date"] <= day]
    benefits = [row for row in data["beneficiaries"] if row["benefit_date"] <= day]
    names = {row["key"]: row["name"] for row in data["residents"]}
    stations = by_key(data["stations"], "key")
    return wrong | {
        "needs that are matched": ("need_matches", distinct(matched, "need_key")),
        "resources that are matched": ("need_matches", distinct(matched, "resource_key")),
        "volunteers trained": ("trainings", distinct(trained, "volunteer_key")),
        "days with somebody on duty": ("duty_days", distinct(duties, "duty_date")),
        "days of stations with somebody on duty": ("duty_days", distinct(duties, "station_key", "duty_date")),
        "duty in stations that still hold": ("duty_days", sum(
            holds(stations[row["station_key"]], as_of) for row in duties)),
        "beneficiaries, one for each project": ("project_beneficiaries", len(benefits)),
        "beneficiaries at any time": ("project_beneficiaries", distinct(data["beneficiaries"], "resident_key")),
        "beneficiaries before the day": ("project_beneficiaries", distinct(
            [row for row in benefits if row["benefit_date"] < day], "resident_key")),
        "beneficiaries on the day after": ("project_beneficiaries", distinct(
            [row for row in data["beneficiaries"] if row["benefit_date"] <= next_day], "resident_key")),
        "names of beneficiaries": ("project_beneficiaries", len({names[row["resident_key"]] for row in benefits})),
        "beneficiaries who still live there": ("project_beneficiaries", len(
            {row["resident_key"] for row in benefits}
            & {row["key"] for row in data["residents"] if holds(row, as_of)})),
    }


def count_courses_wrongly(data, work, zone, as_of):
    """The same for projects, wishes, shifts, deliveries, cases and visits."""
    matched = taken_by(work["projects"], "match", as_of, zone)
    claimed = taken_by(work["wishes"], "claim", as_of, zone)
    realised = taken_by(work["wishes"], "realise", as_of, zone)
    brought = taken_by(work["deliveries"], "deliver", as_of, zone)
    cases = taken_by(work["agency_cases"], "deliver", as_of, zone)
    stations = by_key(data["stations"], "key")
    visits = [(local_day(row["visit_time"], zone), local_day(row["visit_time"], UTC), row)
              for row in data["station_visits"]]
    plain = [visit for visit in visits if not visit[2]["service_record_key"]]
    shifts = list(work["shifts"].values())

    def minutes(courses, columns=None):
        if columns is None:
            return sum(int(course.row["worked_minutes"]) for course in courses)
        return sum((datetime.fromisoformat(course.row[columns[1]]) - datetime.fromisoformat(course.row[columns[0]]))
                   // timedelta(minutes=1) for course in courses)

    certified = [course for course in shifts if course.state_on(as_of, zone) == "certified"]
    return {
        "projects matched and not cancelled": ("projects_matched", sum(
            course.state_on(as_of, zone) != "cancelled" for course in matched)),
        "projects in the state matched": ("projects_matched", sum(
            course.state_on(as_of, zone) == "matched" for course in work["projects"].values())),
        "projects started": ("projects_matched", len(taken_by(work["projects"], "start", as_of, zone))),
        "projects evaluated": ("projects_matched", len(taken_by(work["projects"], "evaluate", as_of, zone))),
        "wishes claimed": ("wishes_confirmed", len(claimed)),
        "wishes realised": ("wishes_confirmed", len(realised)),
        "times that wishes were realised": ("wishes_confirmed", sum(
            action == "realise" and local_day(when, zone) <= as_of
            for course in work["wishes"].values() for action, _, when in course.steps)),
        "minutes certified at any time": ("certified_minutes", minutes(
            course for course in shifts if course.state == "certified")),
        "minutes certified by the day in UTC": ("certified_minutes", minutes(
            course for course in shifts if course.state_on(as_of, UTC) == "certified")),
        "minutes confirmed": ("certified_minutes", minutes(
            course for course in shifts if course.state_on(as_of, zone) in ("hours_confirmed", "certified"))),
        "minutes planned": ("certified_minutes", minutes(certified, ("start_time", "end_time"))),
        "minutes present": ("certified_minutes", minutes(certified, ("signed_in_time", "signed_out_time"))),
        "deliveries by volunteers": ("deliveries_made", sum(bool(course.row["volunteer_key"]) for course in brought)),
        "deliveries of stations that still hold": ("deliveries_made", sum(
            holds(stations[course.row["station_key"]], as_of) for course in brought)),
        "agency cases of the agency": ("agency_cases_delivered", sum(
            stations[course.row["station_key"]]["kind"] == "agency" for course in cases)),
        "agency cases with a result": ("agency_cases_delivered", len(
            taken_by(work["agency_cases"], "record_result", as_of, zone))),
        "visits with those that have a record": ("station_visits", sum(day <= as_of for day, _, _ in visits)),
        "station visits at any time": ("station_visits", len(plain)),
        "station visits by the day in UTC": ("station_visits", sum(day <= as_of for _, day, _ in plain)),
        "station visits before the day": ("station_visits", sum(day < as_of for day, _, _ in plain)),
        "visits to stations that still hold": ("station_visits", sum(
            day <= as_of and holds(stations[row["station_key"]], as_of) for day, _, row in plain)),
    }


def count_events_wrongly(work, zone, as_of):
    events = list(work["service_events"].values())
    year = date(as_of.year, 1, 1)

    def count(among, where=zone, since=year, until=as_of):
        return sum(since <= local_day(course.row["start_time"], where) <= until for course in among)

    held = [course for course in events if course.state_on(as_of, zone) == "held"]
    held_ever = [course for course in events if course.state == "held"]
    numbers = {
        "of any state": count(events),
        "not cancelled": count([course for course in events if course.state_on(as_of, zone) != "cancelled"]),
        "at any time": len(held_ever),
        "since records began": count(held, since=date.min),
        "of the year, at any time": count(held_ever, until=date.max),
        "as they stand now": count(held_ever),
        "by the day in UTC": count(held_ever, where=UTC),
        "by the time of the step in UTC": count([course for course in events if course.state_on(as_of, UTC) == "held"],
                                                where=UTC),
        "before the day": count(held, until=as_of - timedelta(days=1)),
        "of the twelve months": count(held, since=as_of - timedelta(days=364)),
        "of a team": count([course for course in held if course.row["team_key"]]),
    }
    return {f"events held, {how}": ("events_held", number) for how, number in numbers.items()}


def count_served_wrongly(data, work, zone, as_of):
    """The same for the two figures of person-times."""
    stations, records = by_key(data["stations"], "key"), list(work["service_records"].values())
    days = [(local_day(course.row["served_time"], zone), course) for course in records]
    year = date(as_of.year, 1, 1)
    events = work["service_events"]
    in_utc = standing(work["service_records"], as_of, UTC)
    standing_now = [(day, course.row) for day, course in days if not course.steps]
    served = standing(work["service_records"], as_of, zone)
    at_station = [row for day, row in served if row["station_key"] and day <= as_of]
    at_event = [row for day, row in served if row["service_event_key"] and year <= day <= as_of]
    numbers = {}
    for key, column, since in [("event_person_times", "service_event_key", year),
                               ("station_person_times", "station_key", date.min)]:
        every = [(day, row) for day, row in served if row[column]]
        numbers |= {(f"{key} {how}", key): number for how, number in {
            "with the voided ones": sum(since <= day <= as_of and bool(course.row[column]) for day, course in days),
            "as they stand now": sum(since <= day <= as_of and bool(row[column]) for day, row in standing_now),
            "at any time": len(every),
            "by the day in UTC": sum(since <= day <= as_of and bool(row[column]) for day, row in in_utc),
            "before the day": sum(since <= day < as_of for day, _ in every),
            "of the year": sum(year <= day <= as_of for day, _ in every) if since == date.min else len(
                [day for day, _ in every if day <= as_of]),
            "of known residents": sum(since <= day <= as_of and bool(row["resident_key"]) for day, row in every),
            "of both sorts": sum(since <= day <= as_of for day, _ in served),
        }.items()}
    return {name: (key, number) for (name, key), number in numbers.items()} | {
        "person-times at events of the year": ("event_person_times", sum(
            year <= local_day(events[row["service_event_key"]].row["start_time"], zone) <= as_of
            for _, row in served if row["service_event_key"])),
        "residents served at events": ("event_person_times", distinct(at_event, "resident_key")),
        "residents served at stations": ("station_person_times", distinct(at_station, "resident_key")),
        "person-times of the home-care station": ("station_person_times", sum(
            stations[row["station_key"]]["kind"] == "home_care" for row in at_station)),
        "person-times of stations that still hold": ("station_person_times", sum(
            holds(stations[row["station_key"]], as_of) for row in at_station)),
        "person-times of items of the catalogue": ("station_person_times", sum(
            bool(row["catalogue_item_key"]) for row in at_station)),
        "person-times and visits": ("station_person_times", len(at_station) + sum(
            local_day(row["visit_time"], zone) <= as_of for row in data["station_visits"])),
    }
