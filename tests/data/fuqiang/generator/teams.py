"""Makes volunteers, their teams with the members, and service posts with those who are responsible for them.

MEMBERS and TERMS say how many memberships and places there are of each sort, so the number of volunteers in
teams and of those who hold a post can be counted off them by hand.
"""
from datetime import date, timedelta
from itertools import cycle

from generator.common import SURNAMES, keyed, some_day, table
from generator.organization import AS_OF, COMMUNITY, GRIDS, NEXT_DAY

NAMES = [surname + stem + "十" for stem in "甲乙丙丁戊己庚辛壬癸" for surname in SURNAMES]
SKILLS = ["理发", "测血压", "家电维修", "调解", "文艺", "秩序维护", "摄影", "缝补"]
WITH_A_POST = ["secretary-03", "leader-04", "head-07", "head-12", "part-02", "staff-01"]  # who volunteer besides

# How many volunteers, their first day and end; None is a day that is drawn. The first sort is called steady.
VOLUNTEERS = [(178, None, ""), (2, AS_OF, ""), (5, None, date(2021, 12, 1)), (2, None, AS_OF), (2, NEXT_DAY, ""),
              (1, date(2022, 8, 8), "")]
REGISTER_OPENS, STEADY_BY = date(2019, 3, 1), date(2021, 7, 1)

LASTING = ["team-1", "team-2", "team-3"]
TEAMS = [
    ("富强新村红袖标志愿服务队", "red_armbands", "2019-03-01", ""),
    ("富强新村红帽子志愿服务队", "red_caps", "2019-09-01", ""),
    ("富强新村红马甲志愿服务队", "red_vests", "2020-04-01", ""),
    ("富强新村文艺志愿服务队（示例，已撤销）", "other", "2019-06-01", "2022-01-01"),
    ("富强新村青少年志愿服务队（示例）", "other", "2022-07-29", ""),
]
# How many steady volunteers, and the team, first day and end of each membership; `one` and `another` are drawn.
# 135 of them are in a team on the as-of day, and so are the two volunteers who begin on it.
MEMBERS = [
    (104, [("one", None, "")]),
    (16, [("one", None, ""), ("another", None, "")]),
    (4, [("one", None, date(2021, 10, 1)), ("another", date(2021, 10, 1), "")]),
    (3, [("one", None, date(2022, 2, 1)), ("one", date(2022, 5, 1), "")]),  # in the same team once more
    (3, [("dissolved", None, date(2022, 1, 1)), ("one", date(2022, 1, 1), "")]),
    (2, [("one", AS_OF, "")]), (2, [("one", None, NEXT_DAY)]), (1, [("one", None, AS_OF), ("another", AS_OF, "")]),
    # and those who aren't in one
    (6, [("one", None, date(2022, 3, 1))]), (3, [("one", None, AS_OF)]), (6, [("dissolved", None, date(2022, 1, 1))]),
    (2, [("one", NEXT_DAY, "")]), (1, [("one", date(2022, 8, 8), "")]), (4, [("coming", NEXT_DAY, "")]),
]

# name, planned count, first day: one in each grid, 32 in all
GRID_POSTS = [
    ("楼道巡查岗", 2, "2019-09-01"), ("文明劝导岗", 3, "2019-09-01"), ("矛盾调解岗", 2, "2019-09-01"),
    ("邻里守望岗", 3, "2019-11-01"), ("消防安全岗", 2, "2019-11-01"), ("绿化养护岗", 2, "2020-04-01"),
    ("停车秩序岗", 3, "2020-04-01"), ("垃圾分类岗", 2, "2020-10-01"),
]
# name, planned count, first day, end: the first ten hold on the as-of day
COMMUNITY_POSTS = [
    ("政策宣传岗", 3, "2019-09-01", ""), ("民情收集岗", 3, "2019-09-01", ""), ("便民理发岗", 3, "2019-11-01", ""),
    ("健康义诊岗", 2, "2020-05-01", ""), ("课业辅导岗", 3, "2020-09-01", ""), ("文体活动岗", 4, "2020-09-01", ""),
    ("助餐配送岗", 4, "2021-03-01", ""), ("防暑送水岗", 3, "2022-06-15", "2022-09-01"),
    ("纳凉晚会服务岗", 2, "2022-06-20", "2022-07-29"), ("反诈宣传岗", 2, "2022-07-28", ""),
    ("文明城市迎检岗", 3, "2020-03-01", "2021-12-01"), ("防疫值守岗", 4, "2020-02-01", "2022-02-01"),
    ("疫苗接种引导岗", 2, "2021-03-01", "2022-07-28"), ("适老化宣传岗", 2, "2022-07-29", ""),
    ("河道巡护岗", 2, "2022-07-29", ""), ("冬季送暖岗", 2, "2022-11-01", ""),
]
RESPONSIBLE = 91
# How many places of posts that last, and the terms in each: held by one who holds a post on the as-of day or by
# one who doesn't, first day, end. Four of these places are vacant on the as-of day.
NOW, NOT_NOW = "now", "not now"
TERMS = [
    (6, [(NOT_NOW, None, date(2021, 10, 1)), (NOW, date(2021, 10, 1), "")]),
    (1, [(NOT_NOW, None, AS_OF), (NOW, AS_OF, "")]), (1, [(NOW, None, NEXT_DAY), (NOT_NOW, NEXT_DAY, "")]),
    (1, [(NOW, None, date(2022, 2, 1)), (NOW, date(2022, 5, 1), "")]),  # the same post once more
    (2, [(NOT_NOW, None, AS_OF)]), (1, [(NOT_NOW, NEXT_DAY, "")]), (1, [(NOT_NOW, date(2022, 8, 15), "")]),
]


def volunteers(rng):
    """In the order in which they registered."""
    days = sorted((start or some_day(rng, REGISTER_OPENS, STEADY_BY - timedelta(days=1)), str(end))
                  for count, start, end in VOLUNTEERS for _ in range(count))
    persons = dict(zip(rng.sample(range(len(days)), len(WITH_A_POST)), WITH_A_POST))
    rows = [(NAMES[place], persons.get(place, ""), ";".join(rng.sample(SKILLS, rng.choice([0, 1, 1, 2, 3]))),
             COMMUNITY, start, end) for place, (start, end) in enumerate(days)]
    return table("key,name,person_key,skills,area_code,start_date,end_date", keyed("vol", rows))


def teams():
    rows = [(name, kind, COMMUNITY, start, end) for name, kind, start, end in TEAMS]
    return table("key,name,kind,area_code,start_date,end_date", keyed("team", rows, digits=1))


def is_steady(volunteer):
    return volunteer["start_date"] < STEADY_BY.isoformat() and not volunteer["end_date"]


def first_day(rng, end, *within):
    """A day before the end on which all of these have begun."""
    usual = date(2022, 7, 15)
    first = max(date.fromisoformat(row["start_date"]) for row in within)
    return some_day(rng, first, min(end or usual, usual) - timedelta(days=1))


def team_members(rng, teams_made, people):
    """MEMBERS; volunteers who come late or leave are in one team for as long as they can be."""
    team_by_key = {row["key"]: row for row in teams_made}
    plan = [terms for count, terms in MEMBERS for _ in range(count)]
    rows = []
    for volunteer, terms in zip(rng.sample([row for row in people if is_steady(row)], len(plan)), plan):
        one, another = rng.sample(LASTING, 2)
        keys = {"one": one, "another": another, "dissolved": "team-4", "coming": "team-5"}
        for which, start, end in terms:
            team = team_by_key[keys[which]]
            start = start or first_day(rng, end, team, volunteer)
            rows.append((team["key"], volunteer["key"], str(start), end))
    for volunteer in people:
        if not is_steady(volunteer):
            team = team_by_key[rng.choice(LASTING)]
            start = max(team["start_date"], volunteer["start_date"])
            rows.append((team["key"], volunteer["key"], start, volunteer["end_date"]))
    return table("key,team_key,volunteer_key,start_date,end_date", keyed("tm", sorted(rows, key=lambda row: row[:3])))


def service_posts():
    rows = [(f"第{'一二三四'[index]}网格{name}", count, grid, start, "")
            for index, grid in enumerate(GRIDS) for name, count, start in GRID_POSTS]
    rows += [(name, count, COMMUNITY, start, end) for name, count, start, end in COMMUNITY_POSTS]
    return table("key,name,planned_count,area_code,start_date,end_date", keyed("post", rows, digits=2))


def post_holders(rng, posts, people):
    """TERMS; every other place has one holder until the post ends. Nobody is found yet for the latest posts.

    There are more places than people responsible: when each of these has one, it begins again with the first.
    """
    steady = [row for row in people if is_steady(row)]
    holders = rng.sample(steady, RESPONSIBLE)
    pools = {NOW: cycle(holders), NOT_NOW: iter([row for row in steady if row not in holders])}
    places = [post for post in posts if post["start_date"] < AS_OF.isoformat()
              for _ in range(int(post["planned_count"]))]
    plan = [terms for count, terms in TERMS for _ in range(count)]
    lasting = [number for number, post in enumerate(places) if not post["end_date"]]
    planned = dict(zip(rng.sample(lasting, len(plan)), plan))
    rows = []
    for number, post in enumerate(places):
        terms = planned.get(number) or [usual_term(post)]
        cast = {who: next(pools[who]) for who in dict.fromkeys(who for who, _, _ in terms)}
        for who, start, end in terms:
            start = start or first_day(rng, end, post, cast[who])
            rows.append((post["key"], cast[who]["key"], start, end))
    return table("key,service_post_key,volunteer_key,start_date,end_date", keyed("ph", rows))


def usual_term(post):
    end = post["end_date"] and date.fromisoformat(post["end_date"])
    return NOW if not end or end > AS_OF else NOT_NOW, None, end
