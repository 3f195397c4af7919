"""Makes service events, the shifts of volunteers and their trainings."""
from collections import defaultdict
from datetime import date, datetime, timedelta

from generator.common import at, draw_living, keyed, lives, past, some_day, stamp, table
from generator.organization import AS_OF, COMMUNITY, GRIDS, NEXT_DAY
from generator.stations import CENTRE, CONVENIENCE, HOME_CARE

YEAR = date(2022, 1, 1)
# kind, title, team, station, minutes
SUBJECTS = [
    ("safety", "夜间巡逻", "team-1", "", 120), ("safety", "消防通道排查", "team-1", "", 90),
    ("safety", "电动车充电劝导", "team-1", "", 120), ("environment", "楼道清洁日", "team-2", "", 120),
    ("environment", "垃圾分类宣传", "team-2", "", 90), ("environment", "绿地养护", "team-2", "", 150),
    ("elderly", "助老送餐", "team-3", HOME_CARE, 120), ("elderly", "陪老人聊天", "", HOME_CARE, 90),
    ("children", "假期托管", "team-3", CENTRE, 150), ("children", "亲子阅读", "", CENTRE, 90),
    ("health", "健康义诊", "", CONVENIENCE, 150), ("health", "测血压日", "team-3", CONVENIENCE, 120),
    ("culture", "邻里歌会", "", "", 120), ("culture", "书画交流", "", CENTRE, 120),
    ("law", "法律咨询", "", CENTRE, 120), ("law", "反诈宣传", "team-1", "", 90),
    ("repair", "义务理发", "team-3", "", 150), ("repair", "家电维修日", "", "", 150),
    ("other", "文明劝导", "team-2", "", 120),
]
HELD_IN_TIME = 384
WHY_CANCELLED = ["天气原因取消", "疫情防控暂停", "场地另有安排", "报名人数不足"]

CERTIFIED_MINUTES = 166290
LAST_CERTIFIED = date(2022, 6, 30)  # hours are certified on the fifth of the following month
WHY_RELEASED = ["临时有事", "身体不适", "时间冲突"]

# day, subject, minutes, volunteers: 148 up to and on the as-of day
TRAININGS = [
    ("2019-11-16", "志愿服务入门", 120, 14), ("2020-03-14", "防疫值守要点", 60, 16), ("2020-06-20", "急救", 180, 12),
    ("2020-09-19", "与老人沟通", 90, 11), ("2020-12-05", "消防器材使用", 60, 13), ("2021-03-06", "志愿服务入门", 120, 15),
    ("2021-05-22", "急救", 180, 12), ("2021-09-11", "矛盾调解技巧", 120, 10), ("2021-11-27", "垃圾分类知识", 60, 12),
    ("2022-03-05", "志愿服务入门", 120, 14), ("2022-05-14", "心肺复苏与AED", 150, 11),
    ("2022-07-28", "反诈知识", 60, 8), ("2022-07-29", "防汛常识", 60, 7), ("2022-08-13", "急救", 180, 5),
]


def service_events(rng):
    """384 held from the beginning of the year to the as-of day; others held before and after, cancelled, planned."""
    rows = []

    def add(day, ending, hour=None, subject=None, minute=None):
        kind, title, team, station, minutes = subject or rng.choice(SUBJECTS)
        start = at(day, rng.randint(8, 18) if hour is None else hour, rng.choice([0, 30]) if minute is None else minute)
        end = start + timedelta(minutes=minutes)
        created = at(day, 9) - timedelta(days=rng.randint(4, 15), minutes=rng.randint(0, 300))
        area = {HOME_CARE: GRIDS[1], CENTRE: GRIDS[0], CONVENIENCE: GRIDS[2]}.get(station) or rng.choice(
            [COMMUNITY, *GRIDS])
        taken = {"held": [("hold", end + timedelta(minutes=rng.randint(5, 40)))],
                 "held on the next day": [("hold", at(day + timedelta(days=1), 9, 20))],
                 "cancelled": [("cancel", at(day - timedelta(days=rng.randint(1, 3)), 16, rng.randint(0, 59)),
                                rng.choice(WHY_CANCELLED))],
                 "planned": []}[ending]
        rows.append((start, title, kind, team, station, stamp(start), stamp(end), area, stamp(created), past(*taken)))

    patrol, care, evening = SUBJECTS[0], SUBJECTS[4], ("culture", "纳凉晚会", "team-3", "", 120)
    add(YEAR, "held", 7, care, 0)  # still 2021 in UTC
    add(AS_OF, "held", 19, evening, 30)
    for _ in range(HELD_IN_TIME - 2):
        add(some_day(rng, YEAR, AS_OF), "held")
    for _ in range(58):
        add(some_day(rng, date(2021, 3, 1), date(2021, 12, 30)), "held")
    add(date(2021, 12, 18), "held", 14, ("culture", "文艺汇演", "team-4", CENTRE, 120), 0)
    add(date(2021, 12, 31), "held", 22, ("safety", "跨年夜巡", "team-1", "", 150), 0)  # goes on into the year
    for _ in range(21):
        add(some_day(rng, YEAR, AS_OF), "cancelled")
    for _ in range(4):
        add(some_day(rng, YEAR, AS_OF), "planned")
    for subject in SUBJECTS[1:3]:
        add(AS_OF, "held on the next day", 16, subject, 0)
    for title in ("早市保洁", "晨间绿地养护"):  # still the as-of day in UTC
        add(NEXT_DAY, "held", 5, ("environment", title, "team-2", "", 60), 30)
    add(NEXT_DAY, "held", 15, ("children", "暑期安全课", "team-5", CENTRE, 90), 0)
    for _ in range(22):
        add(some_day(rng, NEXT_DAY, date(2022, 8, 20)), "held")
    for _ in range(6):
        add(some_day(rng, date(2022, 8, 25), date(2022, 9, 10)), "planned", subject=patrol)
    rows = [row[1:] for row in sorted(rows)]
    return table("key,title,kind,team_key,station_key,start_time,end_time,area_code,created_time,steps",
                 keyed("ev", rows))


class Shifts:
    """Shifts so far, and when each volunteer is on one."""

    def __init__(self, rng, volunteers):
        self.rng, self.volunteers = rng, volunteers
        self.rows, self.busy = [], defaultdict(list)

    def free(self, key, start, end):
        return all(end <= other or until <= start for other, until in self.busy[key])

    def someone(self, start, end):
        while True:
            key = draw_living(self.rng, self.volunteers, start.date() - timedelta(days=12), end.date())["key"]
            if self.free(key, start, end):
                return key

    def add(self, place, start, end, until, volunteer=None, worked=None, certified=None):
        """One that came to the state `until`; answers with its confirmed minutes."""
        rng, (event, post, station) = self.rng, place
        someone = volunteer or self.someone(start, end)
        created = start - timedelta(days=10, minutes=rng.randint(0, 600))
        filled = start - timedelta(days=rng.randint(1, 6), minutes=rng.randint(0, 300))
        came = start - timedelta(minutes=rng.randint(0, 10))
        worked = worked or (end - start) // timedelta(minutes=1) - rng.choice([0, 0, 0, 5, 10])
        left = came + timedelta(minutes=worked + rng.randint(0, 9))
        confirmed = left + timedelta(hours=rng.randint(12, 50))
        taken = []
        if rng.random() < 0.06:
            taken = [("fill", filled - timedelta(days=2)),
                     ("release", filled - timedelta(hours=8), rng.choice(WHY_RELEASED))]
        course = [("fill", filled), ("sign_in", came), ("sign_out", left), ("confirm_hours", confirmed)]
        reached = ["open", "filled", "signed_in", "signed_out", "hours_confirmed", "certified"].index(
            until) if until != "cancelled" else rng.randint(0, 1)
        taken += course[:reached]
        if reached > 3 and rng.random() < 0.05:
            taken.append(("correct_hours", confirmed + timedelta(hours=2), "扣除休息时间"))
        if until == "certified":
            taken.append(("certify", certified or fifth_of_next_month(rng, start)))
        if until == "cancelled":
            taken.append(("cancel", start - timedelta(hours=rng.randint(3, 20)), "活动调整"))
        if reached == 0:
            someone = ""
        elif until != "cancelled":
            self.busy[someone].append((start, end))
        minutes = worked if reached > 3 else 0
        self.rows.append((stamp(start), event, post, station, stamp(start), stamp(end), someone,
                          stamp(came) if reached > 1 else "", stamp(left) if reached > 2 else "", minutes,
                          stamp(created), past(*taken)))
        return minutes


def fifth_of_next_month(rng, start):
    day = (start.date().replace(day=1) + timedelta(days=32)).replace(day=5)
    return at(day, 10, rng.randint(0, 59))


def shifts(rng, events, volunteers, holders, is_closed):
    """Those certified by the as-of day make up CERTIFIED_MINUTES; the others stand in every other state."""
    made = Shifts(rng, volunteers)
    spans = [(row["key"], datetime.fromisoformat(row["start_time"]), datetime.fromisoformat(row["end_time"]))
             for row in events if row["steps"].startswith("hold")]

    def elsewhere(first, last):
        """At a post of which the volunteer is a holder, or at a station."""
        while True:
            day = some_day(rng, first, last)
            start = at(day, rng.choice([8, 13, 14]), rng.choice([0, 30]))
            end = start + timedelta(minutes=rng.choice([150, 180, 180, 210]))
            if rng.random() < 0.7:
                term = rng.choice(holders)
                held = lives(term, day) and lives(term, day - timedelta(days=8))
                if held and made.free(term["volunteer_key"], start, end):
                    return ("", term["service_post_key"], ""), start, end, term["volunteer_key"]
            else:
                station = rng.choice([CENTRE, HOME_CARE, CONVENIENCE])
                if not is_closed(station, day):
                    return ("", "", station), start, end, None

    left = CERTIFIED_MINUTES
    for event, start, end in spans:
        if start.date() <= LAST_CERTIFIED:
            for _ in range(2):
                left -= made.add((event, "", ""), start, end, "certified")
    opened = date(2021, 1, 4)
    while left > 270:
        left -= made.add(*elsewhere_args(elsewhere(opened, LAST_CERTIFIED), "certified"))
    assert left >= 30, left
    day = date(2022, 6, 29)
    made.add(("", "", CENTRE), at(day, 18), at(day, 18) + timedelta(minutes=left), "certified", worked=left)
    july = [span for span in spans if LAST_CERTIFIED < span[1].date() <= AS_OF]
    states = ["certified"] * 40 + ["hours_confirmed"] * 14 + ["signed_out"] * 6 + ["signed_in"] * 2
    for until, (event, start, end) in zip(states, rng.sample(july * 2, len(states))):
        made.add((event, "", ""), start, end, until)
    for until in ["certified"] * 22 + ["hours_confirmed"] * 16 + ["signed_out"] * 6 + ["signed_in"] * 2:
        made.add(*elsewhere_args(elsewhere(date(2022, 7, 1), AS_OF), until))
    early = at(date(2022, 7, 20), 9)
    made.add(("", "", CENTRE), early, early + timedelta(hours=2), "certified",
             certified=at(NEXT_DAY, 7, 10))  # still the as-of day in UTC
    for until in ["certified"] * 20 + ["filled"] * 10 + ["open"] * 14 + ["cancelled"] * 12:
        made.add(*elsewhere_args(elsewhere(NEXT_DAY, date(2022, 8, 20)), until))
    return table("key,service_event_key,service_post_key,station_key,start_time,end_time,volunteer_key,signed_in_time,"
                 "signed_out_time,worked_minutes,created_time,steps",
                 keyed("sh", [row[1:] for row in sorted(made.rows)], digits=4))


def elsewhere_args(found, until):
    place, start, end, volunteer = found
    return place, start, end, until, volunteer


def trainings(rng, volunteers):
    rows = []
    for day, subject, minutes, count in TRAININGS:
        there = [row["key"] for row in volunteers if lives(row, date.fromisoformat(day))]
        rows += [(key, subject, day, minutes) for key in sorted(rng.sample(there, count))]
    return table("key,volunteer_key,subject,training_date,minutes", keyed("tr", rows))
