"""Writes the golden data set of 临河社区 (Linhe), an invented community, in format 1 of ../fuqiang/README.md.

    python3 generate.py           # writes the files again and prints the figures
    python3 generate.py --check   # writes nothing; fails if a file differs

The records stand right here, as tables: cells are separated by `|`, a time is written
`2024-11-30 23:50`, steps `action time reason` with `;` between. The figures are counted from the text of the files.
"""
import csv
import io
import json
import re
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

HERE, ZONE, AS_OF = Path(__file__).parent, ZoneInfo("Asia/Shanghai"), date(2024, 11, 30)
C, G1, G2, G3 = "990101001003", "990101001003001", "990101001003002", "990101001003003"
SURNAMES, DIGITS = "罗宋谢唐曹邓彭曾萧田董袁潘于余杜叶程魏苏", "一二三四五六七八九"
FILES = {}


def at(text):
    """2024-11-30 23:50 as the files write it."""
    return re.sub(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)(:\d\d)?", lambda m: f"{m[1]}T{m[2]}{m[3] or ':00'}+08:00", text)


def course(text):
    return ";".join("@".join(step.strip().split(" ", 2)) for step in at(text).split(";") if step.strip())


def put(name, columns, rows):
    """Adds a file; rows are lists, or lines of a text. G1 and so on stand for the areas; cells left out are empty."""
    columns = columns.split()
    if isinstance(rows, str):
        rows = [line.strip().split("|") for line in rows.strip().splitlines()]
    rows = [[str(cell) for cell in row] + [""] * (len(columns) - len(row)) for row in rows]
    codes = {"C": C, "G1": G1, "G2": G2, "G3": G3}
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([course(cell) if column == "steps" else codes.get(cell, at(cell))
                         for column, cell in zip(columns, row, strict=True)])
    FILES[f"{name}.csv"] = buffer.getvalue()


def keyed(prefix, rows):
    return [[f"{prefix}-{number:02}", *row] for number, row in enumerate(rows, 1)]


def days(count, first, last):
    """So many days, evenly between two."""
    first, last = date.fromisoformat(first), date.fromisoformat(last)
    return [str(first + (last - first) * number // max(count - 1, 1)) for number in range(count)]


def clock(number):
    """Some time of a working day."""
    return f"{9 + number % 8:02}:{number * 13 % 60:02}"


def later(when, minutes):
    return (datetime.strptime(when, "%Y-%m-%d %H:%M") + timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M")


def named(number, stems, digits=""):
    return SURNAMES[number % 20] + stems[number // 20 % len(stems)] + digits + DIGITS[number % 9]


# --- who and where ---------------------------------------------------------------------------------------------------
put("dataset", "key value", f"""format|1\nname|临河\narea_code|C\ntime_zone|Asia/Shanghai\nas_of_date|{AS_OF}
source|Invented: community, records, people, figures and boundaries.""")
put("areas", "code kind name parent_code start_date end_date", """990101|district|临江区（虚构）||2001-01-01
990101001|street|河湾街道（虚构）|990101|2001-01-01
C|community|临河社区|990101001|2003-06-01
G1|grid|临河第一网格|C|2018-03-01
G2|grid|临河第二网格（已拆迁）|C|2018-03-01|2024-07-01
G3|grid|临河第三网格|C|2024-07-01""")
BOTTOM = [[105.2, 30.4001], [105.206, 30.4], [105.2105, 30.4002], [105.2168, 30.4]]
TOP = [[105.2003, 30.4062], [105.2058, 30.406], [105.2107, 30.4063], [105.217, 30.4061]]
RINGS = {C: BOTTOM + TOP[::-1]} | {code: BOTTOM[n:n + 2] + TOP[n:n + 2][::-1] for n, code in enumerate([G1, G2, G3])}
FILES["boundaries.geojson"] = '{"type": "FeatureCollection", "features": [\n' + ",\n".join(json.dumps(
    {"type": "Feature", "properties": {"area_code": code},
     "geometry": {"type": "Polygon", "coordinates": [ring + ring[:1]]}}) for code, ring in RINGS.items()) + "\n]}\n"
put("addresses", "text area_code", """临河苑1栋|G1\n临河苑2栋|G1\n临河苑11栋|G3\n新河里1栋|G3
临河苑东门|G1\n临河苑东门码头|G3\n临河路|C""")
put("units", "code kind name parent_code area_code start_date end_date", """
HW-WORKING-COMMITTEE|street_working_committee|河湾街道党工委||990101001|2003-06-01
LH-GENERAL-BRANCH|community_general_branch|临河社区党总支|HW-WORKING-COMMITTEE|C|2006-01-01
LH-BRANCH-1|grid_branch|临河第一网格第一党支部|LH-GENERAL-BRANCH|G1|2018-04-01
LH-BRANCH-2|grid_branch|临河第一网格第二党支部|LH-GENERAL-BRANCH|G1|2024-11-30
LH-BRANCH-3|grid_branch|临河第二网格党支部|LH-GENERAL-BRANCH|G2|2018-04-01|2024-07-01
LH-BRANCH-4|grid_branch|临河第三网格第一党支部|LH-GENERAL-BRANCH|G3|2024-07-01
LH-BRANCH-5|grid_branch|临河第三网格第二党支部|LH-GENERAL-BRANCH|G3|2024-12-01
LH-GROUP-1|building_party_group|临河苑1栋党小组|LH-BRANCH-1|G1|2018-05-01
LH-GROUP-2|building_party_group|临河苑2栋党小组|LH-BRANCH-1|G1|2018-05-01
LH-GROUP-3|building_party_group|临河苑沿街党小组|LH-BRANCH-1|G1|2019-05-01
LH-GROUP-4|building_party_group|临河苑11栋党小组|LH-BRANCH-4|G3|2024-07-01
LH-GROUP-5|building_party_group|新河里党小组|LH-BRANCH-4|G3|2024-07-01
LH-GROUP-6|building_party_group|码头党小组|LH-BRANCH-4|G3|2024-08-01
LH-GROUP-7|building_party_group|河沿巷党小组|LH-BRANCH-3|G2|2018-05-01|2024-07-01
LH-HOUSEHOLD-1|centre_household|临河苑1栋党员中心户|LH-GROUP-1|G1|2020-01-01
LH-HOUSEHOLD-2|centre_household|临河苑2栋党员中心户|LH-GROUP-2|G1|2020-01-01
LH-HOUSEHOLD-3|centre_household|临河苑沿街党员中心户|LH-GROUP-3|G1|2020-01-01
LH-HOUSEHOLD-4|centre_household|新河里党员中心户|LH-GROUP-5|G3|2024-08-01
LH-HOUSEHOLD-5|centre_household|码头党员中心户|LH-GROUP-6|G3|2024-08-01|2024-11-30
LH-RESIDENTS-COMMITTEE|committee|临河社区居民委员会||C|2003-06-01
LH-PROPERTY-COMMITTEE|committee|临河苑物管会||C|2021-01-01
LH-PROPERTY|company|河湾物业（虚构）||C|2010-01-01
LH-SCHOOL|social_organisation|临河小学（虚构）||C|2005-01-01
LH-CLINIC|company|河湾诊所（虚构）||C|2012-01-01
LH-BANK|company|临江银行河湾支行（虚构）||C|2012-01-01
LH-CARE|social_organisation|晚晴助老中心（虚构）||C|2019-01-01
LH-LEGAL|social_organisation|明理法律服务所（虚构）||C|2019-01-01
LJ-URBAN|department|临江区城管局||990101|2001-01-01
LJ-HOUSING|department|临江区住建局||990101|2001-01-01
LJ-POLICE|department|临江区公安分局||990101|2001-01-01
HW-WATER|department|河湾街道水务所（已撤销）||990101001|2010-01-01|2024-09-01""")
PEOPLE = ["secretary-1", "staff-1", "staff-2", *[f"lead-{n}" for n in range(1, 8)], *[f"head-{n}" for n in range(1, 4)],
          "full-1", "full-2", "part-1", "part-2", *[f"seat-{n}" for n in range(1, 9)], *[f"official-{n}" for n in range(1, 5)],
          "clerk-1", "clerk-2"]
put("people", "key name area_code", [[key, named(n, "甲乙"), 990101 if key[:5] == "clerk" else "C"]
                                     for n, key in enumerate(PEOPLE)])
put("appointments", "key person_key post unit_code area_code start_date end_date", keyed("a", [
    line.split("|") for line in """secretary-1|secretary|LH-GENERAL-BRANCH||2019-01-01
staff-1|staff|LH-RESIDENTS-COMMITTEE||2019-01-01\nstaff-2|staff|LH-RESIDENTS-COMMITTEE||2021-09-01
lead-1|group_leader|LH-GROUP-1||2018-05-01\nlead-1|group_leader|LH-GROUP-2||2022-01-01
lead-6|group_leader|LH-GROUP-2||2018-05-01|2022-01-01\nlead-2|group_leader|LH-GROUP-3||2019-05-01
lead-3|group_leader|LH-GROUP-4||2024-07-01\nlead-7|group_leader|LH-GROUP-5||2024-07-01|2024-11-30
lead-4|group_leader|LH-GROUP-5||2024-11-30\nlead-5|group_leader|LH-GROUP-6||2024-08-01|2024-12-01
lead-6|group_leader|LH-GROUP-6||2024-12-01\nlead-7|group_leader|LH-GROUP-7||2018-05-01|2024-07-01
head-1|centre_household_head|LH-HOUSEHOLD-1||2020-01-01\nhead-2|centre_household_head|LH-HOUSEHOLD-2||2021-01-01
lead-2|centre_household_head|LH-HOUSEHOLD-3||2020-01-01\nlead-4|centre_household_head|LH-HOUSEHOLD-4||2024-08-01
head-3|centre_household_head|LH-HOUSEHOLD-5||2024-08-01|2024-11-30
full-1|full_time_grid_worker||G1|2018-03-01\nfull-2|full_time_grid_worker||G2|2020-03-01|2024-07-01
full-2|full_time_grid_worker||G3|2024-07-01
part-1|part_time_grid_worker||G1|2018-03-01|2024-11-30\npart-2|part_time_grid_worker||G1|2024-12-01""".splitlines()]))
put("estates", "key name area_code property_company_code start_date end_date", """e-1|临河苑|C|LH-PROPERTY|2010-01-01
e-2|新河里|C||2019-01-01\ne-3|河沿巷（已拆迁）|C||2003-06-01|2024-07-01""")
put("buildings", "key estate_key name area_code start_date end_date", """b-1|e-1|临河苑1栋|G1|2018-03-01
b-2|e-1|临河苑2栋|G1|2018-03-01\nb-3|e-1|临河苑11栋|G3|2024-07-01\nb-4|e-2|新河里1栋|G3|2024-07-01
b-5|e-3|河沿巷甲1院|G2|2018-03-01|2024-07-01""")
HOMES = [("b-1", "101", "2018-03-01"), ("b-1", "302", "2018-03-01"), ("b-2", "201", "2019-05-01"), ("b-2", "402", "2020-02-01"),
         ("b-3", "102", "2024-07-01"), ("b-3", "501", "2024-07-15"), ("b-4", "601", "2024-07-01"), ("b-4", "203", "2024-08-01"),
         ("b-5", "东屋", "2018-03-01", "2024-07-01"), ("b-2", "503", "2018-03-01", "2024-11-30")]
put("households", "key building_key room start_date end_date", keyed("h", HOMES))
RESIDENTS = [(home, *HOMES[home][2:]) for home in [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 7, 8, 8, 9, 9]]
put("residents", "key household_key name is_party_member start_date end_date", keyed("r", [
    [f"h-{home + 1:02}", named(n, "戊己"), str(n % 4 == 0).lower(), *span] for n, (home, *span) in enumerate(RESIDENTS)]))
put("need_tags", "key resident_key kind team note start_date end_date", keyed("n", [line.split("|") for line in """
r-01|lives_alone|community_staff||2020-01-01\nr-01|chronically_ill|party_members||2022-05-01
r-02|empty_nest|core_residents||2021-01-01\nr-03|disabled|community_staff||2019-01-01
r-04|low_income|community_staff||2024-11-30\nr-05|unemployed|party_members||2024-01-01|2024-12-01
r-06|child_care|core_residents||2023-09-01\nr-07|other|community_staff|夜间看护|2024-02-01|2025-02-01
r-08|chronically_ill|party_members||2020-06-01|2023-01-01\nr-08|chronically_ill|party_members||2024-03-01
r-09|lives_alone|community_staff||2024-07-01\nr-10|empty_nest|party_members||2024-09-01
r-11|child_care|core_residents||2024-08-01\nr-12|unemployed|community_staff||2024-08-01|2024-11-30
r-13|low_income|community_staff||2024-12-02\nr-16|lives_alone|community_staff||2018-05-01|2024-07-01
r-18|disabled|community_staff||2019-01-01|2024-11-30""".strip().splitlines()]))
put("resident_roles", "key resident_key kind start_date end_date", keyed("o", [line.split("|") for line in """
r-01|building_head|2019-01-01\nr-01|mediator|2021-01-01\nr-03|building_head|2020-01-01\nr-05|informant|2022-01-01
r-06|deliberation_delegate|2023-01-01|2026-01-01\nr-09|building_head|2024-07-01\nr-10|informant|2024-11-30
r-11|team_head|2024-08-01|2024-12-01\nr-13|mediator|2024-08-01\nr-14|informant|2024-09-01|2024-11-30
r-15|informant|2024-12-02\nr-17|building_head|2018-05-01|2024-07-01""".strip().splitlines()]))
put("memberships", "key role unit_code resident_key area_code start_date end_date", keyed("m", [line.split("|") for line in """
general_branch|LH-GENERAL-BRANCH||C|2021-01-01\nproperty_committee|LH-PROPERTY-COMMITTEE||C|2021-01-01
property_company|LH-PROPERTY||C|2021-01-01\nco_building_unit|LH-SCHOOL||C|2021-01-01
co_building_unit|LH-CLINIC||C|2021-01-01|2023-01-01\nco_building_unit|LH-CLINIC||C|2024-01-01
co_building_unit|LH-CARE||C|2022-01-01|2024-12-01\nco_building_unit|LH-LEGAL||C|2024-11-30
co_building_unit|LH-BANK||C|2022-01-01|2024-11-30\nresident||r-02|C|2021-01-01\nresident||r-06|C|2021-01-01
resident||r-13|C|2024-09-01\nresident||r-14|C|2024-12-02|2026-01-01""".strip().splitlines()]))
put("seats", "key kind person_key unit_code area_code start_date end_date", keyed("s", [line.split("|") for line in """
full_time|secretary-1|LH-GENERAL-BRANCH|C|2021-01-01\nfull_time|staff-1|LH-RESIDENTS-COMMITTEE|C|2021-01-01
part_time|seat-1|LH-SCHOOL|C|2021-01-01\npart_time|seat-2|LH-CLINIC|C|2021-01-01|2024-01-01
part_time|seat-2|LH-CLINIC|C|2024-01-01|2027-01-01\npart_time|seat-3|LH-BANK|C|2021-01-01|2024-11-30
part_time|seat-4|LH-BANK|C|2024-11-30\npart_time|seat-5|LH-CARE|C|2021-01-01|2024-12-01
part_time|seat-6|LH-CARE|C|2024-12-02\npart_time|seat-7|LH-LEGAL|C|2022-01-01\npart_time|seat-8|LJ-POLICE|C|2022-01-01
""".strip().splitlines()]))

# --- tickets and the community's work --------------------------------------------------------------------------------
# 0101 and 0601 are those of ../fuqiang, word for word: categories are shared by whatever is loaded together
put("categories", "code name limit_kind limit_amount", """0101|暴露垃圾|continuous_hours|24\n0601|路灯不亮|calendar_days|2
0103|河岸漂浮物|continuous_hours|36\n0206|违规悬挂横幅|calendar_days|4\n0403|井盖缺失|continuous_hours|2
0609|宠物扰民|calendar_days|6""")
put("duty_list", "category_code area_code unit_code", """0101|990101|LJ-URBAN\n0103|990101001|LJ-URBAN
0206|990101|LJ-URBAN\n0403|990101|LJ-HOUSING\n0403|G1|LH-PROPERTY\n0601|C|LH-PROPERTY\n0609|C|LH-RESIDENTS-COMMITTEE""")
put("tickets", "key reported_time source reporter_key category_code title description address area_code longitude latitude coordinate_system", """
t-01|2023-06-05 08:50|grid_worker||0101|河堤边堆放垃圾|示例|||105.203|30.403|wgs84
t-02|2024-08-12 10:00|hotline||0403|井盖松动|示例|临河苑11栋门前
t-03|2024-04-02 09:00|resident||0103|河面漂浮物|示例||G1
t-04|2024-09-03 19:20|video||0601|路灯不亮|示例||G1
t-05|2024-10-08 14:00|leader||0206|横幅未拆|示例||G3
t-06|2024-11-29 16:00|resident||0609|夜间犬吠|示例||G3
t-07|2024-11-30 22:40|hotline||0609|凌晨犬吠|示例||G1
t-08|2024-05-05 11:00|transfer||0206|广告牌破损|示例||C
t-09|2024-06-06 11:00|leader||0101|街道路口垃圾|示例||990101001
t-10|2024-10-20 09:30|resident||0403|井盖缺失|示例||G1
t-11|2024-11-25 12:30|chat_group||0601|楼下路灯闪烁|示例||G3
t-12|2024-11-12 16:40|grid_worker||0101|垃圾未清运|示例||G3
spot-1|2023-10-18 09:10|grid_worker|full-1|0101|岸边塑料袋|示例|||105.204|30.402|wgs84
spot-2|2024-07-09 15:20|grid_worker|full-2|0403|井盖移位|示例|临河苑11栋门前
spot-3|2024-11-30 23:44|grid_worker|staff-1|0601|路灯跳闸|示例||G1
spot-4|2024-11-30 23:58|grid_worker|full-1|0206|横幅垂到路面|示例||G1
spot-5|2024-12-01 09:30|grid_worker|part-2|0101|垃圾桶翻倒|示例|临河苑2栋门前""")
ACTIONS = """
t-01|2023-06-05 09:10|file|staff-1\nt-01|2023-06-05 09:20|dispatch|staff-1|t-01-1|LJ-URBAN|lead
t-01|2023-06-05 10:00|accept|clerk-1|t-01-1\nt-01|2023-06-05 10:05|assign|clerk-1|t-01-1|||||clerk-1
t-01|2023-06-06 09:00|submit|clerk-1|t-01-1||||已清运\nt-01|2023-06-06 11:00|confirm|staff-1
t-01|2023-06-07 09:00|pass|staff-2||||fixed
t-02|2024-08-12 10:10|file|staff-1\nt-02|2024-08-12 10:15|dispatch|staff-1|t-02-1|LJ-HOUSING|lead
t-02|2024-08-12 10:15|dispatch|staff-1|t-02-2|LJ-URBAN|assisting\nt-02|2024-08-12 10:40|accept|clerk-2|t-02-1
t-02|2024-08-12 10:50|accept|clerk-1|t-02-2\nt-02|2024-08-12 11:00|assign|clerk-2|t-02-1|||||clerk-2
t-02|2024-08-12 11:05|assign|clerk-1|t-02-2|||||clerk-1\nt-02|2024-08-12 12:00|submit|clerk-2|t-02-1||||已更换
t-02|2024-08-12 12:10|submit|clerk-1|t-02-2||||已围挡\nt-02|2024-08-12 12:30|confirm_order|staff-1|t-02-2
t-02|2024-08-12 12:40|confirm|staff-1\nt-02|2024-08-13 09:00|pass|staff-2||||fixed
t-03|2024-04-02 09:30|file|staff-2\nt-03|2024-04-02 09:40|dispatch|staff-2|t-03-1|HW-WATER|lead
t-03|2024-04-02 11:00|accept|unit:HW-WATER|t-03-1\nt-03|2024-04-02 11:10|assign|unit:HW-WATER|t-03-1|||||staff-2
t-03|2024-04-03 09:00|submit|unit:HW-WATER|t-03-1||||已打捞\nt-03|2024-04-03 10:00|send_back|staff-2|||||仍有残留
t-03|2024-04-03 15:00|submit|unit:HW-WATER|t-03-1||||再次打捞\nt-03|2024-04-03 16:00|confirm|staff-2
t-03|2024-04-04 09:00|pass|staff-1||||fixed
t-04|2024-09-03 19:40|file|staff-1\nt-04|2024-09-03 19:45|dispatch|staff-1|t-04-1|LH-PROPERTY|lead
t-04|2024-09-03 20:00|accept|unit:LH-PROPERTY|t-04-1\nt-04|2024-09-03 20:10|assign|unit:LH-PROPERTY|t-04-1|||||staff-1
t-05|2024-10-08 14:20|file|staff-2\nt-05|2024-10-08 14:30|dispatch|staff-2|t-05-1|LJ-POLICE|lead
t-05|2024-10-08 15:00|return|unit:LJ-POLICE|t-05-1|||not_our_duty|不属本单位\nt-05|2024-10-08 15:20|dispatch|staff-2|t-05-2|LJ-URBAN|lead
t-05|2024-10-08 16:00|accept|clerk-1|t-05-2\nt-05|2024-10-09 09:00|cancel|staff-2|||||已自行拆除
t-06|2024-11-29 16:30|file|staff-1\nt-06|2024-11-30 09:00|dispatch|staff-1|t-06-1|LJ-POLICE|lead
t-06|2024-11-30 23:50|accept|unit:LJ-POLICE|t-06-1
t-07|2024-11-30 22:50|file|staff-1\nt-07|2024-11-30 23:00|dispatch|staff-1|t-07-1|LJ-POLICE|lead
t-07|2024-12-01 00:10|accept|unit:LJ-POLICE|t-07-1
t-08|2024-05-05 14:00|decline|staff-1||||not_responsible|不在辖区
t-09|2024-06-06 11:30|file|staff-1\nt-09|2024-06-06 11:40|dispatch|staff-1|t-09-1|LJ-URBAN|lead
t-09|2024-06-06 12:00|accept|clerk-1|t-09-1
t-10|2024-10-20 09:40|file|staff-2\nt-10|2024-10-20 09:50|dispatch|staff-2|t-10-1|LJ-URBAN|lead
t-10|2024-10-20 10:00|refuse|clerk-1|t-10-1||||人手不足\nt-10|2024-10-20 10:10|dispatch|staff-2|t-10-2|LJ-HOUSING|lead
t-10|2024-10-20 10:20|accept|clerk-2|t-10-2\nt-10|2024-10-20 10:25|assign|clerk-2|t-10-2|||||clerk-2
t-10|2024-10-20 11:30|submit|clerk-2|t-10-2||||已补盖\nt-10|2024-10-20 12:00|confirm|staff-2
t-10|2024-10-21 09:00|fail|staff-1|||||井盖松动
t-11|2024-11-25 13:40|file|staff-1
spot-1|2023-10-18 09:14|fix_on_the_spot|full-1|||||已捡走\nspot-2|2024-07-09 15:31|fix_on_the_spot|full-2|||||井盖已复位
spot-3|2024-11-30 23:50|fix_on_the_spot|staff-1|||||已合闸\nspot-4|2024-12-01 00:10|fix_on_the_spot|full-1|||||已重新系好
spot-5|2024-12-01 09:36|fix_on_the_spot|part-2|||||已扶起并清扫"""
put("ticket_actions", "ticket_key time action actor_key order_key unit_code order_role reason note handler_key", ACTIONS)
put("chat_groups", "key name area_code start_date end_date", """g-1|临河居民群|C|2022-01-01
g-2|河沿巷居民群|G2|2020-01-01|2024-07-01\ng-3|第三网格居民群|G3|2024-07-01""")
# twelve shifts by day, a message in each; the nights around the as-of day; what is cancelled, and other kinds
SHIFT_DAYS = days(12, "2023-11-20", "2024-11-25")
duties = [["chat_group", f"staff-{1 + n % 2}", f"{day} 08:00", f"{day} 20:00", "C", f"{day} 07:00"] for n, day in enumerate(SHIFT_DAYS)]
put("duty_shifts", "key kind person_key start_time end_time area_code created_time steps", keyed("ds", duties + [
    line.split("|") for line in """chat_group|staff-1|2023-12-31 20:00|2024-01-01 08:00|C|2023-12-20 09:00
chat_group|staff-2|2024-11-30 20:00|2024-12-01 08:00|C|2024-11-20 09:00|hand_over 2024-11-28 10:00 家中有事
chat_group|full-2|2024-11-30 23:50|2024-12-01 06:00|G3|2024-11-20 09:00
chat_group|full-1|2024-11-30 09:00|2024-11-30 12:00|G1|2024-11-20 09:00|cancel 2024-12-01 00:10 重复登记
chat_group|staff-1|2024-11-30 20:00|2024-12-01 08:00|C|2024-11-20 09:00|cancel 2024-11-30 23:50 排班调整
chat_group|staff-1|2024-06-01 08:00|2024-06-01 20:00|C|2024-05-20 09:00|cancel 2024-05-25 10:00 外出培训
chat_group|full-1|2024-12-01 00:10|2024-12-01 08:00|G1|2024-11-20 09:00
window|staff-1|2024-06-01 08:00|2024-06-01 17:00|C|2024-05-20 09:00\npatrol|full-1|2024-06-01 19:00|2024-06-01 23:00|G1|2024-05-20 09:00
window|staff-2|2024-06-02 08:00|2024-06-02 17:00|C|2024-05-20 09:00|cancel 2024-06-01 10:00 窗口关闭""".splitlines()]))
messages = []
for n, day in enumerate(SHIFT_DAYS):
    sent, minutes = f"{day} {clock(n)}", 60 if n == 3 else 5 + 4 * n
    done = f"{later(sent, 60)}:01" if n == 5 else later(sent, minutes)
    ended = f"; reply {done}" if n not in (7, 9) else ""
    reply = "" if n in (7, 9) else "已安排，谢谢提醒"
    messages.append(["g-1" if n % 3 else "g-3" if day > "2024-07-01" else "g-2", f"第{n + 1}条：楼道有杂物", sent, f"staff-{1 + n % 2}",
                     reply, "", sent, f"claim {later(sent, 2)}{ended}"])
messages[5][6] = later(messages[5][2], 1)
messages[11][4:6] = "已受理，编号t-11", "t-11"
messages[9][-1] = f"claim {later(messages[9][2], 2)}; dismiss {later(messages[9][2], 9)} 与社区无关"
put("group_messages", "key chat_group_key text sent_time person_key reply ticket_key created_time steps", keyed("msg", messages + [
    line.split("|") for line in """g-1|楼上漏水|2023-12-31 23:50|staff-1|马上联系物业||2023-12-31 23:51|claim 2024-01-01 00:05; reply 2024-01-01 00:45
g-3|停电了吗|2024-11-30 23:50|staff-2|线路抢修，两点恢复||2024-11-30 23:52|claim 2024-12-01 00:05; reply 2024-12-01 00:20
g-1|有人放鞭炮|2024-11-30 22:00||||2024-11-30 22:01|dismiss 2024-12-01 00:10 已停止
g-1|河边有人吗|2024-12-01 00:10|staff-2|已去查看||2024-12-01 00:11|claim 2024-12-01 00:15; reply 2024-12-01 00:30
g-1|路面结冰|2024-12-01 06:00||||2024-12-01 06:02
g-1|广告|2024-11-30 21:00||||2024-11-30 21:01|dismiss 2024-11-30 23:50 广告""".splitlines()]))
put("livelihood_items", "key name limit_days materials area_code start_date end_date", """li-1|临时救助（虚构）|20|身份证;情况说明|990101|2021-01-01
li-2|高龄津贴（虚构）|45|身份证|990101001|2021-01-01\nli-3|适老化改造（虚构）|60|身份证;房屋证明|C|2023-06-01""")
matters = [("2023-12-04 09:00", "2023-12-31 23:50"), ("2023-12-11 10:00", "2024-01-01 00:10"),
           *[(f"{day} {clock(n)}", later(f"{day} 11:00", 60 * 24 * 16)) for n, day in enumerate(days(6, "2024-01-15", "2024-09-20"))],
           ("2024-11-04 09:00", "2024-11-30 23:50"), ("2024-11-05 09:00", "2024-12-01 00:10")]
matters = [[f"li-{1 + n % 3}", made, f"complete_materials {later(made, 60)}; review {later(made, 1440)}; publicise {later(made, 3000)}; "
            f"approve {later(made, 9000)}; deliver {over}", 0 if n % 3 == 2 else 10000 * (n + 3)] for n, (made, over) in enumerate(matters)]
matters += [["li-1", "2024-03-05 09:00", "complete_materials 2024-03-06 09:00; review 2024-03-07 09:00; refuse 2024-03-12 09:00 不符条件", 0],
            ["li-2", "2024-11-30 23:50", "withdraw 2024-12-02 10:00 改日再办", 0], ["li-2", "2024-12-01 00:10", "", 0]]
put("livelihood_matters", "key livelihood_item_key applicant_name resident_key handler_person_key due_date amount_fen area_code created_time steps",
    keyed("lm", [[item, named(n % 8, "戊己"), f"r-{n % 8 + 1:02}" if n % 4 else "", "staff-1" if n % 2 else "staff-2",
                  later(made, 1440 * 20)[:10], amount, "G1" if n % 2 else "C", made, steps] for n, (item, made, steps, amount) in enumerate(matters)]))
put("meetings", "key kind title start_time committee_count party_member_count resident_count stakeholder_count minutes area_code created_time steps", """
mt-01|council|年末安排|2023-12-31 23:50|3|2|0|0|守岁值班安排|C|2023-12-20 09:00|hold 2024-01-01 00:40
mt-02|council|元旦值守|2024-01-01 00:10|2|2|1|0|值守分工|C|2023-12-20 09:00|hold 2024-01-01 01:00
mt-03|council|河岸整治|2024-03-14 19:00|4|3|9|2|讨论河岸整治|C|2024-03-07 09:00|hold 2024-03-14 20:30
mt-04|council|停车难|2024-09-12 19:00|3|4|11|1|意见不一|G3|2024-09-05 09:00|hold 2024-09-12 21:00
mt-05|council|冬季防火|2024-11-30 19:00|3|3|6|1|防火分工|C|2024-11-20 09:00|hold 2024-11-30 23:50
mt-06|council|电梯维保|2024-11-30 20:00|2|1|4|0|维保方案|G1|2024-11-20 09:00|hold 2024-12-01 00:10
mt-07|council|换届准备|2024-06-13 19:00|0|0|0|0||C|2024-06-01 09:00|cancel 2024-06-10 09:00 改期
mt-08|council|夜间噪声|2024-07-18 19:00|0|0|0|0||C|2024-07-01 09:00
mt-09|council|新年计划|2024-12-01 00:10|2|2|2|2|新年计划|C|2024-11-20 09:00|hold 2024-12-01 00:50
mt-10|joint|共建会商|2024-05-09 14:00|3|0|0|4|项目对接|C|2024-05-01 09:00|hold 2024-05-09 16:00
mt-11|consultation|楼道扶手|2024-08-08 15:00|1|2|8|1|同意加装|G3|2024-08-01 09:00|hold 2024-08-08 16:30""")
put("deliberations", "key title raiser_keys topic meeting_key inconclusive_meeting_keys decision reviewer_key review area_code created_time steps", """
dl-01|河面漂浮物|r-01;r-03|如何清理河面|mt-03||水务所打捞，居民巡河|r-03|河面干净了|G1|2024-03-01 09:00|set_topic 2024-03-03 09:00; deliberate 2024-03-14 20:40; resolve 2024-03-14 20:50; assign 2024-04-01 09:00; implement 2024-04-02 09:00; review 2024-11-30 23:50
dl-02|老人吃饭难|r-09|如何办助餐|mt-11||由服务项目承担|r-09|送得及时|G3|2024-07-20 09:00|set_topic 2024-07-22 09:00; deliberate 2024-08-08 16:40; resolve 2024-08-08 16:50; assign 2024-08-10 09:00; implement 2024-08-11 09:00; review 2024-12-01 00:10
dl-03|停车难|r-10;r-11|车位如何分配|mt-04|mt-04||||G3|2024-08-20 09:00|set_topic 2024-08-25 09:00; deliberate 2024-09-12 21:10; disagree 2024-09-12 21:30 车位分配意见不一
dl-04|电梯异响|r-05|||||||G1|2024-11-20 09:00
dl-05|广场舞扰民|r-02|音量与时段||||||C|2024-05-20 09:00|set_topic 2024-05-25 09:00; drop 2024-06-05 09:00 已自行协商""")
put("assignments", "key deliberation_key ticket_key project_key assigned_date created_time steps", """
as-1|dl-01|t-03||2024-04-01|2024-04-01 08:40\nas-2|dl-02||prj-01|2024-08-10|2024-08-10 08:45
as-3|dl-02||prj-02|2024-08-10|2024-08-10 08:41|void 2024-08-12 10:05 选错项目\nas-4|dl-01|t-01||2024-04-01|2024-04-01 08:32|void 2024-04-01 08:36 选错案卷""")
rounds = ["2023-10-10 09:00", "2023-12-31 23:50", "2024-01-01 00:10", *[f"{day} {clock(n)}" for n, day in enumerate(
    days(18, "2024-01-20", "2024-11-22"))], "2024-11-30 23:50", "2024-12-01 00:10"]
put("patrols", "key person_key start_time end_time found_count note area_code", keyed("pt", [
    ["full-1", start, later(start, 15 if start[11:] > "23" else 50), n % 3, "河岸有杂物" if n % 3 else "", "G1"] for n, start in enumerate(rounds)]))
visits = [f"{day} {clock(n)}" for n, day in enumerate(days(16, "2022-05-10", "2024-11-28"))]
visits += ["2024-11-30 09:30", "2024-11-30 23:50", "2024-12-01 00:10", "2024-12-03 10:00"]
put("field_visits", "key kind person_key resident_key visit_time outcome ticket_key area_code", keyed("fv", [
    ["errand" if n in (1, 3, 6, 10, 12, 17, 18) else "visit", "full-1", f"r-{n % 7 + 1:02}" if n % 5 else "", when, "代取药品" if n % 3 == 0 else "了解近况",
     "", "G1"] for n, when in enumerate(visits)]))
notes = [f"{day} {clock(n)}" for n, day in enumerate(days(8, "2024-07-03", "2024-11-12"))] + ["2024-11-30 23:50", "2024-12-01 00:10", "2024-11-30 08:00"]
put("field_notes", "key person_key noted_time text ticket_key area_code", keyed("fn", [
    ["full-2", when, f"记录{n + 1}：{'堆物' if n % 2 else '照明'}", "t-12" if n == 7 else "", "G3"] for n, when in enumerate(notes)]))

# --- volunteers and stations -----------------------------------------------------------------------------------------
put("registrations", "key person_key home_unit_code area_code start_date end_date", """rg-1|official-1|LJ-URBAN|C|2022-03-01
rg-2|official-2|LJ-HOUSING|C|2023-01-10|2024-05-01\nrg-3|official-3|LJ-POLICE|C|2024-02-01\nrg-4|official-4|HW-WATER|C|2022-06-01|2024-09-01""")
calls = [(f"rg-{(1, 4, 2, 3)[n % 4] if day > '2024-02-01' else 1}", f"{day} {clock(n)}") for n, day in enumerate(days(15, "2022-04-06", "2024-04-20"))]
put("check_in_visits", "key registration_key visit_time handled voided_time void_reason", keyed("cv", [
    [*call, "参与巡河" if n % 2 else "走访老人"] for n, call in enumerate(calls)] + [line.split("|") for line in """rg-1|2024-11-30 23:50|协助夜间值守
rg-3|2024-11-30 10:00|反诈宣传\nrg-3|2024-12-01 00:10|协助夜间值守\nrg-1|2024-03-05 10:00|重复|2024-03-06 09:00|重复登记
rg-3|2024-11-29 10:00|误登|2024-12-02 09:00|误登""".splitlines()]))
put("volunteers", "key name person_key skills area_code start_date end_date", keyed("v", [
    [named(n, "丙丁", "十"), "seat-1" if n == 4 else "", ["", "理发", "摄影;缝补"][n % 3], "C", ["2021-03-01", "2023-05-01"][n % 2], "2024-11-30" if n == 17 else ""]
    for n in range(18)]))
put("teams", "key name kind area_code start_date end_date", """tm-1|临河巡河队|red_armbands|C|2021-03-01\ntm-2|临河净滩队|red_caps|C|2021-03-01|2024-11-30
tm-3|临河助老队|red_vests|C|2022-03-01|2025-03-01\ntm-4|临河龙舟队|other|C|2023-05-01\ntm-5|临河护苗队|red_vests|C|2024-11-30\ntm-6|临河新净滩队|red_caps|C|2024-12-01|2026-01-01""")
put("team_members", "key team_key volunteer_key start_date end_date", keyed("tmm", [
    *[["tm-1", f"v-{n:02}", "2023-05-01"] for n in range(1, 7)], *[["tm-3", f"v-{n:02}", "2023-06-01", "2024-12-01" if n == 9 else "2025-03-01"] for n in range(5, 10)],
    ["tm-4", "v-10", "2023-07-01"], ["tm-4", "v-11", "2024-11-30"], ["tm-5", "v-12", "2024-11-30"], ["tm-4", "v-13", "2023-07-01", "2024-11-30"],
    ["tm-4", "v-14", "2024-12-01"], ["tm-2", "v-15", "2023-05-01", "2024-11-30"], ["tm-2", "v-01", "2022-01-01", "2023-01-01"],
    ["tm-2", "v-12", "2024-01-01", "2024-11-30"], ["tm-6", "v-15", "2024-12-01", "2026-01-01"]]))
put("service_posts", "key name planned_count area_code start_date end_date", """sp-1|巡河岗|3|G1|2021-05-01\nsp-2|劝导岗|2|G1|2021-05-01\nsp-3|助餐岗|2|G3|2024-07-01
sp-4|图书岗|1|C|2022-01-01|2024-12-01\nsp-5|调解岗|2|C|2022-01-01\nsp-6|码头岗|1|G3|2024-11-30\nsp-7|护学岗|2|C|2023-01-01\nsp-8|河沿巷看护岗|1|G2|2021-05-01|2024-07-01
sp-9|测温岗|2|C|2022-01-01|2024-11-30\nsp-10|夜巡岗|1|G1|2024-12-02|2026-01-01""")
put("post_holders", "key service_post_key volunteer_key start_date end_date", keyed("ph", [line.split("|") for line in """sp-1|v-01|2021-05-01
sp-1|v-02|2023-06-01\nsp-1|v-03|2022-01-01\nsp-2|v-01|2022-01-01\nsp-2|v-04|2023-06-01\nsp-3|v-05|2024-07-01\nsp-3|v-06|2024-08-01\nsp-4|v-07|2022-01-01|2024-12-01
sp-5|v-08|2023-06-01\nsp-5|v-09|2022-01-01|2023-01-01\nsp-5|v-09|2024-01-01\nsp-7|v-10|2024-11-30\nsp-7|v-11|2023-01-01|2024-11-30\nsp-7|v-12|2024-12-01
sp-8|v-13|2022-01-01|2024-07-01\nsp-9|v-14|2023-06-01|2024-11-30\nsp-10|v-15|2024-12-02|2026-01-01""".splitlines()]))
put("stations", "key name kind area_code start_date end_date", """st-1|临河党群服务中心|centre|G1|2021-02-01\nst-2|临河政务代办站|agency|G1|2022-02-01
st-3|新河里居家养老站|home_care|G3|2024-07-05\nst-4|码头便民服务站|convenience|G3|2024-11-30\nst-5|河沿巷便民服务站|convenience|G2|2021-02-01|2024-07-01
st-6|临河路便民服务站|convenience|C|2021-02-01|2024-11-30\nst-7|临河旧服务中心|centre|G2|2018-05-01|2021-02-01\nst-8|临河苑居家养老站|home_care|G1|2024-12-01""")
put("functional_areas", "key station_key name capacity start_date end_date", "fa-1|st-1|议事厅|18|2021-02-01\nfa-2|st-3|康复室|6|2024-07-05|2024-12-01\nfa-3|st-7|阅览室|12|2018-05-01|2021-02-01")
put("catalogue_items", "key station_key name price_kind price_fen start_date end_date", """ci-1|st-1|图书借阅|free|0|2021-02-01\nci-2|st-1|法律咨询|free|0|2022-01-01
ci-3|st-3|午餐|at_cost|900|2024-07-05|2024-11-30\nci-4|st-3|午餐|at_cost|1000|2024-11-30\nci-5|st-3|助浴|priced|3000|2024-07-05\nci-6|st-3|理发|at_cost|500|2024-07-05|2024-12-01
ci-7|st-3|康复训练|priced|2500|2024-08-01\nci-8|st-2|复印|at_cost|20|2022-02-01\nci-9|st-4|充电|free|0|2024-11-30\nci-10|st-1|四点半课堂|free|0|2023-09-01
ci-11|st-5|磨刀|at_cost|300|2021-02-01|2024-07-01\nci-12|st-3|陪诊|priced|5000|2024-12-02|2026-01-01""")
put("provider_contracts", "key unit_code station_key subject amount_fen area_code start_date end_date", """pc-1|LH-CARE|st-3|养老站运营|8800000|C|2024-07-05
pc-2|LH-CARE||助餐配送|1200000|C|2023-01-01|2025-01-01\npc-3|LH-LEGAL|st-1|法律咨询|600000|C|2024-11-30\npc-4|LH-CLINIC|st-1|义诊|300000|C|2022-01-01|2024-11-30
pc-5|LH-PROPERTY||保洁|900000|C|2024-12-01""")
put("subsidy_entries", "key station_key amount_fen entry_date purpose", """se-1|st-1|2500000|2021-03-01|开办补助\nse-2|st-5|700000|2021-04-01|开办补助\nse-3|st-5|-120000|2024-06-20|退回结余
se-4|st-3|3600000|2024-07-20|运营补助\nse-5|st-4|410000|2024-11-30|开办补助\nse-6|st-3|990000|2024-12-01|运营补助""")
evenings = ["2022-10-04 09:00", "2023-11-30 23:50", "2023-12-01 00:10", "2023-12-20 14:00", "2024-01-01 00:10", *[
    f"{day} {clock(n)}" for n, day in enumerate(days(9, "2024-02-03", "2024-11-23"))], "2024-11-30 19:00", "2024-11-30 22:30", "2024-12-01 00:10"]
events = [["巡河" if n % 2 else "义诊", "environment" if n % 2 else "health", "tm-1" if n % 2 else "", "st-1" if n % 4 == 2 else "", start,
           later(start, 60), "G1" if n % 2 else "C", later(start, -9000), f"hold {later(start, 70)}"] for n, start in enumerate(evenings)]
events[15][5], events[15][8] = "2024-12-01 00:05", "hold 2024-12-01 00:10"
put("service_events", "key title kind team_key station_key start_time end_time area_code created_time steps", keyed("ev", events + [line.split("|") for line in """
龙舟赛|culture|tm-4||2024-06-10 09:00|2024-06-10 12:00|C|2024-05-20 09:00|cancel 2024-06-08 18:00 汛期\n普法|law|||2024-04-15 09:00|2024-04-15 11:00|C|2024-04-01 09:00
义剪|repair||st-6|2024-11-29 09:00|2024-11-29 11:00|C|2024-11-01 09:00|cancel 2024-11-28 09:00 站点搬迁""".strip().splitlines()]))
DONE = "fill {0} 08:00; sign_in {1} 09:0{2}; sign_out {1} 11:3{2}; confirm_hours {1} 18:00"
shifts = [["ev-04", "", "", "2023-12-20", 135], ["", "sp-1", "", "2024-02-14", 120], ["", "sp-1", "", "2024-05-22", 95], ["", "", "st-1", "2024-08-07", 143],
          ["", "", "st-1", "2024-10-30", 110], ["", "sp-5", "", "2024-11-27", 88], ["", "sp-5", "", "2024-11-28", 77], ["", "sp-1", "", "2024-11-29", 66]]
CERTIFIED = ["2024-01-05 10:00", "2024-03-05 10:00", "2024-06-05 10:00", "2024-09-05 10:00", "2024-11-05 10:00", "2024-11-30 23:50", "2024-12-01 00:10", ""]
rows = [[*place, f"{day} 09:00", f"{day} 11:30", f"v-0{n % 4 + 1}", f"{day} 09:0{n}", f"{day} 11:3{n}", worked, f"{day} 07:00", DONE.format(day, day, n)
         + (f"; correct_hours {day} 19:00 补登" if n == 2 else "") + (f"; certify {when}" if when else "")]
        for n, ((*place, day, worked), when) in enumerate(zip(shifts, CERTIFIED))]
put("shifts", "key service_event_key service_post_key station_key start_time end_time volunteer_key signed_in_time signed_out_time worked_minutes created_time steps",
    keyed("sh", rows + [line.split("|") for line in """||st-1|2024-12-04 09:00|2024-12-04 11:00||||0|2024-11-25 09:00
|sp-2||2024-12-04 09:00|2024-12-04 11:00||||0|2024-11-25 09:00|fill 2024-11-26 09:00; release 2024-11-27 09:00 出差
|sp-2||2024-09-04 09:00|2024-09-04 11:00|v-01|||0|2024-08-25 09:00|fill 2024-08-26 09:00; cancel 2024-09-03 09:00 大雨
||st-3|2024-12-05 09:00|2024-12-05 11:00|v-05|||0|2024-11-25 09:00|fill 2024-11-30 23:50""".splitlines()]))
put("trainings", "key volunteer_key subject training_date minutes", keyed("tr", [[f"v-{n % 16 + 1:02}", "急救" if n % 2 else "水上安全", day, 60 + 15 * (n % 3)] for n, day in enumerate(
    ["2023-05-20", "2023-09-10", "2023-11-30", "2023-12-01", *days(8, "2024-01-13", "2024-11-09"), "2024-11-30", "2024-12-01"])]))
put("needs", "key title kind unit_code resident_key area_code start_date end_date", """nd-1|老人助餐|elderly||r-09|G3|2024-07-02\nnd-2|课后看护|children||r-06|G1|2024-01-05
nd-3|轮椅坡道|repair||r-03|G1|2024-02-01|2024-10-01\nnd-4|夜间照明|safety|LH-SCHOOL||C|2024-10-01\nnd-5|普法讲座|law|||C|2024-09-01\nnd-6|义诊|health||r-10|G3|2024-09-01\nnd-7|健身操|culture|||C|2024-11-01""")
put("resources", "key title kind unit_code volunteer_key area_code start_date end_date", """rs-1|餐车|elderly|LH-CARE||C|2023-01-01\nrs-2|教室|children|LH-SCHOOL||C|2023-01-01
rs-3|木工手艺|repair||v-03|C|2021-06-01\nrs-4|手电与反光衣|safety|LJ-POLICE||C|2024-01-01\nrs-5|律师|law|LH-LEGAL||C|2023-01-01""")
put("need_matches", "key need_key resource_key volunteer_key reason match_date", keyed("nm", [line.split("|") for line in """nd-1|rs-1|v-05|就近配送|2024-07-10
nd-2|rs-2||场地空闲|2024-01-20\nnd-3|rs-3|v-03|有经验|2024-02-20\nnd-4|rs-4||同路段|2024-11-30\nnd-5|rs-5||专业对口|2024-10-10\nnd-1|rs-2||可作餐厅|2024-08-01
nd-4|rs-3||可修灯架|2024-10-20\nnd-6|rs-5||权益咨询|2024-11-29\nnd-7|rs-2||场地空闲|2024-12-01""".splitlines()]))
put("projects", "key title need_key place_count need_match_key score evaluation created_time steps", """
prj-01|临河助餐|nd-1|3|nm-01|5|老人满意|2024-07-03 09:00|match 2024-07-11 09:00; start 2024-07-15 09:00; finish 2024-11-20 17:00; evaluate 2024-11-30 23:50
prj-02|课后看护|nd-2|2|nm-02|0||2024-01-08 09:00|match 2024-01-21 09:00; start 2024-02-20 09:00
prj-03|坡道改造|nd-3|1|nm-03|0||2024-02-05 09:00|match 2024-02-21 09:00; cancel 2024-04-01 09:00 产权不清
prj-04|夜间照明|nd-4|2|nm-04|0||2024-10-10 09:00|match 2024-11-30 23:50
prj-05|普法讲座|nd-5|1|nm-05|0||2024-10-01 09:00|match 2024-12-01 00:10
prj-06|上门义诊|nd-6|2||0||2024-09-05 09:00\nprj-07|义诊专场|nd-6|2||0||2024-09-06 09:00|cancel 2024-09-20 09:00 重复立项""")
put("project_claims", "key project_key unit_code volunteer_key created_time steps", """cl-1|prj-01|LH-CARE||2024-07-04 09:00\ncl-2|prj-01||v-05|2024-07-04 10:00\ncl-3|prj-01||v-06|2024-07-05 10:00|withdraw 2024-08-01 09:00 搬家
cl-4|prj-01||v-07|2024-08-02 09:00\ncl-5|prj-02|LH-SCHOOL||2024-01-22 09:00\ncl-6|prj-03||v-03|2024-02-22 09:00""")
put("beneficiaries", "key project_key resident_key benefit_date", keyed("bn", [*[["prj-01", f"r-{n:02}", f"2024-08-{n + 10}"] for n in range(1, 9)],
    *[["prj-02", f"r-{n:02}", f"2024-09-{n + 3:02}"] for n in (7, 8, 9, 10)], ["prj-02", "r-11", "2024-11-30"], ["prj-02", "r-12", "2024-12-01"]]))
TOLD = ["2023-11-30 23:50", "2023-12-01 00:10", *[f"{day} {clock(n)}" for n, day in enumerate(days(6, "2024-01-25", "2024-11-14"))], "2024-11-30 23:50", "2024-12-01 00:10"]
wishes = []
for n, over in enumerate(TOLD):
    contested = f"; contest {later(over, -4000)} 尺码不合; realise {later(over, -2000)}" if n in (3, 6) else ""
    wishes.append([f"心愿{n + 1}：{'棉鞋' if n % 2 else '字典'}", f"r-{n % 8 + 1:02}", "" if n % 2 else "LH-BANK", f"v-0{n % 9 + 1}" if n % 2 else "", "", "C" if n % 3 else "G1", later(over, -15000),
                   f"review {later(over, -14000)}; claim {later(over, -9000)}; realise {later(over, -5000)}{contested}; confirm {over}"])
put("wishes", "key title resident_key unit_code volunteer_key claim_until_time area_code created_time steps", keyed("w", wishes + [line.split("|") for line in """
一只收音机|r-03||v-02|2024-12-09 10:00|G1|2024-11-01 09:00|review 2024-11-02 09:00; claim 2024-11-15 09:00; realise 2024-11-20 09:00; contest 2024-11-25 10:00 没有声音
一台轮椅|r-02||||C|2024-10-01 09:00|review 2024-10-02 09:00; claim 2024-10-05 09:00; expire 2024-10-19 09:01\n一辆新车|r-04||||C|2024-06-01 09:00|decline 2024-06-03 09:00 超出范围
一副手套||LH-BANK|||G3|2024-11-10 09:00|review 2024-11-11 09:00; claim 2024-11-12 09:00; realise 2024-11-18 09:00\n一次理发|r-06||||G1|2024-11-20 09:00|withdraw 2024-11-21 09:00 已办好""".strip().splitlines()]))
put("recurring_sessions", "key station_key name catalogue_item_key weekday start_minute end_minute capacity start_date end_date", """ss-1|st-1|法律咨询|ci-2|wednesday|540|660|2|2022-01-05
ss-2|st-3|康复训练|ci-7|monday|870|960|4|2024-08-05\nss-3|st-1|四点半课堂|ci-10|friday|990|1080|9|2023-09-01|2024-12-01\nss-4|st-2|代办专场||thursday|540|600|5|2022-02-03\nss-5|st-4|充电维修||sunday|600|720|3|2024-11-30
ss-6|st-3|集中理发|ci-6|tuesday|540|660|6|2024-07-09|2024-11-30\nss-7|st-5|磨刀|ci-11|saturday|540|600|8|2021-02-06|2024-07-01\nss-8|st-3|陪诊说明|ci-12|saturday|540|600|8|2024-12-02|2026-01-01""")
put("closed_days", "key closed_date name station_key area_code", "cd-1|2024-10-02|国庆节||C\ncd-2|2024-10-14|设备检修|st-3|C\ncd-3|2024-02-10|春节||990101")
put("bookings", "key recurring_session_key session_date resident_key created_time steps", """bk-1|ss-1|2024-10-16|r-01|2024-10-14 09:00|attend 2024-10-16 09:20
bk-2|ss-1|2024-10-16|r-02|2024-10-14 10:00|cancel 2024-10-15 09:00 有事\nbk-3|ss-1|2024-10-16|r-03|2024-10-15 10:00|miss 2024-10-16 11:30\nbk-4|ss-2|2024-10-21|r-09|2024-10-18 10:00|attend 2024-10-21 14:40
bk-5|ss-2|2024-12-02|r-10|2024-11-30 23:50\nbk-6|ss-5|2024-12-01|r-13|2024-11-30 10:00|cancel 2024-12-01 00:10 生病\nbk-7|ss-3|2024-11-29|r-06|2024-11-25 10:00|attend 2024-11-29 16:30""")
brought = [f"{day} {clock(n)}" for n, day in enumerate(days(10, "2023-03-08", "2024-11-20"))] + ["2024-11-30 23:50", "2024-12-01 00:10"]
put("deliveries", "key station_key resident_key goods volunteer_key created_time steps", keyed("dv", [["st-5" if n < 3 else "st-1", f"r-{n % 8 + 1:02}", "大米一袋" if n % 2 else "药品",
    "v-02" if n % 2 else "", later(when, -300), f"deliver {when}"] for n, when in enumerate(brought)] + [["st-1", "r-01", "牛奶一箱", "", "2024-05-06 09:00", "cancel 2024-05-06 10:00 已自取"],
    ["st-3", "r-09", "药品", "", "2024-11-30 18:00", ""]]))
station = ["2022-05-03 09:10", "2023-07-04 10:00", "2023-12-12 10:30", "2023-12-31 23:50", "2024-01-01 00:10", *[f"{day} {clock(n)}" for n, day in enumerate(days(14, "2024-01-16", "2024-11-26"))],
           "2024-11-30 10:15", "2024-11-30 23:50", "2024-12-01 00:10", "2024-11-30 16:00"]
VOID = {7: "2024-04-10 09:00", 10: "2024-11-30 23:50", 22: "2024-12-01 00:10", 1: "2023-07-05 09:00"}
records = [["st-1", "", "ci-1" if n % 3 == 0 else "", "" if n % 4 == 3 else f"r-{n % 8 + 1:02}", when, when, f"void {VOID[n]} 重复登记" if n in VOID else ""] for n, when in enumerate(station)]
for n, (event, start) in enumerate([(e, evenings[e]) for e in (0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16)]):
    void = "void 2024-06-30 09:00 误登" if n in (7, 10) else "void 2024-12-01 00:10 误登" if n == 14 else ""
    records.append(["", f"ev-{event + 1:02}", "", "" if n % 3 else f"r-{n % 8 + 1:02}", later(start, n + 1), later(start, n + 2), void])
records[-2][4:6] = ["2024-11-30 23:50", "2024-11-30 23:55"]
put("service_records", "key station_key service_event_key catalogue_item_key resident_key served_time created_time steps", keyed("sr", records))
come = [f"{day} {clock(n)}" for n, day in enumerate(days(18, "2022-03-01", "2024-11-27"))] + ["2024-11-30 23:50", "2024-12-01 00:10"]
put("station_visits", "key station_key kind visitor visit_time service_record_key", keyed("sv", [["st-1", ["water", "rest", "charging", "first_aid"][n % 4], ["courier", "street_cleaner", "other"][n % 3], when]
    for n, when in enumerate(come)] + [["st-1", "enquiry", "resident", station[n], f"sr-{n + 1:02}"] for n in (2, 8, 18)]))
over = ["2023-09-14 16:00", "2024-01-01 00:10", "2024-03-19 16:00", "2024-06-25 16:00", "2024-09-11 16:00", "2024-11-30 23:50", "2024-12-01 00:10"]
put("agency_cases", "key station_key resident_key matter handler_person_key is_authorised livelihood_matter_key papers result papers_returned_time created_time steps", keyed("ac", [
    ["st-2", f"r-{n + 1:02}", "医保转移", "staff-2", "true", "lm-03" if n == 2 else "", "身份证;社保卡", "已办结", when, later(when, -9000),
     f"complete_materials {later(when, -8000)}; submit {later(when, -7000)}; record_result {later(when, -600)}; deliver {when}"] for n, when in enumerate(over)] + [line.split("|") for line in """
st-2|r-05|公积金提取|staff-1|true||身份证|已批准||2024-11-01 09:00|complete_materials 2024-11-02 09:00; submit 2024-11-04 09:00; record_result 2024-11-28 09:00
st-2|r-06|居住证|staff-1|false||身份证||2024-10-12 09:00|2024-10-10 09:00|complete_materials 2024-10-11 09:00; withdraw 2024-10-12 09:00 自行办理\nst-2|r-07|居住证|staff-1|false||||| 2024-11-30 15:00""".replace("| 2024", "|2024").strip().splitlines()]))
put("station_duties", "key station_key person_key duty_date", keyed("sd", [["st-2", f"staff-{n % 2 + 1}", day] for n, day in enumerate([*days(8, "2022-03-03", "2024-11-21"), "2024-11-30", "2024-12-01"])]
    + [["st-1", "full-1", "2024-11-30"], ["st-1", "secretary-1", "2024-11-30"], ["st-5", "full-2", "2024-06-28"], ["st-1", "staff-2", "2024-12-02"]]))
put("venue_routes", "key name area_code start_date end_date", "vr-1|临河步道|C|2022-05-01\nvr-2|河沿巷老街线|G2|2021-05-01|2024-07-01")
put("route_venues", "key venue_route_key position name station_key start_date end_date", """rv-1|vr-1|1|服务中心|st-1|2022-05-01\nrv-2|vr-1|2|古渡口||2022-05-01\nrv-3|vr-1|3|便民站|st-6|2022-05-01|2024-11-30
rv-4|vr-1|3|码头站|st-4|2024-11-30\nrv-5|vr-1|4|养老站|st-3|2024-07-05\nrv-6|vr-1|5|党建长廊||2023-05-01|2024-12-01\nrv-7|vr-1|6|老榕树||2023-05-01\nrv-8|vr-1|5|新长廊||2024-12-02|2026-01-01\nrv-9|vr-2|1|老戏台||2021-05-01|2024-07-01""")
put("published_figures", "area_code figure_key value bound period as_of_date", [[C, *line.split(), AS_OF] for line in """responses_started 7 exact since_records_began
grid_branches 3 exact as_of\nresidents_in_need 10 at_least as_of\nevents_held 13 exact per_year\nevent_person_times 12 at_least since_records_began\nstation_person_times 16 exact year_to_date
council_meetings_held 4 exact year_to_date\nwishes_confirmed 8 exact per_year\ntrainings 8 at_least per_year\npatrols 20 exact year_to_date\nlivelihood_delivered 8 exact year_to_date
volunteers_in_teams 12 exact as_of\nproject_beneficiaries 10 at_least as_of\nsubsidy_fen 7090000 exact since_opening\nchat_duty_shifts 15 at_least since_records_began\ncertified_minutes 600 at_least since_records_began""".splitlines()])


# --- the figures, counted from the text of the files; nothing above is used but the zone and the codes -----------------
def day_of(text):
    return datetime.fromisoformat(text).astimezone(ZONE).date()


class Counting:
    """Counts in the files of a folder as of a day, each figure by its definition in the reports."""

    def __init__(self, texts):
        self.data = {name[:-4]: list(csv.DictReader(io.StringIO(text), strict=True)) for name, text in texts.items() if name.endswith(".csv")}
        about = {row["key"]: row["value"] for row in self.data["dataset"]}
        self.area, self.as_of = about["area_code"], date.fromisoformat(about["as_of_date"])
        self.periods = {}

    def published_periods(self):
        return {row["figure_key"]: row["period"] for row in self.data["published_figures"]}

    def lines(self):
        """What the case table shows: each figure by its own period, and behind it by the published one if that begins on
        another day; with the first day, and none of a period that has none."""
        counted = []
        for periods in ({}, self.published_periods()):
            self.periods = periods
            counted.append({key: (self.first_day(key), value) for key, value in self.figures().items()})
        rows = [[key, "" if first == date.min else first, value] for key in counted[0]
                for first, value in dict.fromkeys((counted[0][key], counted[1][key]))]
        return rows

    def first_day(self, key):
        """Of the period by which a figure is counted, its own one unless another was published."""
        period = self.periods.get(key, {"events_held": "year_to_date", "event_person_times": "year_to_date",
                                        "council_meetings_held": "per_year"}.get(key, "since_records_began"))
        if period == "year_to_date":
            return date(self.as_of.year, 1, 1)
        if period == "per_year":
            after = self.as_of + timedelta(days=1)
            return after.replace(year=after.year - 1)
        return date.min

    def holding(self, name, column="", *values):
        """Rows that hold on the day, of some kinds."""
        day = self.as_of.isoformat()
        return [row for row in self.data[name] if row["start_date"] <= day and (not row["end_date"] or day < row["end_date"])
                and (not column or row[column] in values)]

    def by_end(self, row, action):
        """Whether a step was taken by the end of the day."""
        return any(name == action and day_of(when) <= self.as_of for name, when in self.steps(row))

    @staticmethod
    def steps(row):
        return [tuple(step.split("@")[:2]) for step in row["steps"].split(";") if step]

    def reached(self, key, name, action):
        """Records of which a step was taken within the period."""
        first = self.first_day(key)
        return sum(any(took == action and first <= day_of(when) <= self.as_of for took, when in self.steps(row)) for row in self.data[name])

    def begun(self, key, name, column):
        """Rows that began within the period."""
        first = self.first_day(key)
        days_of = ((row, date.fromisoformat(row[column]) if len(row[column]) == 10 else day_of(row[column])) for row in self.data[name])
        return [row for row, day in days_of if first <= day <= self.as_of]

    def tickets_inside(self):
        """A ticket without an area lies in the community by point or address."""
        return {row["key"] for row in self.data["tickets"] if row["area_code"].startswith(self.area) or not row["area_code"]}

    def fixed_on_the_spot(self):
        """Tickets that their reporter closed, by the day on which that was done."""
        first, inside = self.first_day("fixed_on_the_spot"), self.tickets_inside()
        return sum(row["action"] == "fix_on_the_spot" and row["ticket_key"] in inside and first <= day_of(row["time"]) <= self.as_of
                   for row in self.data["ticket_actions"])

    def responses(self):
        """Orders to departments that were accepted."""
        units, inside = {row["code"]: row["kind"] for row in self.data["units"]}, self.tickets_inside()
        orders = {row["order_key"]: units[row["unit_code"]] for row in self.data["ticket_actions"] if row["action"] == "dispatch"}
        accepted = {}
        for row in self.data["ticket_actions"]:
            if row["action"] == "accept" and row["ticket_key"] in inside and orders[row["order_key"]] == "department":
                day = day_of(row["time"])
                accepted[row["order_key"]] = min(day, accepted.get(row["order_key"], day))
        first = self.first_day("responses_started")
        return sum(first <= day <= self.as_of for day in accepted.values())

    def in_time(self, row):
        replied = [datetime.fromisoformat(when) for action, when in self.steps(row) if action == "reply"]
        return bool(replied) and replied[0] - datetime.fromisoformat(row["sent_time"]) <= timedelta(minutes=60)

    def served(self, key, column):
        return sum(bool(row[column]) and not self.by_end(row, "void") for row in self.begun(key, "service_records", "served_time"))

    def figures(self):
        def different(rows, column):
            return len({row[column] for row in rows})

        def holders(post):
            return different(self.holding("appointments", "post", post), "person_key")

        def happened(key, name, column):
            return len(self.begun(key, name, column))

        messages = self.begun("group_messages", "group_messages", "sent_time")
        return {
            "responses_started": self.responses(),
            "patrols": happened("patrols", "patrols", "start_time"),
            "field_notes": happened("field_notes", "field_notes", "noted_time"),
            "fixed_on_the_spot": self.fixed_on_the_spot(),
            "official_check_ins": sum(not row["voided_time"] for row in self.begun("official_check_ins", "check_in_visits", "visit_time")),
            "co_governance_members": len(self.holding("memberships")),
            "part_time_seats": len(self.holding("seats", "kind", "part_time")),
            "projects_matched": self.reached("projects_matched", "projects", "match"),
            "project_beneficiaries": different(self.begun("project_beneficiaries", "beneficiaries", "benefit_date"), "resident_key"),
            "deliberations_reviewed": self.reached("deliberations_reviewed", "deliberations", "review"),
            "council_meetings_held": sum(row["kind"] == "council" and self.by_end(row, "hold")
                                         for row in self.begun("council_meetings_held", "meetings", "start_time")),
            "residents_in_need": different(self.holding("need_tags"), "resident_key"),
            "grid_branches": len(self.holding("units", "kind", "grid_branch")),
            "group_leaders": holders("group_leader"),
            "centre_household_heads": holders("centre_household_head"),
            "full_time_grid_workers": holders("full_time_grid_worker"),
            "part_time_grid_workers": holders("part_time_grid_worker"),
            "group_messages": sum(not self.by_end(row, "dismiss") for row in messages),
            "group_replies_in_time": sum(map(self.in_time, messages)),
            "chat_duty_shifts": sum(row["kind"] == "chat_group" and not self.by_end(row, "cancel")
                                    for row in self.begun("chat_duty_shifts", "duty_shifts", "start_time")),
            "livelihood_matters": happened("livelihood_matters", "livelihood_matters", "created_time"),
            "livelihood_delivered": self.reached("livelihood_delivered", "livelihood_matters", "deliver"),
            "service_posts": len(self.holding("service_posts")),
            "post_holders": different(self.holding("post_holders"), "volunteer_key"),
            "volunteer_teams": len(self.holding("teams")),
            "volunteers_in_teams": different(self.holding("team_members"), "volunteer_key"),
            "events_held": sum(self.by_end(row, "hold") for row in self.begun("events_held", "service_events", "start_time")),
            "event_person_times": self.served("event_person_times", "service_event_key"),
            "route_venues": len(self.holding("route_venues")),
            "providers": different(self.holding("provider_contracts"), "unit_code"),
            "service_centres": len(self.holding("stations", "kind", "centre")),
            "service_stations": len(self.holding("stations", "kind", "convenience", "agency", "home_care")),
            "deliveries_made": self.reached("deliveries_made", "deliveries", "deliver"),
            "station_visits": sum(not row["service_record_key"] for row in self.begun("station_visits", "station_visits", "visit_time")),
            "recurring_sessions": len(self.holding("recurring_sessions")),
            "agency_cases_delivered": self.reached("agency_cases_delivered", "agency_cases", "deliver"),
            "duty_days": happened("duty_days", "station_duties", "duty_date"),
            "catalogue_items": len(self.holding("catalogue_items")),
            "subsidy_fen": sum(int(row["amount_fen"]) for row in self.begun("subsidy_fen", "subsidy_entries", "entry_date")),
            "station_person_times": self.served("station_person_times", "station_key"),
            "need_matches": happened("need_matches", "need_matches", "match_date"),
            "wishes_confirmed": self.reached("wishes_confirmed", "wishes", "confirm"),
            "field_visits": happened("field_visits", "field_visits", "visit_time"),
            "field_errands": sum(row["kind"] == "errand" for row in self.begun("field_errands", "field_visits", "visit_time")),
            "resident_roles": len(self.holding("resident_roles")),
            "trainings": happened("trainings", "trainings", "training_date"),
            "certified_minutes": sum(int(row["worked_minutes"]) for row in self.begun("certified_minutes", "shifts", "start_time")
                                     if self.by_end(row, "certify")),
        }


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit("usage: generate.py [--check]")
    counting = Counting(FILES)
    lines = counting.lines()
    figures = counting.figures()
    for row in counting.data["published_figures"]:
        value, stated = figures[row["figure_key"]], int(row["value"])
        if value != stated if row["bound"] == "exact" else value < stated:
            sys.exit(f"{row['figure_key']}: counted {value}, published {stated}")
    put("expected_figures", "figure_key first_day value", lines)
    made = {name: text.encode() for name, text in FILES.items()}
    if sys.argv[1:]:
        on_disk = {path.name: path.read_bytes() for path in HERE.iterdir() if path.suffix in (".csv", ".geojson")}
        stale = sorted(name for name in on_disk | made if on_disk.get(name) != made.get(name))
        if stale:
            sys.exit(f"not what generate.py makes: {', '.join(stale)}")
    else:
        for name, content in made.items():
            (HERE / name).write_bytes(content)
    equal = {value: [key for key, other in figures.items() if other == value] for value, count in Counter(figures.values()).items() if count > 1}
    print(*(f"{key} = {value}" for key, value in figures.items()), sep="\n")
    print(*(f"equal, {value}: {', '.join(keys)}" for value, keys in sorted(equal.items())), sep="\n")
    print("records:", sum(len(rows) for name, rows in counting.data.items() if name != "dataset"))
    print("files on disk: unchanged" if sys.argv[1:] else f"files written: {len(made)}")


if __name__ == "__main__":
    main()
