"""Makes the catalogue of livelihood items and the matters applied for, with handlers, deadlines and progress."""
from datetime import date, timedelta

from generator.common import SURNAMES, at, draw_living, keyed, past, some_day, stamp, table
from generator.organization import AS_OF, COMMUNITY, DISTRICT, NEXT_DAY, STREET
from generator.terms import serving

# name, limit in days, papers, area, start, end, what is paid (fen); nothing for what isn't money
ITEMS = [
    ("最低生活保障（低保）", 60, "身份证;户口簿;家庭收入证明", DISTRICT, "2020-01-01", "", [62000, 94000, 158000]),
    ("尊老金", 30, "身份证;户口簿;银行卡复印件", DISTRICT, "2020-01-01", "", [60000, 120000, 360000]),
    ("独生子女费", 30, "身份证;户口簿;独生子女父母光荣证", DISTRICT, "2020-01-01", "", [240000, 360000]),
    ("残疾人两项补贴", 45, "身份证;残疾人证", DISTRICT, "2020-01-01", "", [12000, 36000, 94000]),
    ("临时救助", 20, "身份证;情况说明", STREET, "2020-01-01", "", [100000, 250000, 500000]),
    ("公租房申请", 90, "身份证;户口簿;住房情况证明;收入证明", DISTRICT, "2020-01-01", "", []),
    ("医疗救助", 40, "身份证;医疗费用结算单", DISTRICT, "2020-01-01", "", [86000, 230000, 415000]),
    ("高龄老人一次性慰问", 30, "身份证", STREET, "2020-01-01", "2022-01-01", [50000]),
    ("老年人助浴券", 15, "身份证", COMMUNITY, "2021-07-01", "", []),
    ("失能老人护理补贴", 60, "身份证;失能等级评估表", DISTRICT, "2022-08-01", "", [70000]),
]
HANDLERS = ["staff-01", "staff-02", "seat-12", "seat-13", "seat-14", "seat-15", "seat-16", "secretary-02",
            "secretary-03", "secretary-04", "secretary-05", "full-02", "full-03", "leader-05", "leader-06", "leader-07",
            "leader-08"]
# 356 received by the as-of day, each with the state reached; 241 of them delivered by then
REACHED = [("approved", 10), ("publicised", 12), ("under_review", 15), ("materials_complete", 12), ("received", 14),
           ("refused", 22), ("withdrawn", 18)]
ACTIONS = ["complete_materials", "review", "publicise", "approve", "deliver"]
STATES = ["received", "materials_complete", "under_review", "publicised", "approved", "delivered"]
DELIVERED, DELIVERED_LATER = 241, 12
WHY_REFUSED = ["收入超过标准", "不符合年龄条件", "材料与实际不符", "公示期间有异议且查实"]
WHY_WITHDRAWN = ["本人放弃申请", "改为申请其他项目", "材料无法补齐"]


def livelihood_items():
    return table("key,name,limit_days,materials,area_code,start_date,end_date", keyed("item", [
        row[:-1] for row in ITEMS], digits=2))


def livelihood_matters(rng, residents, grids):
    items, rows = livelihood_items()[1], []

    def add(received, reached, overdue=False, last_time=None):
        item = draw_living(rng, items, received.date())
        limit, amounts = int(item["limit_days"]), ITEMS[items.index(item)][-1]
        due = received.date() + timedelta(days=limit if rng.random() < 0.8 else limit - rng.randint(1, limit // 3))
        allowed = (due - received.date()).days
        marks = sorted(rng.sample(range(1, allowed), 4))  # days of the steps up to the decision
        if overdue:
            marks[3] = allowed + rng.randint(1, 25)
        marks.append(marks[3] + rng.randint(2, 14))
        if reached == "refused":
            actions = ACTIONS[:rng.choice([2, 3])] + ["refuse"]
        elif reached == "withdrawn":
            actions = ACTIONS[:rng.randint(0, 2)] + ["withdraw"]
        else:
            actions = ACTIONS[:STATES.index(reached)]
        taken = []
        for action, days in zip(actions, marks):
            when = at(received.date() + timedelta(days=days), rng.randint(9, 17), rng.randint(0, 59))
            taken.append((action, when, *{"refuse": [rng.choice(WHY_REFUSED)],
                                          "withdraw": [rng.choice(WHY_WITHDRAWN)]}.get(action, [])))
        if last_time:
            assert taken[-2][1] < last_time
            taken[-1] = (taken[-1][0], last_time)
        known = rng.random() < 0.92
        resident = draw_living(rng, residents, received.date(), received.date() + timedelta(days=120))
        rows.append((received, item["key"], resident["name"] if known else rng.choice(SURNAMES) + "某",
                     resident["key"] if known else "", rng.choice(serving(HANDLERS, received.date())), due,
                     rng.choice(amounts) if amounts and reached == "delivered" else 0,
                     grids[resident["key"]] if known else COMMUNITY, stamp(received), past(*taken)))

    def office(first, last):
        return at(some_day(rng, first, last), rng.randint(9, 16), rng.randint(0, 59))

    began, settled = date(2020, 6, 1), date(2022, 4, 10)
    for number in range(DELIVERED - 1):
        add(office(began, date(2021, 11, 30) if number < 11 else settled), "delivered", overdue=number < 11)
    add(at(date(2022, 4, 1), 10), "delivered", last_time=at(AS_OF, 22, 50))
    add(at(date(2022, 4, 5), 10), "delivered", last_time=at(NEXT_DAY, 6, 50))  # still the as-of day in UTC
    for number in range(DELIVERED_LATER - 1):
        day = date(2022, 3, 20) + timedelta(days=number)
        add(at(day, 11, number), "delivered", last_time=at(date(2022, 8, 1) + timedelta(days=number), 15))
    for reached, count in REACHED:
        over = reached in ("refused", "withdrawn")
        for number in range(count):
            first, last = (began, settled) if over else (date(2022, 7, 11), date(2022, 7, 27))
            if reached == "received" and number == 0:
                add(at(AS_OF, 23, 20), reached)  # by the agency's terminal
            elif reached in ("approved", "publicised"):
                add(office(date(2022, 5, 10), date(2022, 7, 10)), reached)
            else:
                add(office(first, last), reached)
    for hour, minute in [(0, 10), (7, 30)]:  # still the as-of day in UTC
        add(at(NEXT_DAY, hour, minute), "received")
    for number in range(18):
        add(office(NEXT_DAY, date(2022, 8, 12)), rng.choice(STATES[:2]))
    rows.sort(key=lambda row: row[0])
    return table("key,livelihood_item_key,applicant_name,resident_key,handler_person_key,due_date,amount_fen,area_code,"
                 "created_time,steps", keyed("lm", [row[1:] for row in rows]))
