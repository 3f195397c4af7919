"""Makes patrols of the grids, visits to residents with errands run for them, and notes taken on the way."""
from datetime import date, datetime, timedelta

from generator.common import at, days_between, draw_living, keyed, some_day, stamp, table
from generator.organization import AS_OF, COMMUNITY, GRIDS, NEXT_DAY
from generator.terms import branch_secretary, grid_worker, serving

FIRST, LATEST = date(2020, 8, 1), date(2022, 8, 15)
PATROLS, MISSED, NOTES, VISITS, ERRANDS = 2904, 310, 633, 1742, 408
SEEN = ["一切正常", "楼道有堆物，已劝清", "飞线充电一处，已拔除并劝导", "路面有积水", "垃圾桶已满，通知保洁", "绿地有人种菜，已劝导",
        "井盖松动，已放警示牌", "消防通道停车，已联系车主"]
NOTED = ["三单元门口堆放旧沙发", "充电棚插座松动", "楼道声控灯不亮", "独居老人门口有两天的牛奶未取", "外墙有瓷砖空鼓", "租户更换，已登记",
         "绿化带有垃圾", "小广告两处，随手清除", "晾衣绳拉在车道上，随手解下", "下水道口有异味"]
VISITED = ["身体还好，提醒按时服药", "情绪稳定，儿女每周来", "了解了低保政策", "反映楼上漏水，已记录", "家中电线老化，建议更换", "希望参加合唱队",
           "无人在家，留了联系卡", "出院不久，约好下周再看"]
RUN = ["代交水费", "代取药", "代买米油", "代领快递", "陪同去银行", "代办老年卡", "代写申请", "代修门锁"]
VISITORS = ["staff-01", "staff-02", "secretary-01", "seat-12", "seat-14", "seat-15", "seat-16"]


def patrols(rng):
    """By day the full-time grid worker or the secretary of the grid's branch, at night the part-time one."""
    rows = []

    def add(start, minutes, grid, person):
        found = rng.choice([0, 0, 0, 1, 1, 2, 3])
        rows.append((start, person, stamp(start), stamp(start + timedelta(minutes=minutes)), found,
                     rng.choice(SEEN[1:]) if found else rng.choice(["", SEEN[0]]), grid))

    def by_day(day, grid):
        person = grid_worker(grid, day) if rng.random() < 0.94 else branch_secretary(grid)
        add(at(day, rng.randint(8, 10), rng.randint(0, 59)), rng.randint(40, 120), grid, person)

    def by_night(day, grid):
        add(at(day, rng.randint(19, 20), rng.randint(0, 59)), rng.randint(30, 80), grid,
            grid_worker(grid, day, "part_time_grid_worker"))

    rounds = [(day, grid) for day in days_between(FIRST, AS_OF) for grid in GRIDS]
    missed = set(rng.sample(rounds[:-8], MISSED))
    for place in rounds:
        if place not in missed:
            by_day(*place)
    add(at(AS_OF, 23, 30), 55, GRIDS[1], "leader-04")  # goes on into the next day
    for place in rng.sample(rounds[:-4], PATROLS - len(rows)):
        by_night(*place)
    add(at(NEXT_DAY, 0, 10), 40, GRIDS[3], "part-02")  # still the as-of day in UTC
    add(at(NEXT_DAY, 5, 40), 50, GRIDS[2], "part-01")
    for place in [(day, grid) for day in days_between(NEXT_DAY, LATEST) for grid in GRIDS]:
        by_day(*place)
    return table("key,person_key,start_time,end_time,found_count,note,area_code",
                 keyed("pat", [row[1:] for row in sorted(rows)], digits=4))


def field_visits(rng, residents, grids, tickets):
    rows = []

    def add(when, kind, ticket="", unknown=False):
        resident = draw_living(rng, residents, when.date())["key"]
        grid = grids[resident]
        person = rng.choice([grid_worker(grid, when.date()), grid_worker(grid, when.date(), "part_time_grid_worker"),
                             branch_secretary(grid), *serving(VISITORS, when.date())])
        rows.append((when, kind, person, "" if unknown else resident, stamp(when),
                     rng.choice(RUN) + "，已办好" if kind == "errand" else rng.choice(VISITED), ticket,
                     rng.choice([COMMUNITY, grid]) if unknown else grid))

    def some_time(first, last):
        return at(some_day(rng, first, last), rng.randint(8, 19), rng.randint(0, 59))

    for row in tickets:
        when = datetime.fromisoformat(row["reported_time"])
        if row["category_code"] == "0603" and row["source"] == "grid_worker" and when.date() < AS_OF:
            add(when - timedelta(minutes=25), "visit", row["key"])
    led_to_tickets = len(rows)
    add(at(AS_OF, 20, 40), "visit")
    add(at(AS_OF, 21, 15), "errand")
    for number in range(VISITS - ERRANDS - led_to_tickets - 1):
        add(some_time(FIRST, AS_OF), "visit", unknown=number % 17 == 0)
    for number in range(ERRANDS - 1):
        add(some_time(FIRST, AS_OF), "errand", unknown=number % 11 == 0)
    add(at(NEXT_DAY, 0, 20), "errand")  # still the as-of day in UTC
    add(at(NEXT_DAY, 7, 20), "visit")
    for number in range(40):
        add(some_time(NEXT_DAY, LATEST), "errand" if number % 4 == 0 else "visit")
    rows.sort()
    return table("key,kind,person_key,resident_key,visit_time,outcome,ticket_key,area_code",
                 keyed("fv", [row[1:] for row in rows], digits=4))


def field_notes(rng, tickets):
    rows = []

    def add(when, grid, text=None, ticket=""):
        post = "full_time_grid_worker" if rng.random() < 0.8 else "part_time_grid_worker"
        rows.append((when, grid_worker(grid, when.date(), post), stamp(when), text or rng.choice(NOTED), ticket, grid))

    def some_time(first, last):
        return at(some_day(rng, first, last), rng.randint(8, 20), rng.randint(0, 59))

    for row in tickets:  # noted on the spot, then reported
        when = datetime.fromisoformat(row["reported_time"])
        if row["source"] == "grid_worker" and row["area_code"] in GRIDS and when.date() < AS_OF:
            add(when - timedelta(minutes=6), row["area_code"], row["title"], row["key"])
    add(at(AS_OF, 23, 50), GRIDS[1])
    for _ in range(NOTES - len(rows)):
        add(some_time(FIRST, AS_OF), rng.choice(GRIDS))
    add(at(NEXT_DAY, 0, 15), GRIDS[3])  # still the as-of day in UTC
    for _ in range(21):
        add(some_time(NEXT_DAY, LATEST), rng.choice(GRIDS))
    return table("key,person_key,noted_time,text,ticket_key,area_code",
                 keyed("note", [row[1:] for row in sorted(rows)], digits=4))
