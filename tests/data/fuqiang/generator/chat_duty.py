"""Makes residents' chat groups, the duty roster round the clock, and messages with their public replies."""
from datetime import date, datetime, timedelta

from generator.common import at, days_between, keyed, past, some_day, stamp, table
from generator.organization import AS_OF, COMMUNITY, GRIDS, NEXT_DAY
from generator.terms import ON_DUTY, grid_worker, serving

FIRST, LAST = date(2020, 8, 1), date(2022, 8, 7)
# name, area, start, end
GROUPS = [("富强新村居民群", COMMUNITY, "2020-06-01", "")]
GROUPS += [(f"第{'一二三四'[index]}网格居民群", grid, "2020-06-01", "") for index, grid in enumerate(GRIDS)]
GROUPS += [("富强北苑临时群", GRIDS[3], "2020-06-01", "2021-12-31"), ("富强西苑业主群", GRIDS[2], "2022-07-29", "")]
HANDED_OVER, CANCELLED = 31, 13
WHY_HANDED_OVER = ["临时外出开会", "家中有事", "参加培训", "身体不适"]
WHY_CANCELLED = ["排班有误", "当日请假", "工作调整"]

IN_TIME, LATE, DISMISSED, DISMISSED_LATER, CLAIMED, RECEIVED = 1203, 40, 37, 4, 6, 5
TALK = [
    ("几幢楼道的灯不亮了，能来看看吗", "已通知维修人员，今天上门查看"), ("今天停水到几点", "供水单位答复傍晚恢复，请提前储水"),
    ("尊老金什么时候发", "本月下旬发放，未到账请到社区窗口查询"), ("快递柜旁边堆了很多纸箱", "已请保洁清理"),
    ("周二的医生还来坐诊吗", "照常，上午八点半开始"), ("楼上装修太早了", "已联系业主，按规定时间施工"),
    ("电动车充电桩坏了一个", "已报修，请先使用旁边的充电桩"), ("居住证在哪里办", "请带身份证和租房合同到政务代办站"),
    ("门禁卡失灵", "请到物业值班室重新登记"), ("助餐点明天有什么菜", "菜单已发在群里，可以预约"),
    ("小区门口有人乱停车", "已派人劝导，请大家相互提醒"), ("核酸点几点开始", "上午七点半开始，请错峰前往"),
    ("独生子女费要带什么材料", "身份证、户口簿和光荣证"), ("暑期托管还能报名吗", "还有名额，请到党群服务中心登记"),
]
CHATTER = [("谢谢社区", "致谢，无需答复"), ("收到", "无需答复"), ("有人拼团买水果吗", "与社区事务无关"), ("发错群了", "本人说明发错")]
WHY_MESSAGE_HANDED_OVER = ["交接班", "由下一班继续联系"]


def chat_groups():
    return table("key,name,area_code,start_date,end_date", keyed("group", GROUPS, digits=1))


def duty_shifts(rng):
    """The chat groups' roster without a gap; window and patrol duty beside it."""
    rows, roster = [], []
    for number, day in enumerate(days_between(FIRST, LAST)):
        pool = serving(ON_DUTY, day)
        for part in range(3):
            start = at(day, 8 * part)
            turn = number * 3 + part + number // 7
            roster.append((start, pool[turn % len(pool)], pool[(turn + 4) % len(pool)]))
    changed = rng.sample(range(len(roster)), HANDED_OVER + CANCELLED)
    handed_over, cancelled = set(changed[:HANDED_OVER]), set(changed[HANDED_OVER:])

    def add(kind, person, start, end, created, *taken, area=COMMUNITY):
        rows.append((start, kind, person, stamp(start), stamp(end), area, stamp(created), past(*taken)))

    for number, (start, person, other) in enumerate(roster):
        end, created = start + timedelta(hours=8), roster_made(start)
        before = start - timedelta(hours=rng.randint(10, 70))
        if number in handed_over:
            add("chat_group", other, start, end, created, ("hand_over", before, rng.choice(WHY_HANDED_OVER)))
        elif number in cancelled:
            add("chat_group", person, start, end, created, ("cancel", before, rng.choice(WHY_CANCELLED)))
            add("chat_group", other, start, end, before + timedelta(minutes=30))
        else:
            add("chat_group", person, start, end, created)
    evening, on_it = at(AS_OF, 16), {row[2] for row in rows if row[0].date() in (AS_OF, NEXT_DAY)}
    spare = [person for person in serving(ON_DUTY, AS_OF) if person not in on_it]
    for hour, cancelled_on in ((16, at(NEXT_DAY, 8, 20)), (8, at(AS_OF, 7, 30))):  # planned twice
        add("chat_group", spare.pop(), at(AS_OF, hour), at(AS_OF, hour) + timedelta(hours=8), roster_made(evening),
            ("cancel", cancelled_on, "重复排班"))
    for number, day in enumerate(days_between(date(2021, 1, 1), LAST)):
        if day.weekday() == 5:
            grid = GRIDS[number // 7 % 4]
            add("patrol", grid_worker(grid, day), at(day, 20), at(day, 23, 30), roster_made(at(day, 20)), area=grid)
        if day.weekday() == 1:
            gone = [("cancel", at(day, 8), "窗口暂停服务")] if number % 5 == 0 else []
            add("window", f"leader-{5 + number % 3:02}", at(day, 9), at(day, 12), roster_made(at(day, 9)), *gone)
    rows.sort()
    return table("key,kind,person_key,start_time,end_time,area_code,created_time,steps",
                 keyed("ds", [row[1:] for row in rows], digits=4))


def roster_made(start):
    """The roster of a month is made on the 25th of the month before."""
    month = start.date().replace(day=1) - timedelta(days=1)
    return at(month.replace(day=25), 10)


class Roster:
    def __init__(self, shifts):
        self.by_start = {}
        for row in shifts:
            if row["kind"] == "chat_group" and "cancel@" not in row["steps"]:
                self.by_start[row["start_time"]] = row["person_key"]

    def on_duty(self, when):
        return self.by_start[stamp(when.replace(hour=when.hour // 8 * 8, minute=0, second=0))]


def group_messages(rng, shifts, tickets):
    rows, roster = [], Roster(shifts)

    def group_on(when):
        while True:
            number = rng.randint(1, len(GROUPS))
            _, _, start, end = GROUPS[number - 1]
            if start <= str(when.date()) and (not end or str(when.date()) < end):
                return f"group-{number}"

    def add(sent, ending, claimed=None, replied=None, ticket=None, created=None, handed_over=None, dismissed=None):
        text, reply = rng.choice(CHATTER if ending == "dismissed" else TALK)
        why = reply
        created = created or sent + timedelta(seconds=rng.randint(0, 40))
        taken, group = [], "group-1" if ticket else group_on(sent)
        if ending != "received" and not (ending == "dismissed" and rng.random() < 0.6):
            claimed = claimed or created + timedelta(seconds=rng.randint(30, 900))
            taken.append(("claim", claimed))
        if handed_over:
            taken.append(("hand_over", handed_over, rng.choice(WHY_MESSAGE_HANDED_OVER)))
        last = taken[-1][1] if taken else created
        if ending == "replied":
            limit = int((sent + timedelta(minutes=60) - last).total_seconds())
            taken.append(("reply", replied or last + timedelta(seconds=rng.randint(20, min(limit, 2400)))))
        if ending == "dismissed":
            taken.append(("dismiss", dismissed or last + timedelta(minutes=rng.randint(2, 90)), why))
        if ticket:
            text, reply = f"{ticket['title']}，请社区处理", f"已登记为案卷{ticket['key']}，将转有关单位办理"
        done = ending == "replied"
        person = roster.on_duty(last) if any(action in ("claim", "hand_over") for action, *_ in taken) else ""
        rows.append((sent, group, text, stamp(sent), person, reply if done else "", ticket["key"] if ticket else "",
                     stamp(created), past(*taken)))

    def sent(first, last):
        day = some_day(rng, first, last)
        seconds = rng.randint(7 * 3600, 22 * 3600) if rng.random() < 0.8 else rng.randint(0, 86399)
        return at(day, 0) + timedelta(seconds=seconds)

    def minutes(when, number, seconds=0):
        return when + timedelta(minutes=number, seconds=seconds)

    in_time = 0
    for row in tickets:
        reported = datetime.fromisoformat(row["reported_time"])
        if row["source"] == "chat_group" and reported.date() <= AS_OF:
            add(minutes(reported, -12), "replied", minutes(reported, -8), minutes(reported, 3), row)
            in_time += 1
    for number in range(12):  # at a change of shifts
        change = at(some_day(rng, FIRST, date(2022, 7, 20)), rng.choice([8, 16]))
        add(minutes(change, -12), "replied", minutes(change, -6), handed_over=minutes(change, 2))
    for when, length in [(at(date(2022, 3, 9), 10), 3600), (at(date(2021, 5, 18), 23, 20), 3600)]:
        add(when, "replied", minutes(when, 9), when + timedelta(seconds=length), created=minutes(when, 1))
    late_evening = at(AS_OF, 23, 35)
    add(late_evening, "replied", minutes(late_evening, 10), minutes(late_evening, 40))
    in_time += 15
    last = date(2022, 7, 27)
    for _ in range(8):
        add(sent(AS_OF, AS_OF).replace(hour=rng.randint(7, 21)), "replied")
    for _ in range(IN_TIME - in_time - 8):
        add(sent(FIRST, last), "replied")
    for number in range(LATE):
        when = sent(FIRST, last)
        entered = minutes(when, 25) if number < 6 else None  # the clock has run from the time it was sent
        late = {0: 62, 1: 75}.get(number, rng.randint(61, 400))
        if number == 2:
            add(when, "replied", minutes(when, 30), minutes(when, 60, 1), created=minutes(when, 25))
        else:
            add(when, "replied", minutes(when, rng.randint(30, 59)), minutes(when, late), created=entered)
    for _ in range(DISMISSED):
        add(sent(FIRST, last), "dismissed")
    for number in range(DISMISSED_LATER):
        add(at(AS_OF, 20 + number, 5), "dismissed", dismissed=at(NEXT_DAY, 9 + number, 10))
    for _ in range(CLAIMED):
        add(sent(date(2022, 7, 1), AS_OF), "claimed")
    for _ in range(RECEIVED):
        add(sent(date(2022, 7, 1), AS_OF), "received")
    for hour, minute in [(0, 5), (7, 30)]:  # still the as-of day in UTC
        add(at(NEXT_DAY, hour, minute), "replied")
    for ending, count in [("replied", 24), ("dismissed", 3), ("received", 2)]:
        for _ in range(count):
            add(sent(NEXT_DAY, date(2022, 8, 6)), ending)
    when = at(date(2022, 8, 2), 12)
    add(when, "replied", minutes(when, 40), minutes(when, 95))
    rows.sort()
    return table("key,chat_group_key,text,sent_time,person_key,reply,ticket_key,created_time,steps",
                 keyed("msg", [row[1:] for row in rows], digits=4))
