"""Makes the daily work of stations: sessions with bookings, deliveries, visits, agency cases, duty, service records
(those at events too), and the paths between venues."""
from datetime import date, datetime, timedelta

from generator.common import CHINA, at, days_between, draw_living, keyed, lives, past, stamp, table
from generator.organization import AS_OF, COMMUNITY, GRIDS, NEXT_DAY
from generator.stations import AGENCY, CENTRE, CONVENIENCE, HOME_CARE, NEW_CONVENIENCE, OLD_CONVENIENCE

LATEST = date(2022, 8, 15)
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
# station, name, item of the catalogue, weekday, first and last minute, capacity, first day, end: five hold on the day
SESSIONS = [
    (CONVENIENCE, "社区医生坐诊", "", "tuesday", 510, 660, 20, "2020-09-01", ""),
    (HOME_CARE, "健康讲座", "健康讲座", "wednesday", 870, 960, 25, "2020-07-01", ""),
    (HOME_CARE, "集中理发", "理发", "thursday", 540, 690, 12, "2020-09-03", ""),
    (CENTRE, "四点半课堂", "课业辅导", "friday", 990, 1080, 30, "2020-09-04", "2022-09-01"),
    (HOME_CARE, "书画手工", "书画手工", "thursday", 840, 930, 15, "2022-07-28", ""),
    (HOME_CARE, "中医拔罐", "拔罐", "monday", 540, 660, 8, "2020-07-06", "2021-06-01"),
    (OLD_CONVENIENCE, "磨刀修伞", "", "saturday", 540, 660, 10, "2019-10-05", "2020-09-01"),
    (CENTRE, "法律咨询", "", "saturday", 540, 660, 6, "2021-03-06", "2022-07-28"),
    (HOME_CARE, "认知训练", "认知训练", "friday", 540, 630, 10, "2022-07-29", ""),
    (NEW_CONVENIENCE, "社区医生坐诊", "", "thursday", 510, 660, 15, "2022-08-04", ""),
]
# session, how many bookings of it
BOOKED = [(1, 240), (2, 80), (3, 90), (4, 60), (6, 20), (7, 15), (8, 25)]
FULL = 3, date(2022, 6, 16)  # every place of this session is taken

# first day, number of days, name: of the community
HOLIDAYS = [("2020-01-24", 4, "春节"), ("2020-10-01", 4, "国庆节"), ("2021-01-01", 1, "元旦"), ("2021-02-11", 4, "春节"),
            ("2021-05-01", 2, "劳动节"), ("2021-10-01", 4, "国庆节"), ("2022-01-01", 1, "元旦"), ("2022-01-31", 4, "春节"),
            ("2022-05-01", 2, "劳动节"), ("2022-10-01", 4, "国庆节")]
# day, name, the only station, area
OTHER_CLOSED = [("2021-08-12", "电力检修", "", GRIDS[3]), ("2021-11-17", "设备检修", HOME_CARE, COMMUNITY),
                ("2022-03-15", "药品盘点", CONVENIENCE, COMMUNITY), ("2022-06-24", "换届选举", CENTRE, COMMUNITY),
                ("2022-08-05", "管道维修", HOME_CARE, COMMUNITY)]
WHY_NOT = ["临时有事", "已由家人办理", "重复预约", "本人取消"]

GOODS = ["大米一袋", "食用油一桶", "常用药品", "蔬菜一份", "牛奶一箱", "口罩一包", "鸡蛋一盒", "洗衣液一瓶", "面粉一袋"]
DELIVERED = [(OLD_CONVENIENCE, 38), (CONVENIENCE, 478)]  # and one late on the as-of day: 517

AT_STATIONS = [(HOME_CARE, 33412), (CONVENIENCE, 3240), (CENTRE, 2310), (AGENCY, 968), (OLD_CONVENIENCE, 388)]
AT_EVENTS = 7263
VOIDED_WHY = ["重复登记", "登记错误", "选错居民"]

VISITED = [(CONVENIENCE, 1420), (OLD_CONVENIENCE, 203), (CENTRE, 240)]  # and one late on the as-of day: 1,864

MATTERS = [("尊老金申领", ["身份证", "户口簿", "银行卡复印件"]), ("低保申请", ["身份证", "收入证明", "户口簿"]),
           ("独生子女费申领", ["独生子女证", "身份证"]), ("残疾证换领", ["残疾证", "照片两张"]), ("居住证办理", ["身份证", "租房合同"]),
           ("医保参保登记", ["身份证", "户口簿"]), ("失业登记", ["身份证", "解除劳动合同证明"]), ("老年优待证办理", ["身份证", "照片两张"])]
RESULTS = ["已批准", "已办结，次月发放", "已领取证件", "材料不符，退回"]
HANDLERS = ["staff-01", "staff-02", "leader-08"]
STAGES = ["complete_materials", "submit", "record_result", "deliver"]

DUTY_DAYS = 1126

ROUTES = [("初心小路", COMMUNITY, "2020-10-01", ""), ("红色楼道线（已撤销）", GRIDS[2], "2020-05-01", "2022-01-01"),
          ("初心小路北延线", GRIDS[3], "2022-07-29", "")]
# route, place, name, station, first day, end: nine hold on the as-of day
VENUES = [
    (1, 1, "初心广场", "", "2020-10-01", ""), (1, 2, "党群服务中心", CENTRE, "2020-10-01", ""),
    (1, 3, "法治长廊", "", "2020-10-01", "2021-06-01"), (1, 3, "廉洁文化墙", "", "2021-06-01", ""),
    (1, 4, "居家养老站", HOME_CARE, "2020-10-01", ""), (1, 5, "老照片墙", "", "2020-10-01", "2022-07-28"),
    (1, 5, "百姓书画廊", "", "2022-07-28", ""), (1, 6, "便民服务站", CONVENIENCE, "2020-10-01", ""),
    (1, 7, "议事亭", "", "2020-12-01", ""), (1, 8, "政务代办站", AGENCY, "2021-03-01", ""),
    (1, 9, "邻里花园", "", "2020-10-01", "2022-07-29"), (1, 9, "邻里客厅", "", "2022-07-29", ""),
    (1, 10, "读报栏", "", "2020-10-01", "2022-07-28"), (1, 11, "志愿者之家", "", "2022-07-29", ""),
    (2, 1, "老支部旧址", "", "2020-05-01", "2022-01-01"), (2, 2, "光荣榜", "", "2020-05-01", "2022-01-01"),
    (2, 3, "北门便民服务站", OLD_CONVENIENCE, "2020-05-01", "2020-09-01"),
    (3, 1, "北苑口袋公园", "", "2022-07-29", ""), (3, 2, "北苑便民服务站", NEW_CONVENIENCE, "2022-07-29", ""),
]


class Calendar:
    """The days on which stations are open."""

    def __init__(self, stations, closed):
        self.stations = {row["key"]: row for row in stations}
        self.closed, self.days = closed, {}

    def is_closed(self, station, day):
        row = self.stations[station]
        return not lives(row, day) or any(
            other["closed_date"] == day.isoformat() and other["station_key"] in ("", station)
            and row["area_code"].startswith(other["area_code"]) for other in self.closed)

    def open_days(self, station, first, last):
        span = station, first, last
        if span not in self.days:
            self.days[span] = [day for day in days_between(first, last) if not self.is_closed(station, day)]
        return self.days[span]

    def since_opening(self, station):
        return self.open_days(station, date(2019, 9, 1), AS_OF)

    def later(self, station):
        return self.open_days(station, NEXT_DAY, LATEST)


def closed_days():
    rows = [(date.fromisoformat(first) + timedelta(days=number), name, "", COMMUNITY)
            for first, count, name in HOLIDAYS for number in range(count)]
    rows += [(date.fromisoformat(day), *rest) for day, *rest in OTHER_CLOSED]
    return table("key,closed_date,name,station_key,area_code",
                 keyed("closed", sorted(rows, key=lambda row: row[0]), digits=2))


def recurring_sessions(items):
    rows = []
    for station, name, item, *rest, start, end in SESSIONS:
        found = [row["key"] for row in items if row["station_key"] == station and row["name"] == item
                 and row["start_date"] <= start and (not row["end_date"] or end and end <= row["end_date"])]
        assert bool(found) == bool(item), name
        rows.append((station, name, *(found or [""]), *rest, start, end))
    return table("key,station_key,name,catalogue_item_key,weekday,start_minute,end_minute,capacity,start_date,end_date",
                 keyed("session", rows, digits=2))


def bookings(rng, sessions, calendar, residents):
    rows, taken, places = [], set(), {}

    def held_on(session):
        return [day for day in calendar.open_days(session["station_key"], date(2019, 10, 1), date(2022, 8, 31))
                if lives(session, day) and WEEKDAYS[day.weekday()] == session["weekday"]]

    def add(session, day, fate):
        while True:
            resident = draw_living(rng, residents, day - timedelta(days=7), day)["key"]
            if (session["key"], day, resident) not in taken:
                break
        if fate != "cancel":
            if places.get((session["key"], day), 0) >= int(session["capacity"]):
                return
            places[session["key"], day] = places.get((session["key"], day), 0) + 1
        taken.add((session["key"], day, resident))
        made = at(day - timedelta(days=rng.randint(1, 6)), rng.randint(8, 17), rng.randint(0, 59))
        began = at(day, 0) + timedelta(minutes=int(session["start_minute"]))
        course = {"attend": [("attend", began + timedelta(minutes=rng.randint(0, 60)))],
                  "miss": [("miss", began + timedelta(hours=3))],
                  "cancel": [("cancel", made + timedelta(hours=rng.randint(1, 10)), rng.choice(WHY_NOT))], "": []}[fate]
        rows.append((day, session["key"], resident, made, course))
        if fate == "cancel" and rng.random() < 0.3 and places.get((session["key"], day), 0) < int(session["capacity"]):
            places[session["key"], day] = places.get((session["key"], day), 0) + 1  # has thought better of it
            again = course[0][1] + timedelta(hours=1)
            rows.append((day, session["key"], resident, again,
                         [("attend", began + timedelta(minutes=50))]))

    for number, count in BOOKED:
        session = sessions[number - 1]
        days = held_on(session)
        for _ in range(count):
            day = rng.choice(days)
            late = day > LATEST
            add(session, day, "" if late else rng.choice(["attend"] * 7 + ["miss", "cancel"]))
    full, day = sessions[FULL[0] - 1], FULL[1]
    for _ in range(3):
        add(full, day, "cancel")
    while places.get((full["key"], day), 0) < int(full["capacity"]):
        add(full, day, "attend")
    return table("key,recurring_session_key,session_date,resident_key,created_time,steps", keyed("book", [
        (session, str(day), resident, stamp(made), past(*course))
        for day, session, resident, made, course in sorted(rows, key=lambda row: row[:4])]))


def deliveries(rng, calendar, volunteers, residents):
    """517 delivered by the as-of day."""
    rows = []

    def add(station, asked, brought=None, cancelled=None):
        resident = draw_living(rng, residents, asked.date(), asked.date() + timedelta(days=4))["key"]
        helper = draw_living(rng, volunteers, brought.date())["key"] if brought and rng.random() < 0.7 else ""
        course = [("deliver", brought)] if brought else []
        course += [("cancel", cancelled, rng.choice(WHY_NOT))] if cancelled else []
        rows.append((asked, station, resident, rng.choice(GOODS), helper, stamp(asked), past(*course)))

    def ask(day):
        return at(day, rng.randint(8, 11), rng.randint(0, 59))

    for station, count in DELIVERED:
        days = calendar.since_opening(station)
        for _ in range(count):
            day = rng.choice(days)
            waits = rng.choice([0, 0, 0, 1, 2]) if day < AS_OF - timedelta(days=3) else 0
            if calendar.is_closed(station, day + timedelta(days=waits)):
                waits = 0
            add(station, ask(day), at(day + timedelta(days=waits), rng.randint(13, 18), rng.randint(0, 59)))
    add(CONVENIENCE, ask(AS_OF), at(AS_OF, 23, 30))
    add(CONVENIENCE, ask(AS_OF), at(NEXT_DAY, 7, 20))  # still the as-of day in UTC
    for _ in range(8):
        add(CONVENIENCE, ask(AS_OF - timedelta(days=rng.randint(0, 2))), at(NEXT_DAY, rng.randint(9, 18), 15))
    for station in [CONVENIENCE] * 9 + [NEW_CONVENIENCE] * 3:
        day = rng.choice(calendar.later(station))
        add(station, ask(day), at(day, rng.randint(13, 18), 40))
    for _ in range(22):
        asked = ask(rng.choice(calendar.since_opening(CONVENIENCE)))
        add(CONVENIENCE, asked, cancelled=asked + timedelta(hours=rng.randint(1, 20)))
    for _ in range(5):
        add(CONVENIENCE, ask(rng.choice(calendar.later(CONVENIENCE))))
    return table("key,station_key,resident_key,goods,volunteer_key,created_time,steps",
                 keyed("del", [row[1:] for row in sorted(rows)]))


def service_records(rng, calendar, items, events, residents):
    """40,318 at stations and 7,263 at events that count, and those that don't."""
    rows, on_offer = [], {}

    def someone(day):
        return "" if rng.random() < 0.2 else draw_living(rng, residents, day)["key"]

    def item_of(station, day):
        if rng.random() < (0.7 if station == CONVENIENCE else 0.05):
            return ""  # what is in no catalogue: the doctor's advice, a blood pressure taken
        if (station, day) not in on_offer:
            on_offer[station, day] = [row["key"] for row in items
                                      if row["station_key"] == station and lives(row, day)] or [""]
        return rng.choice(on_offer[station, day])

    def add(when, station, event="", voided=None):
        item = item_of(station, when.date()) if station else ""
        entered = when + timedelta(minutes=rng.randint(0, 9))
        course = past(("void", voided, rng.choice(VOIDED_WHY))) if voided else ""
        rows.append((when, station, event, item, someone(when.date()), stamp(when), stamp(entered), course))

    def served(day):
        return at(day, 8) + timedelta(seconds=rng.randint(0, 34200))

    mistaken_later = 12
    for station, count in AT_STATIONS:
        days = calendar.since_opening(station)
        if station == HOME_CARE:
            add(at(AS_OF, 23, 50), station)
            for _ in range(mistaken_later - 1):
                add(served(rng.choice(days[-20:])), station, voided=at(date(2022, 8, 1), 9, rng.randint(0, 59)))
            add(served(AS_OF), station, voided=at(NEXT_DAY, 6, 40))  # voided on the as-of day in UTC
            count -= mistaken_later + 1
        for _ in range(count):
            add(served(rng.choice(days)), station)
    for _ in range(120):
        station = rng.choice([HOME_CARE, HOME_CARE, HOME_CARE, CONVENIENCE, CENTRE])
        when = served(rng.choice(calendar.since_opening(station)[:-8]))
        add(when, station, voided=when + timedelta(hours=rng.randint(1, 120)))
    for minutes in (20, 410, 460):
        add(at(NEXT_DAY, 0) + timedelta(minutes=minutes), HOME_CARE)  # still the as-of day in UTC
    for _ in range(147):
        station = rng.choice([HOME_CARE] * 8 + [CONVENIENCE, CENTRE, AGENCY, NEW_CONVENIENCE])
        add(served(rng.choice(calendar.later(station))), station)
    add_at_events(rng, events, add)
    return table("key,station_key,service_event_key,catalogue_item_key,resident_key,served_time,created_time,steps",
                 keyed("sr", [row[1:] for row in sorted(rows, key=lambda row: row[0])], digits=5))


def add_at_events(rng, events, add):
    spans = [(row["key"], datetime.fromisoformat(row["start_time"]), datetime.fromisoformat(row["end_time"]))
             for row in events if row["steps"].startswith("hold@")
             and not row["start_time"][:10] <= str(AS_OF) < row["steps"][5:15]]  # who came to those isn't known
    year = [span for span in spans if date(2022, 1, 1) <= span[1].date() <= AS_OF]
    night = next(span for span in spans if span[1].year < span[2].year)

    def add_at(span, **rest):
        event, start, end = span
        add(start + timedelta(seconds=rng.randint(60, int((end - start).total_seconds()))), "", event, **rest)

    midnight = datetime(2022, 1, 1, tzinfo=CHINA)
    for minutes in (-90, -70, -40, -5):
        add(midnight + timedelta(minutes=minutes), "", night[0])
    for minutes in (2, 8, 12, 15, 21, 28):  # in the year, at an event of the year before
        add(midnight + timedelta(minutes=minutes), "", night[0])
    counts = [rng.randint(9, 28) for _ in year]
    while (lacking := AT_EVENTS - 6 - sum(counts)) != 0:
        counts[rng.randrange(len(counts))] += 1 if lacking > 0 else -1
    assert min(counts) > 0
    last = [place for place, span in enumerate(year) if span[1].date() > date(2022, 7, 10)]
    mistaken = set(rng.sample(last, 5))  # voided after the as-of day: still counted on it
    for place, (span, count) in enumerate(zip(year, counts)):
        for number in range(count):
            later = place in mistaken and number == 0
            add_at(span, **{"voided": at(date(2022, 8, 2), 9, place % 60)} if later else {})
    for span in rng.sample(year[:300], 40):
        add_at(span, voided=span[2] + timedelta(days=rng.randint(1, 5), minutes=30))
    for span in spans:
        if span[1] < midnight and span != night:
            for _ in range(rng.randint(4, 12)):
                add_at(span)
        if span[1].date() > AS_OF:
            for _ in range(rng.randint(4, 12)):
                add_at(span)


def station_visits(rng, calendar, records):
    """1,864 by the as-of day that have no service record, and 150 that have one."""
    rows = []
    purposes = ["water"] * 5 + ["rest"] * 4 + ["charging"] * 3 + ["first_aid", "enquiry", "other"]
    visitors = ["courier"] * 5 + ["street_cleaner"] * 4 + ["resident"] * 3 + ["other"]

    def add(station, when, record=""):
        kind = "enquiry" if record or station == CENTRE and rng.random() < 0.6 else rng.choice(purposes)
        rows.append((when, station, kind, "resident" if record else rng.choice(visitors), stamp(when), record))

    def passing(day):
        return at(day, 7) + timedelta(seconds=rng.randint(0, 43200))

    for station, count in VISITED:
        for _ in range(count):
            add(station, passing(rng.choice(calendar.since_opening(station))))
    add(CONVENIENCE, at(AS_OF, 23, 20))
    add(CONVENIENCE, at(NEXT_DAY, 6, 30))  # still the as-of day in UTC
    for station in [CONVENIENCE] * 25 + [NEW_CONVENIENCE] * 9:
        add(station, passing(rng.choice(calendar.later(station))))
    recorded = [row for row in records if row["station_key"] in (CONVENIENCE, CENTRE, AGENCY) and not row["steps"]
                and row["served_time"] < AS_OF.isoformat()]
    for row in rng.sample(recorded, 150):
        add(row["station_key"], datetime.fromisoformat(row["served_time"]) - timedelta(minutes=5), row["key"])
    return table("key,station_key,kind,visitor,visit_time,service_record_key",
                 keyed("visit", [row[1:] for row in sorted(rows)], digits=4))


def agency_cases(rng, calendar, residents):
    """268 delivered by the as-of day."""
    rows = []

    def add(received, reached, station=AGENCY, withdrawn=False, last_time=None):
        """`reached` of the stages were passed, and it was withdrawn after them or not."""
        matter, papers = rng.choice(MATTERS)
        taken, when = [], received
        for action in STAGES[:reached]:
            when = at(when.date() + timedelta(days=rng.randint(1, 6)), rng.randint(9, 17), rng.randint(0, 59))
            taken.append((action, when))
        if withdrawn:
            when += timedelta(days=1)
            taken.append(("withdraw", when, rng.choice(["本人改为自行办理", "不再符合条件", "材料无法补齐"])))
        if last_time:
            taken[-1] = (taken[-1][0], last_time)
        held = rng.sample(papers, rng.randint(1, len(papers))) if reached else []
        over = held and (withdrawn or reached == 4)
        resident = draw_living(rng, residents, received.date(), received.date() + timedelta(days=25))["key"]
        rows.append((received, station, resident, matter, rng.choice(HANDLERS),
                     "true" if reached > 1 or rng.random() < 0.5 else "false", "", ";".join(held),
                     rng.choice(RESULTS) if reached > 2 else "", stamp(taken[-1][1]) if over else "",
                     stamp(received), past(*taken)))

    def reception(days):
        return at(rng.choice(days), rng.randint(8, 16), rng.randint(0, 59))

    in_time = calendar.open_days(AGENCY, date(2020, 5, 1), date(2022, 6, 30))
    july = calendar.open_days(AGENCY, date(2022, 7, 23), AS_OF)
    later = calendar.open_days(AGENCY, NEXT_DAY, date(2022, 8, 12))
    for _ in range(255):
        add(reception(in_time), 4)
    for _ in range(12):
        add(reception(calendar.open_days(CENTRE, date(2020, 1, 6), date(2022, 6, 30))), 4, CENTRE)
    add(at(date(2022, 6, 29), 10), 4, last_time=at(AS_OF, 23, 10))
    add(at(date(2022, 6, 29), 11), 4, last_time=at(NEXT_DAY, 7, 40))  # still the as-of day in UTC
    for count, reached in [(9, 4), (6, 3), (5, 2), (4, 1), (4, 0)]:
        for _ in range(count):  # received in the last week: the second stage comes after it at the earliest
            add(reception(july if reached < 4 else july[-3:]), reached)
    for _ in range(6):
        add(reception(later), 4)
    for _ in range(3):
        add(reception(in_time), 3)  # the result waits to be fetched
    for reached in (0, 0, 0, 1, 1, 2, 2):
        add(reception(in_time), reached, withdrawn=True)
    return table("key,station_key,resident_key,matter,handler_person_key,is_authorised,livelihood_matter_key,papers,"
                 "result,papers_returned_time,created_time,steps", keyed("case", [row[1:] for row in sorted(rows)]))


def station_duties(calendar):
    """1,126 by the as-of day: the agency's, the closed station's, and of the centre as many days as are lacking."""
    agency, old = calendar.since_opening(AGENCY), calendar.since_opening(OLD_CONVENIENCE)[-30:]
    rows = [(day, AGENCY, HANDLERS[number % 3]) for number, day in enumerate(agency)]
    rows += [(day, AGENCY, HANDLERS[(number + 1) % 3]) for number, day in enumerate(agency) if number % 40 == 7]  # two
    rows += [(day, OLD_CONVENIENCE, "full-03") for day in old]
    centre = calendar.since_opening(CENTRE)[-(DUTY_DAYS - len(rows)):]
    on_duty = ["secretary-02", "secretary-03", "part-02"]
    rows += [(day, CENTRE, on_duty[number % 3]) for number, day in enumerate(centre)]
    assert len(rows) == DUTY_DAYS
    rows += [(day, AGENCY, HANDLERS[number % 3]) for number, day in enumerate(calendar.later(AGENCY))]
    rows += [(day, CENTRE, "secretary-02") for day in calendar.later(CENTRE)]
    return table("key,station_key,person_key,duty_date",
                 keyed("duty", [(station, person, str(day)) for day, station, person in sorted(rows)], digits=4))


def venue_routes():
    return table("key,name,area_code,start_date,end_date", keyed("route", ROUTES, digits=1))


def route_venues():
    return table("key,venue_route_key,position,name,station_key,start_date,end_date", keyed("venue", [
        (f"route-{route}", *rest) for route, *rest in VENUES], digits=2))
