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

from generator import (co_governance, organization, residents, stations, teams, tickets, verify,  # noqa: E402
                       volunteers)

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
        "tickets": ticket_table,
        "ticket_actions": action_table,
        "registrations": registrations,
        "check_in_visits": volunteers.check_in_visits(random.Random(2), registrations[1]),
        "volunteers": volunteer_table,
        "teams": team_table,
        "team_members": teams.team_members(random.Random(10), team_table[1], volunteer_table[1]),
        "service_posts": posts,
        "post_holders": teams.post_holders(random.Random(11), posts[1], volunteer_table[1]),
        "stations": stations.stations(),
        "functional_areas": stations.functional_areas(),
        "catalogue_items": stations.catalogue_items(),
        "provider_contracts": stations.provider_contracts(),
        "subsidy_entries": stations.subsidy_entries(),
        "published_figures": organization.published_figures(),
    }
    texts = {f"{name}.csv": as_csv(*content) for name, content in tables.items()}
    return texts | {"boundaries.geojson": organization.boundaries()}


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
