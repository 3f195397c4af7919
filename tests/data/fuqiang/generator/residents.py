"""Makes estates, buildings, households, residents, what residents need, and the roles of core residents.

The first two of a household are grown up, the others are children. NEEDS and ROLES say how many residents
have which tags and roles, so the number of residents in need and of roles can be counted off them by hand.
"""
from datetime import date, timedelta

from generator.common import SURNAMES, keyed, some_day, table
from generator.organization import (AS_OF, BUILDINGS_PER_GRID, COMMUNITY, GRIDS, NEXT_DAY, PROPERTY,
                                    grid_of_building)

RECORDS_BEGIN = date(2019, 1, 1)  # the grids', and with them all records of residents
BUILDINGS = range(1, len(GRIDS) * BUILDINGS_PER_GRID + 1)

# name, property company, first day, first building; the company serves no building of the fourth grid
ESTATES = [("富强新村", PROPERTY, "2000-01-01", 1), ("富强西苑（示例）", PROPERTY, "2004-05-01", 36),
           ("富强北苑（示例）", "", "2008-09-01", 43)]
ROOMS = [f"{staircase}单元{floor}0{door}室" for staircase in range(1, 5) for floor in range(1, 7) for door in (1, 2)]
LIVED_IN = 16  # rooms of a building in which residents are known
NAMES = [surname + stem + number for surname in SURNAMES for stem in "戊己庚辛壬癸" for number in "一二三四五六七八九"]
GROWN_UP = 2

# How many residents, how many kinds of need each, and first day and end of each tag; None is a day that is drawn.
HOLDS, ENDED = (None, ""), (None, None)
NEEDS = [
    (168, 1, [HOLDS]), (36, 2, [HOLDS, HOLDS]), (5, 3, [HOLDS, HOLDS, HOLDS]), (9, 2, [HOLDS, ENDED]),
    (3, 1, [(AS_OF, "")]), (3, 1, [(None, NEXT_DAY)]), (1, 2, [(None, AS_OF), HOLDS]),
    (4, 1, [(None, date(2022, 2, 1)), (date(2022, 5, 1), "")]),  # the same need once more
    (12, 1, [ENDED]), (4, 1, [(None, AS_OF)]), (4, 1, [(NEXT_DAY, "")]), (2, 1, [(date(2022, 8, 1), "")]),
    (3, 1, [(date(2022, 8, 8), "")]),
]
NEEDY_WHO_LEFT = 6
ANYBODYS_NEEDS = ["disabled", "chronically_ill", "low_income", "other"]
OTHER_NEEDS = ["行动不便，需送药上门", "需陪同就医", "需代缴水电费", "视力不便，需代读信件"]
REMARKS = ["子女每周探望一次", "已登记助餐", "每月走访两次"]

# By kind: how many times, and the terms of those concerned: which of the neighbours, first day, end.
SINCE_2020 = [(0, "2020-04-01", "")]
SUCCEEDED = [(0, "2020-04-01", "2021-10-01"), (1, "2021-10-01", "")]
ROLES = {
    "building_head": [(23, SINCE_2020), (4, SUCCEEDED), (1, [(0, "2020-04-01", AS_OF), (1, AS_OF, "")])],
    "mediator": [(6, SINCE_2020), (1, [(0, "2020-04-01", NEXT_DAY), (1, NEXT_DAY, "")])],
    "team_head": [(5, SINCE_2020), (1, [(0, NEXT_DAY, "")])],
    "deliberation_delegate": [(5, SINCE_2020), (2, SUCCEEDED)],
    "informant": [(8, SINCE_2020), (2, [(0, "2020-04-01", AS_OF)]),
                  (1, [(0, "2020-04-01", "2021-04-01"), (0, "2021-10-01", "")])],
}
HEADS_WHO_ARE_DELEGATES = 6


def estate_key(number):
    return f"estate-{number}"


def building_key(number):
    return f"building-{number:02}"


def estates():
    return table("key,name,area_code,property_company_code,start_date,end_date", [
        (estate_key(number), name, COMMUNITY, company, start, "")
        for number, (name, company, start, _) in enumerate(ESTATES, 1)])


def buildings():
    """Their numbers run through the whole community, as the address book's do."""
    return table("key,estate_key,name,area_code,start_date,end_date", [
        (building_key(number), estate_key(sum(first <= number for *_, first in ESTATES)), f"{number}幢",
         grid_of_building(number), RECORDS_BEGIN, "") for number in BUILDINGS])


def households(rng):
    rows = [(building_key(building), room, start, end)
            for building in BUILDINGS for room in sorted(rng.sample(ROOMS, LIVED_IN)) for start, end in tenancies(rng)]
    return table("key,building_key,room,start_date,end_date", keyed("h", rows))


def tenancies(rng):
    """First day and end of each household that lives in a room, one after the other."""
    moved = some_day(rng, date(2019, 3, 1), date(2022, 7, 1))
    late = rng.choice([AS_OF, NEXT_DAY, date(2022, 8, 1), date(2022, 8, 10)])
    return rng.choices([
        [(RECORDS_BEGIN, "")], [(moved, "")], [(RECORDS_BEGIN, moved)], [(RECORDS_BEGIN, moved), (moved, "")],
        [(RECORDS_BEGIN, late)], [(RECORDS_BEGIN, late), (late, "")], [(late, "")],
    ], [78, 10, 5, 4, 1, 1, 1])[0]


def residents(rng, homes):
    """The first of a household is there as long as it is; a few of the others come later or leave earlier."""
    rows = []
    for home in homes:
        size = rng.choices([1, 2, 3, 4], [25, 35, 28, 12])[0]
        for place, name in enumerate(rng.sample(NAMES, size)):
            start, end = stay(rng, home) if place else (home["start_date"], home["end_date"])
            is_party_member = place < GROWN_UP and rng.random() < 0.18
            rows.append((home["key"], name, str(is_party_member).lower(), start, end))
    return table("key,household_key,name,is_party_member,start_date,end_date", keyed("res", rows, digits=4))


def stay(rng, home):
    """First day and end of a stay in a household."""
    start, end = home["start_date"], home["end_date"]
    first, last = date.fromisoformat(start), date.fromisoformat(end or "2022-08-20")
    day = some_day(rng, first + timedelta(days=1), last - timedelta(days=1))
    return rng.choices([(start, end), (day, end), (start, day)], [90, 5, 5])[0]


def by_household(people):
    homes = {}
    for row in people:
        homes.setdefault(row["household_key"], []).append(row)
    return homes


def need_tags(rng, people):
    """NEEDS, of residents who stay, and tags that end with the stay of somebody who leaves."""
    housemates = by_household(people)
    staying = [row for row in people if row["start_date"] < "2022-01-01" and not row["end_date"]]
    plan = [entry[1:] for entry in NEEDS for _ in range(entry[0])]
    rows = []
    for resident, (count, terms) in zip(rng.sample(staying, len(plan)), plan):
        kinds = need_kinds(rng, count, resident, housemates[resident["household_key"]])
        rows += [tag(rng, resident, kinds[index % count], *term) for index, term in enumerate(terms)]
    left = [row for row in people if row["end_date"] and row["end_date"] <= AS_OF.isoformat()]
    for resident in rng.sample(left, NEEDY_WHO_LEFT):
        kind, = need_kinds(rng, 1, resident, housemates[resident["household_key"]])
        rows.append(tag(rng, resident, kind, None, date.fromisoformat(resident["end_date"])))
    return table("key,resident_key,kind,team,note,start_date,end_date",
                 keyed("need", sorted(rows, key=lambda row: (row[0], str(row[-2])))))


def need_kinds(rng, count, resident, housemates):
    """Kinds of need that go together; often one of them follows from who lives in the household."""
    size, place = len(housemates), housemates.index(resident)
    typical = "child_care" if place >= GROWN_UP else {1: "lives_alone", 2: "empty_nest"}.get(size, "unemployed")
    kinds = rng.sample(ANYBODYS_NEEDS, count)
    return [typical] + kinds[1:] if rng.random() < 0.6 else kinds


def tag(rng, resident, kind, start, end):
    if end is None:
        end = some_day(rng, date(2022, 1, 15), date(2022, 7, 15))
    if start is None:
        last = (end or date(2022, 7, 15)) - timedelta(days=1)
        start = some_day(rng, date.fromisoformat(resident["start_date"]), last)
    team = rng.choices(["community_staff", "party_members", "core_residents"], [5, 3, 2])[0]
    note = rng.choice(OTHER_NEEDS) if kind == "other" else rng.choice(REMARKS) if rng.random() < 0.1 else ""
    return resident["key"], kind, team, note, start, end


def resident_roles(rng, homes, people):
    """ROLES, each time of neighbours in another building, and building heads who are delegates as well."""
    neighbours = grown_up_neighbours(homes, people)
    rows = []
    for kind, plan in ROLES.items():
        places = [terms for count, terms in plan for _ in range(count)]
        for building, terms in zip(rng.sample(sorted(neighbours), len(places)), places):
            holders = rng.sample(neighbours[building], 2)
            rows += [(holders[who], kind, start, end) for who, start, end in terms]
    heads = [holder for holder, kind, _, end in rows if kind == "building_head" and not end]
    rows += [(holder, "deliberation_delegate", "2022-03-01", "") for holder in heads[:HEADS_WHO_ARE_DELEGATES]]
    return table("key,resident_key,kind,start_date,end_date", keyed("role", rows))


def grown_up_neighbours(homes, people):
    """By building, the keys of the grown-up residents who have been there throughout."""
    building_of = {row["key"]: row["building_key"] for row in homes}
    neighbours = {}
    for home, housemates in by_household(people).items():
        neighbours.setdefault(building_of[home], []).extend(
            row["key"] for row in housemates[:GROWN_UP]
            if row["start_date"] == RECORDS_BEGIN.isoformat() and not row["end_date"])
    return neighbours
