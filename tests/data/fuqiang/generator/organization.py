"""Makes areas, boundaries, the address book, units, people, appointments and the published figures."""
import json
from datetime import date, timedelta

from generator.common import SURNAMES, keyed, table

AS_OF = date(2022, 7, 28)
NEXT_DAY = AS_OF + timedelta(days=1)
DISTRICT, STREET, COMMUNITY = "320402", "320402003", "320402003005"
GRIDS = [f"{COMMUNITY}{number:03}" for number in range(1, 5)]
BUILDINGS_PER_GRID = 14

# Corners of the invented grids, WGS 84: three rows from south to north, three columns from west to east.
CORNERS = [
    [(119.9702, 31.7803), (119.9751, 31.7800), (119.9799, 31.7804)],
    [(119.9700, 31.7851), (119.9750, 31.7849), (119.9801, 31.7850)],
    [(119.9703, 31.7899), (119.9752, 31.7901), (119.9800, 31.7898)],
]

DEPARTMENTS = [
    ("TN-URBAN-MANAGEMENT", "天宁区城管部门（示例）", DISTRICT, "2010-01-01", ""),
    ("TN-PUBLIC-SECURITY", "天宁区公安部门（示例）", DISTRICT, "2010-01-01", ""),
    ("TN-MARKET", "天宁区市场监管部门（示例）", DISTRICT, "2015-01-01", ""),
    ("TN-HOUSING", "天宁区住建部门（示例）", DISTRICT, "2010-01-01", ""),
    ("TN-HEALTH", "天宁区卫健部门（示例）", DISTRICT, "2019-01-01", ""),
    ("TN-CIVIL-AFFAIRS", "天宁区民政部门（示例）", DISTRICT, "2010-01-01", ""),
    ("TN-EMERGENCY", "天宁区应急部门（示例）", DISTRICT, "2019-01-01", ""),
    ("ST-ENFORCEMENT", "示例街道综合执法部门（示例）", STREET, "2020-01-01", ""),
    ("ST-ORDER-OFFICE", "示例街道综治部门（示例）", STREET, "2015-01-01", "2022-01-01"),
]
CURRENT_DEPARTMENTS = [row[0] for row in DEPARTMENTS if not row[4]]
PROPERTY, COMMITTEE = "FQ-PROPERTY-COMPANY", "FQ-RESIDENTS-COMMITTEE"
# kind, name, end
RESIDENT_UNITS = [
    ("company", "示例供电单位", ""), ("company", "示例供水单位", ""), ("company", "示例银行网点", ""),
    ("social_organisation", "示例小学", ""), ("social_organisation", "示例医院", ""), ("company", "示例通信网点", ""),
    ("company", "示例超市", ""), ("company", "示例药店", ""), ("company", "示例公交单位", ""),
    ("social_organisation", "示例法律服务所", ""), ("company", "示例燃气单位", ""),
    ("social_organisation", "示例幼儿园", ""), ("company", "示例邮政网点", "2021-12-31"),
]


def areas():
    rows = [(DISTRICT, "district", "天宁区", "", "2000-01-01", ""),
            (STREET, "street", "示例街道", DISTRICT, "2000-01-01", ""),
            (COMMUNITY, "community", "富强新村社区", STREET, "2000-01-01", "")]
    rows += [(grid, "grid", f"富强新村第{'一二三四'[index]}网格", COMMUNITY, "2019-01-01", "")
             for index, grid in enumerate(GRIDS)]
    return table("code,kind,name,parent_code,start_date,end_date", rows)


def grid_ring(grid):
    """The grid's closed ring, counter-clockwise from its south-western corner."""
    row, column = divmod(GRIDS.index(grid), 2)
    (a, b), (d, c) = CORNERS[row][column:column + 2], CORNERS[row + 1][column:column + 2]
    return [a, b, c, d, a]


def boundaries():
    south, middle, north = CORNERS
    outline = south + [middle[2]] + north[::-1] + [middle[0], south[0]]
    rings = [(COMMUNITY, outline)] + [(grid, grid_ring(grid)) for grid in GRIDS]
    features = [json.dumps({"type": "Feature", "properties": {"area_code": code},
                            "geometry": {"type": "Polygon", "coordinates": [ring]}}) for code, ring in rings]
    return '{"type": "FeatureCollection", "features": [\n' + ",\n".join(features) + "\n]}\n"


def grid_of_building(building):
    return GRIDS[(building - 1) // BUILDINGS_PER_GRID]


def addresses():
    rows = [(f"富强新村{building}幢", grid_of_building(building)) for building in range(1, 4 * BUILDINGS_PER_GRID + 1)]
    # The longest entry with which an address begins decides: 富强新村北门 isn't 富强新村北门广场.
    rows += [("富强新村党群服务中心", GRIDS[0]), ("富强新村居民活动中心", GRIDS[3]),
             ("富强新村北门", GRIDS[2]), ("富强新村北门广场", GRIDS[3])]
    return table("text,area_code", rows)


def group_building(group):
    """First of the seven buildings of a Party group."""
    return (group - 1) * 7 + 1


def units():
    rows = [("ST-WORKING-COMMITTEE", "street_working_committee", "示例街道党工委", "", STREET, "2001-07-01", ""),
            ("FQ-GENERAL-BRANCH", "community_general_branch", "富强新村社区党总支", "ST-WORKING-COMMITTEE", COMMUNITY,
             "2005-07-01", "")]
    rows += [(f"FQ-BRANCH-{index}", "grid_branch", f"富强新村第{'一二三四'[index - 1]}网格党支部", "FQ-GENERAL-BRANCH",
              GRIDS[index - 1], "2019-07-01", "") for index in range(1, 5)]
    rows.append(("FQ-BRANCH-5", "grid_branch", "富强新村北片网格党支部（已撤销）", "FQ-GENERAL-BRANCH", GRIDS[2],
                 "2019-07-01", "2021-07-01"))
    for group in range(1, 9):
        first = group_building(group)
        rows.append((f"FQ-GROUP-{group:02}", "building_party_group", f"富强新村{first}至{first + 6}幢党小组",
                     f"FQ-BRANCH-{(group + 1) // 2}", grid_of_building(first), "2019-09-01", ""))
    rows.append(("FQ-GROUP-09", "building_party_group", "富强新村北片党小组（已撤销）", "FQ-BRANCH-5", GRIDS[2],
                 "2019-09-01", "2021-07-01"))
    for house in range(1, 18):
        group = (house - 1) % 8 + 1
        building = group_building(group) + (house - 1) // 8 * 2 + 1
        start, end = {16: ("2020-01-01", "2022-07-28"), 17: ("2022-07-29", "")}.get(house, ("2020-01-01", ""))
        rows.append((f"FQ-HOUSEHOLD-{house:02}", "centre_household", f"富强新村{building}幢党员中心户",
                     f"FQ-GROUP-{group:02}", grid_of_building(building), start, end))
    rows += [(code, "department", name, "", area, start, end) for code, name, area, start, end in DEPARTMENTS]
    rows += [(COMMITTEE, "committee", "富强新村社区居民委员会", "", COMMUNITY, "2000-01-01", ""),
             ("FQ-PROPERTY-COMMITTEE", "committee", "富强新村物业管理委员会", "", COMMUNITY, "2020-01-01", ""),
             (PROPERTY, "company", "示例物业公司", "", COMMUNITY, "2018-01-01", "")]
    rows += [(f"FQ-PROVIDER-{number}", "social_organisation", name, "", COMMUNITY, "2020-06-01", "")
             for number, name in enumerate(["椿熙堂", "佰悦康养", "萌宝亲亲"], 1)]
    rows += [(resident_unit(number), kind, name, "", COMMUNITY, "2010-01-01", end)
             for number, (kind, name, end) in enumerate(RESIDENT_UNITS, 1)]
    return table("code,kind,name,parent_code,area_code,start_date,end_date", rows)


def resident_unit(number):
    return f"FQ-RESIDENT-UNIT-{number}"


def clerk(unit_code):
    return f"clerk-{unit_code.lower()}"


def people():
    """Keys say what a person is known for; names are a surname, a heavenly stem and a number."""
    names = (surname + stem + number for stem in "甲乙丙丁" for number in "一二三四五六"
             for surname in SURNAMES)
    keys = [(f"{role}-{number:02}", COMMUNITY)
            for role, count in [("secretary", 6), ("leader", 12), ("head", 18), ("full", 6), ("part", 3), ("staff", 2)]
            for number in range(1, count + 1)]
    keys += [(clerk(code), area) for code, _, area, _, _ in DEPARTMENTS]
    keys += [(clerk(PROPERTY), COMMUNITY)]
    keys += [(f"official-{number:02}", official_unit(number)[1]) for number in range(1, 44)]
    keys += [(f"seat-{number:02}", COMMUNITY) for number in range(1, 17)]
    return table("key,name,area_code", [(key, next(names), area) for key, area in keys])


def official_unit(number):
    """Home unit of an official and its area."""
    return DEPARTMENTS[number % len(CURRENT_DEPARTMENTS)][0], DEPARTMENTS[number % len(CURRENT_DEPARTMENTS)][2]


def appointments():
    """Traps: predecessors, a hand-over on the as-of day and on the day after, dissolved and future units."""
    spans = {}  # (post, unit or grid) -> [(person, start, end)]; those not named here never changed hands
    spans["group_leader", "FQ-GROUP-01"] = [("leader-09", "2020-03-01", "2021-09-01"), ("leader-01", "2021-09-01", "")]
    spans["group_leader", "FQ-GROUP-02"] = [("leader-10", "2020-03-01", "2022-07-28"), ("leader-02", "2022-07-28", "")]
    spans["group_leader", "FQ-GROUP-03"] = [("leader-03", "2020-03-01", "2022-07-29"), ("leader-11", "2022-07-29", "")]
    spans["group_leader", "FQ-GROUP-09"] = [("leader-12", "2020-03-01", "2021-07-01")]
    spans["centre_household_head", "FQ-HOUSEHOLD-05"] = [("head-18", "2020-03-01", "2021-05-10"),
                                                         ("head-05", "2021-06-01", "")]
    spans["centre_household_head", "FQ-HOUSEHOLD-16"] = [("head-16", "2020-03-01", "2022-07-28")]
    spans["centre_household_head", "FQ-HOUSEHOLD-17"] = [("head-17", "2022-07-29", "")]
    spans["full_time_grid_worker", GRIDS[0]] = [("full-05", "2020-01-01", "2021-03-01"), ("full-01", "2021-03-15", "")]
    spans["full_time_grid_worker", GRIDS[3]] = [("full-04", "2020-01-01", "2022-08-01"), ("full-06", "2022-08-01", "")]
    # Two of the part-time workers hold another post as well, and each post counts.
    spans["part_time_grid_worker", GRIDS[0]] = [("head-01", "2020-03-01", "")]
    spans["part_time_grid_worker", GRIDS[1]] = [("leader-04", "2020-03-01", "")]
    spans["part_time_grid_worker", GRIDS[2]] = [("part-03", "2020-03-01", "2022-01-01"), ("part-01", "2022-01-01", "")]
    spans["part_time_grid_worker", GRIDS[3]] = [("part-02", "2021-02-01", "")]
    spans["secretary", "FQ-GENERAL-BRANCH"] = [("secretary-01", "2019-08-01", "")]
    for index in range(1, 6):
        spans["secretary", f"FQ-BRANCH-{index}"] = [(f"secretary-0{index + 1}", "2019-09-01",
                                                     "2021-07-01" if index == 5 else "")]
    for group in range(1, 9):
        spans.setdefault(("group_leader", f"FQ-GROUP-{group:02}"), [(f"leader-{group:02}", "2020-03-01", "")])
    for house in range(1, 16):
        spans.setdefault(("centre_household_head", f"FQ-HOUSEHOLD-{house:02}"),
                         [(f"head-{house:02}", "2020-03-01", "")])
    for index, grid in enumerate(GRIDS, 1):
        spans.setdefault(("full_time_grid_worker", grid), [(f"full-{index:02}", "2020-01-01", "")])
    spans["staff", COMMITTEE] = [("staff-01", "2020-01-01", "")]
    spans["staff", "FQ-GENERAL-BRANCH"] = [("staff-02", "2020-01-01", "")]
    for code, end in [(row[0], row[4]) for row in DEPARTMENTS] + [(PROPERTY, "")]:
        spans["staff", code] = [(clerk(code), "2020-01-01", end)]
    flat = [(person, post, "" if place in GRIDS else place, place if place in GRIDS else "", start, end)
            for (post, place), terms in sorted(spans.items()) for person, start, end in terms]
    return table("key,person_key,post,unit_code,area_code,start_date,end_date", keyed("a", flat))


def published_figures():
    figures = [("responses_started", 182, "since_records_began"), ("official_check_ins", 411, "since_records_began"),
               ("grid_branches", 4, "as_of"), ("group_leaders", 8, "as_of"), ("centre_household_heads", 15, "as_of"),
               ("full_time_grid_workers", 4, "as_of"), ("part_time_grid_workers", 4, "as_of"),
               ("part_time_seats", 6, "as_of"), ("service_posts", 42, "as_of"), ("post_holders", 91, "as_of"),
               ("volunteer_teams", 3, "as_of"), ("volunteers_in_teams", 100, "as_of"), ("providers", 3, "as_of"),
               ("service_centres", 1, "as_of"), ("service_stations", 3, "as_of"), ("catalogue_items", 30, "as_of"),
               ("subsidy_fen", 75000000, "since_opening"), ("projects_matched", 18, "as_of"),
               ("project_beneficiaries", 1000, "as_of"), ("events_held", 384, "year_to_date"),
               ("event_person_times", 7200, "year_to_date"), ("station_person_times", 40000, "since_opening"),
               ("council_meetings_held", 30, "per_year")]
    at_least = {"volunteers_in_teams", "catalogue_items", "project_beneficiaries", "event_person_times",
                "station_person_times", "council_meetings_held"}
    return table("area_code,figure_key,value,bound,period,as_of_date", [
        (COMMUNITY, key, value, "at_least" if key in at_least else "exact", period, AS_OF.isoformat())
        for key, value, period in figures])


def dataset():
    return table("key,value", [
        ("format", 1), ("name", "富强新村"), ("area_code", COMMUNITY), ("time_zone", "Asia/Shanghai"),
        ("as_of_date", AS_OF.isoformat()),
        ("source", "Figures: 人民网-中国共产党新闻网, 2022-07-28. Records, people and boundaries: invented.")])
