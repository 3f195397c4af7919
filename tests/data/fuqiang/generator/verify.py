"""Checks a community's files: shape, references, legality of histories, and computed against published figures.

It works from the text of the files alone and knows nothing of how they were made.
"""
import csv
import io
import json
import re
import unicodedata
from collections import Counter
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from generator import verify_community, verify_service
from generator.common import gcj02
from generator.reading import (ON_ANOTHER_DAY, by_key, check_apart, check_span, count_on_wrong_days, distinct, holds,
                               local_day, move)

AREA_KINDS = ["district", "street", "community", "grid"]
PARTY_KINDS = ["street_working_committee", "community_general_branch", "grid_branch", "building_party_group",
               "centre_household"]
OTHER_KINDS = {"committee", "department", "company", "social_organisation"}
UNIT_OF_POST = {"group_leader": "building_party_group", "centre_household_head": "centre_household"}
GRID_POSTS = {"full_time_grid_worker", "part_time_grid_worker"}
NEEDS = {"lives_alone", "empty_nest", "disabled", "chronically_ill", "low_income", "unemployed", "child_care", "other"}
TEAMS = {"community_staff", "party_members", "core_residents"}
RESIDENT_ROLES = {"building_head", "mediator", "team_head", "deliberation_delegate", "informant"}
# kinds of the unit that a member of co-governance may be; a resident is none
MEMBER_KINDS = {"general_branch": {"community_general_branch"}, "property_committee": {"committee"},
                "property_company": {"company"}, "co_building_unit": {*PARTY_KINDS, *OTHER_KINDS}, "resident": {None}}
TEAM_KINDS = {"red_armbands", "red_caps", "red_vests", "other"}
STATION_KINDS = {"centre", "convenience", "agency", "home_care"}
PRICE_KINDS = {"free", "at_cost", "priced"}
PERIODS = {"as_of", "year_to_date", "per_year", "since_opening", "since_records_began"}
SOURCES = {"grid_worker", "resident", "chat_group", "hotline", "leader", "video", "transfer"}
RETURN_REASONS = {"not_our_area", "not_our_duty", "information_missing", "other"}
OUTCOMES = {"fixed", "answered", "not_fixable", "not_responsible", "withdrawn"}
NOTED = {"decline", "submit", "return", "refuse", "withdraw", "send_back", "fail", "cancel", "fix_on_the_spot"}
FINAL_TICKET, FINAL_ORDER = {"declined", "closed", "cancelled"}, {"confirmed", "returned", "refused", "withdrawn"}

# action on the whole ticket: states it may start from, state it leads to
TICKET_MOVES = {
    "file": ({"reported"}, "pending_dispatch"), "decline": ({"reported"}, "declined"),
    "fix_on_the_spot": ({"reported"}, "closed"),
    "dispatch": ({"pending_dispatch"}, "pending_acceptance"), "confirm": ({"handled"}, "pending_check"),
    "send_back": ({"handled"}, "handling"), "pass": ({"pending_check"}, "closed"),
    "fail": ({"pending_check"}, "handling"),
    "cancel": ({"reported", "pending_dispatch", "pending_acceptance", "handling", "handled", "pending_check"},
               "cancelled"),
}
# action on one order: states it may start from, state it leads to, state of the ticket if the order is the lead
ORDER_MOVES = {
    "accept": ({"issued"}, "accepted", "handling"), "assign": ({"accepted"}, "handling", None),
    "submit": ({"handling"}, "submitted", "handled"), "return": ({"issued"}, "returned", "pending_dispatch"),
    "refuse": ({"issued"}, "refused", "pending_dispatch"), "confirm_order": ({"submitted"}, "confirmed", None),
    "withdraw": ({"issued", "accepted", "handling", "submitted"}, "withdrawn", None),
}


def check(texts):
    """Verifies the files; answers with the totals, line by line. Any fault raises AssertionError."""
    for name, text in texts.items():
        assert "\r" not in text and text.endswith("\n"), name
    data = {name[:-4]: list(csv.DictReader(io.StringIO(text), strict=True))
            for name, text in texts.items() if name.endswith(".csv")}
    about = {row["key"]: row["value"] for row in data["dataset"]}
    zone, as_of = ZoneInfo(about["time_zone"]), date.fromisoformat(about["as_of_date"])
    rings = check_areas(data, json.loads(texts["boundaries.geojson"]))
    units = check_units(data)
    check_appointments(data, units)
    check_buildings(data, units)
    check_residents(data)
    check_co_governance(data, units)
    check_duties(data, units)
    places, areas_of_tickets = check_places(data, rings)
    check_reporters(data, areas_of_tickets, zone)
    orders = check_histories(data, units, zone)
    visits = check_visits(data, zone)
    check_volunteers(data)
    check_stations(data, units)
    work = verify_service.check(data, units, zone)
    tasks = verify_community.check(data, orders["tickets"], work["projects"], zone)
    computed = compute(data, units, orders, visits, zone, as_of) | verify_service.compute(data, work, zone, as_of)
    computed |= verify_community.compute(data, tasks, zone, as_of)
    published = {row["figure_key"]: row for row in data["published_figures"]}
    for key, row in published.items():
        value, stated = computed[key], int(row["value"])
        assert value == stated if row["bound"] == "exact" else value >= stated, f"{key}: {value}, published {stated}"
        assert row["as_of_date"] == about["as_of_date"] and row["period"] in PERIODS, key
    check_distinct(computed, published)
    miscounts = count_wrongly(data, units, orders, visits, zone, as_of)
    miscounts |= verify_service.count_wrongly(data, work, zone, as_of)
    miscounts |= verify_community.count_wrongly(data, tasks, zone, as_of)
    for name, (key, value) in miscounts.items():
        assert value != computed[key], f"the trap '{name}' doesn't catch anyone"
    said = {key: f"published{' at least' * (row['bound'] == 'at_least')} {row['value']}"
            for key, row in published.items()}
    states = Counter(ticket["ticket_state"] for ticket in orders["tickets"])
    return ([f"{name}.csv: {len(rows)} rows" for name, rows in data.items()]
            + [f"places of tickets: {dict(sorted(places.items()))}"]
            + [f"final states of tickets: {dict(sorted(states.items()))}"]
            + [f"final states of {name}: {dict(sorted(tally.items()))}" for name, tally in verify_service.tally(work | tasks)]
            + [f"{key} = {value} ({said.get(key, 'not published')})" for key, value in computed.items()]
            + [f"wrongly counted, {name}: {value}" for name, (_, value) in miscounts.items()])


def check_distinct(computed, published):
    """Figures are equal only where the community published them so: otherwise one could pass for the other."""
    exact = {key for key, row in published.items() if row["bound"] == "exact"}
    equal = Counter(computed.values())
    assert all(equal[value] == 1 for key, value in computed.items() if key not in exact), computed


def check_areas(data, boundaries):
    areas = {}
    by_key(data["areas"], "code")
    for row in data["areas"]:
        parent = areas.get(row["parent_code"])
        level = AREA_KINDS.index(row["kind"])
        assert re.fullmatch("[0-9]{6,32}", row["code"]) and row["code"].startswith(row["parent_code"]), row
        assert level == 0 and not row["parent_code"] or parent["kind"] == AREA_KINDS[level - 1], row
        check_span(row, *[parent] if parent else [])
        areas[row["code"]] = row
    rings = {feature["properties"]["area_code"]: feature["geometry"]["coordinates"][0]
             for feature in boundaries["features"]}
    assert all(ring[0] == ring[-1] and surface(ring) > 0 for ring in rings.values()), "closed, counter-clockwise"
    for code, ring in rings.items():
        inner = [surface(rings[child]) for child in rings if areas[child]["parent_code"] == code]
        assert not inner or abs(sum(inner) - surface(ring)) < 1e-12, f"{code} isn't tiled"
    return {code: ring for code, ring in rings.items() if areas[code]["kind"] == "grid"}


def surface(ring):
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(ring, ring[1:])) / 2


def inside(ring, x, y):
    return sum((y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0
               for (x0, y0), (x1, y1) in zip(ring, ring[1:])) % 2 == 1


def far_inside(ring, x, y):
    """Inside by some 80 metres."""
    return all(inside(ring, x + east, y + north) for east in (-.0009, .0009) for north in (-.0009, .0009))


def check_units(data):
    areas, units = by_key(data["areas"], "code"), {}
    by_key(data["units"], "code")
    for row in data["units"]:
        parent = units[row["parent_code"]] if row["parent_code"] else None
        assert re.fullmatch("[A-Za-z0-9.-]{1,64}", row["code"]) and row["kind"] in {*PARTY_KINDS, *OTHER_KINDS}, row
        if row["kind"] in PARTY_KINDS[1:]:
            assert parent["kind"] == PARTY_KINDS[PARTY_KINDS.index(row["kind"]) - 1], row
            assert row["area_code"].startswith(parent["area_code"]), row
        check_span(row, areas[row["area_code"]], *[parent] if parent else [])
        units[row["code"]] = row
    return units


def check_appointments(data, units):
    people, areas = by_key(data["people"], "key"), by_key(data["areas"], "code")
    by_key(data["people"], "name")
    assert all(row["area_code"] in areas for row in people.values())
    by_key(data["appointments"], "key")
    by_key(data["appointments"], "person_key", "post")  # nobody holds a post twice
    for row in data["appointments"]:
        assert row["person_key"] in people and bool(row["unit_code"]) != bool(row["area_code"]), row
        assert (row["post"] in GRID_POSTS) == bool(row["area_code"]), row
        place = units[row["unit_code"]] if row["unit_code"] else areas[row["area_code"]]
        assert place["kind"] == "grid" if row["post"] in GRID_POSTS else (
            place["kind"] == UNIT_OF_POST.get(row["post"], place["kind"])), row
        check_span(row, place)
    check_apart(data["appointments"], "post", "unit_code", "area_code")


def check_buildings(data, units):
    """Estates and buildings; a building lies where the address book says."""
    areas, estates = by_key(data["areas"], "code"), by_key(data["estates"], "key")
    for row in data["estates"]:
        assert 1 <= len(row["name"]) <= 100 and areas[row["area_code"]]["kind"] == "community", row
        company = row["property_company_code"]
        assert not company or units[company]["kind"] == "company", row
        check_span(row, areas[row["area_code"]])
    book = by_key(data["addresses"], "text")
    community, = [row["value"] for row in data["dataset"] if row["key"] == "name"]
    by_key(data["buildings"], "key")
    by_key(data["buildings"], "name")
    for row in data["buildings"]:
        estate, grid = estates[row["estate_key"]], areas[row["area_code"]]
        assert 1 <= len(row["name"]) <= 100 and grid["kind"] == "grid", row
        assert grid["parent_code"] == estate["area_code"], row
        assert book[community + row["name"]]["area_code"] == row["area_code"], row
        check_span(row, estate, grid)


def check_residents(data):
    """Households, residents, their needs and roles; what is kept of a resident lies within the resident's days."""
    buildings, homes = by_key(data["buildings"], "key"), by_key(data["households"], "key")
    for row in data["households"]:
        assert 1 <= len(row["room"]) <= 50, row
        check_span(row, buildings[row["building_key"]])
    check_apart(data["households"], "building_key", "room")
    people, residents = by_key(data["people"], "name"), by_key(data["residents"], "key")
    by_key(data["residents"], "household_key", "name")
    for row in data["residents"]:
        assert 1 <= len(row["name"]) <= 100 and row["name"] not in people, row
        assert row["is_party_member"] in ("true", "false"), row
        check_span(row, homes[row["household_key"]])
    assert {row["household_key"] for row in data["residents"]} == set(homes), "a household of nobody"
    for row in data["need_tags"]:
        assert row["kind"] in NEEDS and row["team"] in TEAMS and len(row["note"]) <= 500, row
        assert row["note"] or row["kind"] != "other", row
    for row in data["resident_roles"]:
        assert row["kind"] in RESIDENT_ROLES, row
    for rows in (data["need_tags"], data["resident_roles"]):
        by_key(rows, "key")
        check_apart(rows, "resident_key", "kind")
        for row in rows:
            check_span(row, residents[row["resident_key"]])


def check_co_governance(data, units):
    areas, people = by_key(data["areas"], "code"), by_key(data["people"], "key")
    residents = by_key(data["residents"], "key")
    for row in data["memberships"]:
        assert bool(row["unit_code"]) != bool(row["resident_key"]), row
        member = units[row["unit_code"]] if row["unit_code"] else residents[row["resident_key"]]
        assert member.get("kind") in MEMBER_KINDS[row["role"]], row
        check_span(row, member, areas[row["area_code"]])
    check_apart(data["memberships"], "unit_code", "resident_key", "area_code")
    for row in data["seats"]:
        assert row["kind"] in ("full_time", "part_time") and row["person_key"] in people, row
        check_span(row, units[row["unit_code"]], areas[row["area_code"]])
    check_apart(data["seats"], "person_key", "area_code")
    for rows in (data["memberships"], data["seats"]):
        by_key(rows, "key")
        assert all(areas[row["area_code"]]["kind"] == "community" for row in rows)


def check_duties(data, units):
    categories, areas = by_key(data["categories"], "code"), by_key(data["areas"], "code")
    for row in categories.values():
        assert re.fullmatch("[0-9]{2,8}", row["code"]) and 1 <= int(row["limit_amount"]) <= 8760, row
        assert row["limit_kind"] in ("continuous_hours", "calendar_days"), row
    by_key(data["duty_list"], "category_code", "area_code")
    for row in data["duty_list"]:
        assert row["category_code"] in categories and row["area_code"] in areas and row["unit_code"] in units, row


def check_places(data, rings):
    """Finds each ticket's grid as an import will: the area given, else the point, else the address.

    Answers with how often each way was taken, and with the area of each ticket.
    """
    areas = by_key(data["areas"], "code")
    book = by_key([{**row, "text": unicodedata.normalize("NFKC", row["text"])} for row in data["addresses"]], "text")
    assert all(row["area_code"] in areas for row in book.values())
    how, areas_of_tickets = Counter(), {}
    for row in data["tickets"]:
        found = {}
        if row["longitude"]:
            point = float(row["longitude"]), float(row["latitude"])
            taken_as_is = [code for code, ring in rings.items() if inside(ring, *point)]
            if row["coordinate_system"] == "gcj02":
                point = from_gcj02(*point)
            found["point"], = [code for code, ring in rings.items() if far_inside(ring, *point)]
            assert (found["point"] in taken_as_is) == (row["coordinate_system"] == "wgs84"), row
        matching = [text for text in book if row["address"].startswith(text)]
        if matching:
            found["address"] = book[max(matching, key=len)]["area_code"]
        if row["area_code"]:
            assert row["area_code"] in areas, row
            found["area"] = row["area_code"]
        areas_of_tickets[row["key"]], = set(found.values())
        how["+".join(found) + (" (" + row["coordinate_system"] + ")" if "point" in found else "")
            + (" not routed" if set(found.values()).isdisjoint(rings) else "")] += 1
    return how, areas_of_tickets


def check_reporters(data, areas_of_tickets, zone):
    """Who is named as the reporter was out on patrol there: a grid worker of the ticket's grid, or staff."""
    for row in data["tickets"]:
        if row["reporter_key"]:
            day = local_day(row["reported_time"], zone)
            terms = [term for term in data["appointments"]
                     if term["person_key"] == row["reporter_key"] and holds(term, day)]
            assert row["source"] == "grid_worker" and any(
                term["post"] == "staff" or term["area_code"] == areas_of_tickets[row["key"]] for term in terms), row


def from_gcj02(longitude, latitude):
    x, y = longitude, latitude
    for _ in range(4):
        east, north = gcj02(x, y)
        x, y = x + longitude - east, y + latitude - north
    return x, y


def check_histories(data, units, zone):
    """Replays every history; answers with the tickets and the orders as they stand at the end."""
    tickets, people = by_key(data["tickets"], "key"), by_key(data["people"], "key")
    categories = by_key(data["categories"], "code")
    histories = {key: [] for key in tickets}
    for row in data["ticket_actions"]:
        histories[row["ticket_key"]].append(row)
        check_action(row, people, units)
    assert [row["ticket_key"] for row in data["ticket_actions"]] == [key for key in histories for _ in histories[key]]
    replays = []
    for key, ticket in tickets.items():
        assert ticket["source"] in SOURCES and ticket["category_code"] in categories, ticket
        assert 1 <= len(ticket["title"]) <= 100, ticket
        assert not ticket["reporter_key"] or ticket["reporter_key"] in people, ticket
        replays.append(Replay(ticket))
        for row in histories[key]:
            replays[-1].apply(row, units, zone)
    orders = [order for replay in replays for order in replay.orders.values()]
    by_key(orders, "key")
    return {"tickets": [{**replay.ticket, "ticket_state": replay.state, "last_time": replay.before,
                         "last_action": replay.last_action, "outcome": replay.outcome} for replay in replays],
            "orders": orders}


def check_action(row, people, units):
    """The columns that an action needs are filled, and no others."""
    action, actor = row["action"], row["actor_key"]
    assert actor in people or actor.startswith("unit:") and actor.removeprefix("unit:") in units, row
    assert bool(row["order_key"]) == (action == "dispatch" or action in ORDER_MOVES), row
    assert bool(row["unit_code"]) == bool(row["order_role"]) == (action == "dispatch"), row
    assert row["reason"] in {"return": RETURN_REASONS, "pass": OUTCOMES, "decline": OUTCOMES}.get(action, {""}), row
    assert bool(row["note"]) == (action in NOTED), row
    assert row["handler_key"] in people if action == "assign" else not row["handler_key"], row


class Replay:
    """One ticket and its orders, as its history leaves them."""

    def __init__(self, ticket):
        self.ticket, self.key, self.state, self.orders, self.returns = ticket, ticket["key"], "reported", {}, set()
        self.before, self.issuing, self.last_action, self.outcome = ticket["reported_time"], None, "", ""
        assert self.before.endswith("+08:00"), ticket

    def apply(self, row, units, zone):
        again = row["action"] == "dispatch" and row["time"] == self.issuing  # a further order of the same dispatch
        assert row["time"].endswith("+08:00") and (again or row["time"] > self.before), ("times", row)
        self.before, self.last_action = row["time"], row["action"]
        if row["action"] == "dispatch":
            self.issue(row, units, zone, again)
        elif row["action"] in ORDER_MOVES:
            self.act_on_order(row, self.orders[row["order_key"]])
        else:
            self.act_on_ticket(row)

    def issue(self, row, units, zone, again):
        if not again:
            self.state, self.issuing = move(TICKET_MOVES["dispatch"], self.state, row), row["time"]
        assert row["order_role"] == ("assisting" if again else "lead") and row["order_key"] not in self.orders, row
        assert row["unit_code"] not in [other["unit"] for other in self.issued_with(row["time"])], ("unit_twice", row)
        assert holds(units[row["unit_code"]], local_day(row["time"], zone)), row
        self.orders[row["order_key"]] = {"key": row["order_key"], "ticket": self.key, "unit": row["unit_code"],
                                         "role": row["order_role"], "state": "issued", "issued": row["time"],
                                         "accepted": ""}

    def issued_with(self, time):
        return [order for order in self.orders.values() if order["issued"] == time]

    def act_on_order(self, row, order):
        starts, to, ticket_state = ORDER_MOVES[row["action"]]
        assert self.state not in FINAL_TICKET, row
        order["state"] = move((starts, to), order["state"], row)
        lead = order["role"] == "lead"
        assert not (lead and row["action"] in ("withdraw", "confirm_order")), ("lead_order", row)
        if lead and ticket_state:
            self.state = ticket_state
        if row["action"] == "accept":
            order["accepted"] = row["time"]
        if row["action"] == "return":
            assert (order["unit"], row["reason"]) not in self.returns, ("returned_before", row)
            self.returns.add((order["unit"], row["reason"]))
        if row["action"] in ("return", "refuse"):  # these files leave open what becomes of assisting orders then
            assert len(self.issued_with(order["issued"])) == 1, row

    def act_on_ticket(self, row):
        self.state = move(TICKET_MOVES[row["action"]], self.state, row)
        lead = next((order for order in self.orders.values() if order["role"] == "lead"
                     and order["state"] not in ("returned", "refused")), None)
        if row["action"] == "fix_on_the_spot":
            assert self.ticket["source"] == "grid_worker", ("not_reported_on_patrol", row)
            assert row["actor_key"] == self.ticket["reporter_key"], ("not_the_reporter", row)
        self.outcome = {"fix_on_the_spot": "fixed"}.get(row["action"], row["reason"])
        if row["action"] == "confirm":
            assert all(order["state"] in ("confirmed", "withdrawn") for order in self.orders.values()
                       if order["role"] == "assisting"), ("assisting_open", row)
            lead["state"] = "confirmed"
        if row["action"] in ("send_back", "fail"):
            lead["state"] = "handling"
        if row["action"] == "cancel":
            for order in self.orders.values():
                order["state"] = order["state"] if order["state"] in FINAL_ORDER else "withdrawn"


def check_visits(data, zone):
    people, units = by_key(data["people"], "key"), by_key(data["units"], "code")
    registrations = by_key(data["registrations"], "key")
    for row in registrations.values():
        assert row["person_key"] in people and row["home_unit_code"] in units, row
        check_span(row)
    check_apart(data["registrations"], "person_key", "area_code")
    by_key(data["check_in_visits"], "key")
    by_key(data["check_in_visits"], "registration_key", "visit_time")
    for row in data["check_in_visits"]:
        assert holds(registrations[row["registration_key"]], local_day(row["visit_time"], zone)), row
        assert 1 <= len(row["handled"]) <= 1000 and bool(row["voided_time"]) == bool(row["void_reason"]), row
        assert not row["voided_time"] or row["voided_time"] > row["visit_time"], row
    return data["check_in_visits"]


def check_volunteers(data):
    """Volunteers, teams and service posts; nobody is in a team or holds a post twice on one day."""
    areas, people = by_key(data["areas"], "code"), by_key(data["people"], "key")
    names = {row["name"] for row in data["people"] + data["residents"]}
    volunteers, posts = by_key(data["volunteers"], "key"), by_key(data["service_posts"], "key")
    teams = by_key(data["teams"], "key")
    by_key(data["volunteers"], "name")
    for row in data["volunteers"]:
        skills = row["skills"].split(";") if row["skills"] else []
        assert len(set(skills)) == len(skills) <= 3 and all(skills), row
        assert row["name"] not in names and (not row["person_key"] or row["person_key"] in people), row
    for row in data["teams"]:
        assert row["kind"] in TEAM_KINDS, row
    for row in data["service_posts"]:
        assert int(row["planned_count"]) >= 1, row
    for rows, kinds in [(data["volunteers"], {"community"}), (data["teams"], {"community"}),
                        (data["service_posts"], {"community", "grid"})]:
        for row in rows:
            assert 1 <= len(row["name"]) <= 100 and areas[row["area_code"]]["kind"] in kinds, row
            check_span(row, areas[row["area_code"]])
    for rows, column, wholes in [(data["team_members"], "team_key", teams),
                                 (data["post_holders"], "service_post_key", posts)]:
        by_key(rows, "key")
        check_apart(rows, column, "volunteer_key")
        for row in rows:
            check_span(row, wholes[row[column]], volunteers[row["volunteer_key"]])


def check_stations(data, units):
    """Stations, what they offer, who is paid to run them, and the subsidies."""
    areas, stations = by_key(data["areas"], "code"), by_key(data["stations"], "key")
    for row in data["stations"]:
        assert 1 <= len(row["name"]) <= 100 and row["kind"] in STATION_KINDS, row
        assert areas[row["area_code"]]["kind"] in ("community", "grid"), row
        check_span(row, areas[row["area_code"]])
    for row in data["functional_areas"]:
        assert int(row["capacity"]) >= 1, row
    for row in data["catalogue_items"]:
        price = int(row["price_fen"])
        assert row["price_kind"] in PRICE_KINDS and price >= 0 and (price == 0) == (row["price_kind"] == "free"), row
    for rows in (data["functional_areas"], data["catalogue_items"]):
        by_key(rows, "key")
        check_apart(rows, "station_key", "name")
        for row in rows:
            assert 1 <= len(row["name"]) <= 100, row
            check_span(row, stations[row["station_key"]])
    by_key(data["provider_contracts"], "key")
    for row in data["provider_contracts"]:
        unit, area = units[row["unit_code"]], areas[row["area_code"]]
        assert unit["kind"] in ("company", "social_organisation") and area["kind"] == "community", row
        assert 1 <= len(row["subject"]) <= 100 and int(row["amount_fen"]) > 0, row
        check_span(row, unit, area, *[stations[row["station_key"]]] if row["station_key"] else [])
    by_key(data["subsidy_entries"], "key")
    for row in data["subsidy_entries"]:
        assert int(row["amount_fen"]) and 1 <= len(row["purpose"]) <= 100, row
        assert holds(stations[row["station_key"]], date.fromisoformat(row["entry_date"])), row


def compute(data, units, told, visits, zone, as_of):
    """The figures, each by its definition."""
    def holders(post):
        return len({row["person_key"] for row in data["appointments"] if row["post"] == post and holds(row, as_of)})
    responses = [order for order in told["orders"] if units[order["unit"]]["kind"] == "department"
                 and order["accepted"] and local_day(order["accepted"], zone) <= as_of]
    return {
        "responses_started": len(responses),
        "fixed_on_the_spot": sum(row["action"] == "fix_on_the_spot" and local_day(row["time"], zone) <= as_of
                                 for row in data["ticket_actions"]),
        "official_check_ins": sum(not row["voided_time"] and local_day(row["visit_time"], zone) <= as_of for row in visits),
        "grid_branches": sum(row["kind"] == "grid_branch" and holds(row, as_of) for row in units.values()),
        "group_leaders": holders("group_leader"),
        "centre_household_heads": holders("centre_household_head"),
        "full_time_grid_workers": holders("full_time_grid_worker"),
        "part_time_grid_workers": holders("part_time_grid_worker"),
        "co_governance_members": sum(holds(row, as_of) for row in data["memberships"]),
        "part_time_seats": sum(row["kind"] == "part_time" and holds(row, as_of) for row in data["seats"]),
        "residents_in_need": len({row["resident_key"] for row in data["need_tags"] if holds(row, as_of)}),
        "resident_roles": sum(holds(row, as_of) for row in data["resident_roles"]),
    } | compute_services(data, as_of)


def compute_services(data, as_of):
    """The same for volunteers and stations. A membership or a post held lies within its team's or its post's days."""
    holding = {name: [row for row in data[name] if holds(row, as_of)] for name in (
        "service_posts", "post_holders", "teams", "team_members", "provider_contracts", "stations", "catalogue_items")}
    centres = sum(row["kind"] == "centre" for row in holding["stations"])
    return {
        "service_posts": len(holding["service_posts"]),
        "post_holders": distinct(holding["post_holders"], "volunteer_key"),
        "volunteer_teams": len(holding["teams"]),
        "volunteers_in_teams": distinct(holding["team_members"], "volunteer_key"),
        "providers": distinct(holding["provider_contracts"], "unit_code"),
        "service_centres": centres,
        "service_stations": len(holding["stations"]) - centres,
        "catalogue_items": len(holding["catalogue_items"]),
        "subsidy_fen": fen(row for row in data["subsidy_entries"] if row["entry_date"] <= as_of.isoformat()),
    }


def fen(entries):
    return sum(int(row["amount_fen"]) for row in entries)


def count_wrongly(data, units, told, visits, zone, as_of):
    """Counts that a careless report would give; none may equal the figure."""
    utc = ZoneInfo("UTC")
    to_departments = [order for order in told["orders"] if units[order["unit"]]["kind"] == "department"]
    answered = [order for order in to_departments if order["accepted"]]
    in_time = [order for order in answered if local_day(order["accepted"], zone) <= as_of]
    current = [order for order in in_time if holds(units[order["unit"]], as_of)]
    by_anyone = [order for order in told["orders"] if order["accepted"] and local_day(order["accepted"], zone) <= as_of]
    numbers = {
        "responses by any unit": len(by_anyone),
        "orders issued to departments": sum(local_day(order["issued"], zone) <= as_of for order in to_departments),
        "responses at any time": len(answered),
        "responses by the day in UTC": sum(local_day(order["accepted"], utc) <= as_of for order in answered),
        "responses before midnight UTC of the day": sum(local_day(order["accepted"], utc) < as_of for order in answered),
        "tickets with a response": len({order["ticket"] for order in in_time}),
        "responses to lead orders": sum(order["role"] == "lead" for order in in_time),
        "responses by departments that still exist": len(current),
        "responses not withdrawn later": sum(order["state"] != "withdrawn" for order in in_time),
        "responses brought to an end": sum(order["state"] == "confirmed" for order in in_time),
    }
    wrong = {name: ("responses_started", number) for name, number in numbers.items()}
    wrong |= count_fixes_wrongly(data, told["tickets"], zone, as_of)
    days = [(local_day(row["visit_time"], zone), local_day(row["visit_time"], utc), row) for row in visits]
    wrong |= {name: ("official_check_ins", number) for name, number in {
        "visits with the voided ones": sum(day <= as_of for day, _, _ in days),
        "visits at any time": sum(not row["voided_time"] for _, _, row in days),
        "visits by the day in UTC": sum(not row["voided_time"] and day <= as_of for _, day, row in days),
        "officials who came": len({row["registration_key"] for _, _, row in days}),
        "visits, one an official a day": len({(day, row["registration_key"]) for day, _, row in days
                                              if not row["voided_time"] and day <= as_of}),
    }.items()}
    posts = {"group_leaders": "group_leader", "centre_household_heads": "centre_household_head",
             "full_time_grid_workers": "full_time_grid_worker", "part_time_grid_workers": "part_time_grid_worker"}
    wrong |= {f"{post} at any time": (key, sum(row["post"] == post for row in data["appointments"]))
              for key, post in posts.items()}
    wrong["grid_branch at any time"] = "grid_branches", sum(row["kind"] == "grid_branch" for row in units.values())
    return wrong | count_records_wrongly(data, as_of) | count_volunteers_wrongly(data, as_of) | (
        count_stations_wrongly(data, as_of) | count_subsidies_wrongly(data, as_of))


def count_fixes_wrongly(data, tickets, zone, as_of):
    """The same for what was fixed on the spot, from the tickets as their histories leave them."""
    utc, next_day = ZoneInfo("UTC"), as_of + timedelta(days=1)
    grids = {row["code"] for row in data["areas"] if row["kind"] == "grid"}
    workers = {row["person_key"] for row in data["appointments"] if row["post"] in GRID_POSTS}
    every = [row for row in tickets if row["last_action"] == "fix_on_the_spot"]
    fixed = [row for row in every if local_day(row["last_time"], zone) <= as_of]
    over = [row for row in tickets
            if row["ticket_state"] in FINAL_TICKET and local_day(row["last_time"], zone) <= as_of]
    closed = [row for row in over if row["ticket_state"] == "closed"]
    with_orders = {row["ticket_key"] for row in data["ticket_actions"] if row["order_key"]}
    numbers = {
        "at any time": len(every),
        "by the time of the report": sum(local_day(row["reported_time"], zone) <= as_of for row in every),
        "by the day in UTC": sum(local_day(row["last_time"], utc) <= as_of for row in every),
        "before the day": sum(local_day(row["last_time"], zone) < as_of for row in every),
        "on the day after": sum(local_day(row["last_time"], zone) <= next_day for row in every),
        "of the year": sum(row["last_time"] >= f"{as_of.year}" for row in fixed),
        "of the twelve months": sum(local_day(row["last_time"], zone) > as_of.replace(year=as_of.year - 1)
                                    for row in fixed),
        "by grid workers": sum(row["reporter_key"] in workers for row in fixed),
        "in a grid that the report names": sum(row["area_code"] in grids for row in fixed),
        "with all that grid workers reported and was closed": sum(row["source"] == "grid_worker" for row in closed),
        "with all that grid workers reported": sum(
            row["source"] == "grid_worker" and local_day(row["reported_time"], zone) <= as_of for row in tickets),
        "with all that was fixed": sum(row["outcome"] == "fixed" for row in closed),
        "with all that was closed": len(closed),
        "with all that ended without an order": sum(row["key"] not in with_orders for row in over),
    }
    assert len(fixed) == sum(row["key"] not in with_orders for row in closed), "closed without an order"
    return {f"fixed on the spot {how}": ("fixed_on_the_spot", number) for how, number in numbers.items()}


def count_records_wrongly(data, as_of):
    """The same for the figures that count records of residents and of co-governance."""
    part_time = [row for row in data["seats"] if row["kind"] == "part_time"]
    wrong = count_on_wrong_days([
        ("members", "co_governance_members", data["memberships"], len),
        ("part-time seats", "part_time_seats", part_time, len),
        ("residents with a tag", "residents_in_need", data["need_tags"], lambda rows: distinct(rows, "resident_key")),
        ("roles", "resident_roles", data["resident_roles"], len),
    ], as_of)
    residents = by_key(data["residents"], "key")
    tags = [row for row in data["need_tags"] if holds(row, as_of)]
    needy = [residents[row["resident_key"]] for row in tags]
    members = [row for row in data["memberships"] if holds(row, as_of)]
    roles = [row for row in data["resident_roles"] if holds(row, as_of)]
    return wrong | {
        "members, each once, at any time": ("co_governance_members",
                                            distinct(data["memberships"], "unit_code", "resident_key")),
        "members that are units": ("co_governance_members", sum(bool(row["unit_code"]) for row in members)),
        "seats of any kind": ("part_time_seats", sum(holds(row, as_of) for row in data["seats"])),
        "part-time members at any time": ("part_time_seats", distinct(part_time, "person_key")),
        "units with a part-time seat at any time": ("part_time_seats", distinct(part_time, "unit_code")),
        "tags": ("residents_in_need", len(tags)),
        "households with a tag": ("residents_in_need", distinct(needy, "household_key")),
        "names with a tag": ("residents_in_need", distinct(needy, "name")),
        "residents with a role": ("resident_roles", distinct(roles, "resident_key")),
    }


def count_volunteers_wrongly(data, as_of):
    """The same for teams and service posts."""
    wrong = count_on_wrong_days([
        ("service posts", "service_posts", data["service_posts"], len),
        ("post holders", "post_holders", data["post_holders"], lambda rows: distinct(rows, "volunteer_key")),
        ("volunteers in teams", "volunteers_in_teams", data["team_members"],
         lambda rows: distinct(rows, "volunteer_key")),
    ], as_of)
    wrong |= count_on_wrong_days([("teams", "volunteer_teams", data["teams"], len)], as_of, ON_ANOTHER_DAY)
    communities = {row["code"] for row in data["areas"] if row["kind"] == "community"}
    posts = [row for row in data["service_posts"] if holds(row, as_of)]
    held = [row for row in data["post_holders"] if holds(row, as_of)]
    members = [row for row in data["team_members"] if holds(row, as_of)]
    dissolved = {(row["key"], row["end_date"]) for row in data["teams"] if row["end_date"]}
    to_the_end = [row for row in data["team_members"] if (row["team_key"], row["end_date"]) in dissolved]
    return wrong | {
        "service posts in no grid": ("service_posts", sum(row["area_code"] in communities for row in posts)),
        "service posts that somebody holds": ("service_posts", distinct(held, "service_post_key")),
        "service posts, one for each holder": ("post_holders", len(held)),
        "post holders planned": ("post_holders", sum(int(row["planned_count"]) for row in posts)),
        "memberships of teams": ("volunteers_in_teams", len(members)),
        "volunteers in teams, with those of the dissolved": ("volunteers_in_teams",
                                                             distinct(members + to_the_end, "volunteer_key")),
        "volunteers": ("volunteers_in_teams", sum(holds(row, as_of) for row in data["volunteers"])),
    }


def count_stations_wrongly(data, as_of):
    """The same for stations, what they offer and the providers."""
    wrong = count_on_wrong_days([
        ("providers", "providers", data["provider_contracts"], lambda rows: distinct(rows, "unit_code")),
        ("catalogue items", "catalogue_items", data["catalogue_items"], len),
    ], as_of)
    others = [row for row in data["stations"] if row["kind"] != "centre"]
    wrong |= count_on_wrong_days([("stations", "service_stations", others, len)], as_of, ON_ANOTHER_DAY)
    stations = [row for row in data["stations"] if holds(row, as_of)]
    kind_by_key = {row["key"]: row["kind"] for row in data["stations"]}
    contracts = [row for row in data["provider_contracts"] if holds(row, as_of)]
    items = [row for row in data["catalogue_items"] if holds(row, as_of)]
    return wrong | {
        "contracts": ("providers", len(contracts)),
        "catalogue items of the home-care station": ("catalogue_items", sum(
            kind_by_key[row["station_key"]] == "home_care" for row in items)),
        "catalogue items not free": ("catalogue_items", sum(row["price_kind"] != "free" for row in items)),
        "names of catalogue items at any time": ("catalogue_items", distinct(data["catalogue_items"], "name")),
        "centre and stations": ("service_stations", len(stations)),
        "stations and centre": ("service_centres", len(stations)),
    }


def count_subsidies_wrongly(data, as_of):
    entries, stations = data["subsidy_entries"], by_key(data["stations"], "key")
    day, next_day = as_of.isoformat(), (as_of + timedelta(days=1)).isoformat()
    begun = [row for row in entries if row["entry_date"] <= day]
    numbers = {
        "at any time": fen(entries),
        "before the day": fen(row for row in begun if row["entry_date"] < day),
        "on the day after": fen(row for row in entries if row["entry_date"] <= next_day),
        "of the year": fen(row for row in begun if row["entry_date"] >= f"{as_of.year}"),
        "without what was paid back": fen(row for row in begun if int(row["amount_fen"]) > 0),
        "with what was paid back added": sum(abs(int(row["amount_fen"])) for row in begun),
        "of stations that still hold": fen(row for row in begun if holds(stations[row["station_key"]], as_of)),
        "of the home-care station": fen(row for row in begun if stations[row["station_key"]]["kind"] == "home_care"),
        "in yuan": fen(begun) // 100,
        "by the number of entries": len(begun),
    }
    return {f"subsidies {how}": ("subsidy_fen", number) for how, number in numbers.items()}
