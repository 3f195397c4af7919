#!/usr/bin/env python3
"""Owns the golden records of 富强新村: every CSV and GeoJSON file here comes from this script.

It makes the same files on each run (fixed seeds), verifies them before it writes anything, and
prints the totals. `--check` writes nothing and fails if the files on disk differ. People, events
and boundaries are invented; only the published figures come from the community's account.
"""
import csv
import io
import random
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # no compiled files beside the data

from generator import (chat_duty, co_governance, deliberations, fieldwork, livelihood, on_the_spot,  # noqa: E402
                       organization, projects, residents, service_events, station_work, stations, teams, terms, tickets,
                       verify, volunteers)

HERE = Path(__file__).resolve().parent


def build():
    """The text of each file by its name. Each noun has its own seed, so a change to one leaves the rest alone."""
    homes = residents.households(random.Random(4))
    people = residents.residents(random.Random(5), homes[1])
    roles = residents.resident_roles(random.Random(7), homes[1], people[1])
    registrations = volunteers.registrations(random.Random(3))
    volunteer_table, team_table = teams.volunteers(random.Random(9)), teams.teams()
    posts = teams.service_posts()
    ticket_table, action_table = tickets.tickets(random.Random(1))
    spot_table, spot_actions = on_the_spot.tickets(random.Random(32))  # nothing else draws on these
    holders, station_table = teams.post_holders(random.Random(11), posts[1], volunteer_table[1]), stations.stations()
    tables = {
        "dataset": organization.dataset(),
        "areas": organization.areas(),
        "addresses": organization.addresses(),
        "units": organization.units(),
        "people": organization.people(),
        "appointments": organization.appointments(),
        "estates": residents.estates(),
        "buildings": residents.buildings(),
        "households": homes,
        "residents": people,
        "need_tags": residents.need_tags(random.Random(6), people[1]),
        "resident_roles": roles,
        "memberships": co_governance.memberships(random.Random(8), roles[1]),
        "seats": co_governance.seats(),
        "categories": tickets.categories(),
        "duty_list": tickets.duty_list(),
        "tickets": joined(ticket_table, spot_table),
        "ticket_actions": joined(action_table, spot_actions),
        **community(ticket_table[1], action_table[1], people[1], terms.homes_of(homes[1], people[1])),
        "registrations": registrations,
        "check_in_visits": volunteers.check_in_visits(random.Random(2), registrations[1]),
        "volunteers": volunteer_table,
        "teams": team_table,
        "team_members": teams.team_members(random.Random(10), team_table[1], volunteer_table[1]),
        "service_posts": posts,
        "post_holders": holders,
        "stations": station_table,
        "functional_areas": stations.functional_areas(),
        "catalogue_items": stations.catalogue_items(),
        "provider_contracts": stations.provider_contracts(),
        "subsidy_entries": stations.subsidy_entries(),
        **service(volunteer_table[1], holders[1], station_table[1], people[1]),
        "published_figures": organization.published_figures(),
    }
    texts = {f"{name}.csv": as_csv(*content) for name, content in tables.items()}
    return texts | {"boundaries.geojson": organization.boundaries()}


def community(ticket_rows, action_rows, people, grids):
    """The tables of the community's work besides tickets."""
    duty = chat_duty.duty_shifts(random.Random(25))
    meetings, deliberated, assignments = deliberations.deliberations(
        random.Random(28), ticket_rows, action_rows, people)
    return {
        "chat_groups": chat_duty.chat_groups(),
        "group_messages": chat_duty.group_messages(random.Random(26), duty[1], ticket_rows),
        "duty_shifts": duty,
        "livelihood_items": livelihood.livelihood_items(),
        "livelihood_matters": livelihood.livelihood_matters(random.Random(27), people, grids),
        "meetings": meetings,
        "deliberations": deliberated,
        "assignments": assignments,
        "patrols": fieldwork.patrols(random.Random(29)),
        "field_visits": fieldwork.field_visits(random.Random(30), people, grids, ticket_rows),
        "field_notes": fieldwork.field_notes(random.Random(31), ticket_rows),
    }


def service(volunteer_rows, holders, station_rows, people):
    """The tables of what volunteers and stations do."""
    closed, items = station_work.closed_days(), stations.catalogue_items()[1]
    calendar = station_work.Calendar(station_rows, closed[1])
    events = service_events.service_events(random.Random(12))
    needs, resources, matches = projects.supplies(random.Random(15), volunteer_rows, people)
    sessions = station_work.recurring_sessions(items)
    records = station_work.service_records(random.Random(22), calendar, items, events[1], people)
    return {
        "service_events": events,
        "shifts": service_events.shifts(random.Random(13), events[1], volunteer_rows, holders, calendar.is_closed),
        "trainings": service_events.trainings(random.Random(14), volunteer_rows),
        "needs": needs,
        "resources": resources,
        "need_matches": matches,
        "projects": projects.projects(random.Random(16), matches[1]),
        "project_claims": projects.project_claims(random.Random(17), volunteer_rows),
        "beneficiaries": projects.beneficiaries(random.Random(18), people),
        "wishes": projects.wishes(random.Random(19), volunteer_rows, people),
        "recurring_sessions": sessions,
        "closed_days": closed,
        "bookings": station_work.bookings(random.Random(20), sessions[1], calendar, people),
        "deliveries": station_work.deliveries(random.Random(21), calendar, volunteer_rows, people),
        "service_records": records,
        "station_visits": station_work.station_visits(random.Random(23), calendar, records[1]),
        "agency_cases": station_work.agency_cases(random.Random(24), calendar, people),
        "station_duties": station_work.station_duties(calendar),
        "venue_routes": station_work.venue_routes(),
        "route_venues": station_work.route_venues(),
    }


def joined(first, second):
    """Two tables with the same columns as one."""
    return first[0], first[1] + second[1]


def as_csv(columns, rows):
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit("usage: generate.py [--check]")
    texts = build()
    for line in verify.check(texts):
        print(line)
    if not sys.argv[1:]:
        for name, text in texts.items():
            (HERE / name).write_bytes(text.encode())
        return
    on_disk = {path.name: path.read_bytes() for path in HERE.iterdir() if path.suffix in (".csv", ".geojson")}
    made = {name: text.encode() for name, text in texts.items()}
    stale = sorted(name for name in on_disk | made if on_disk.get(name) != made.get(name))
    if stale:
        sys.exit(f"not what generate.py makes: {', '.join(stale)}")
    print("files on disk: unchanged")


if __name__ == "__main__":
    main()
