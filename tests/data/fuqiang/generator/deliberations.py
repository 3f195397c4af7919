"""Makes meetings, the deliberations of four parties in five steps, and the tickets and projects that carry them out."""
import re
from datetime import date, datetime, timedelta

from generator.common import at, draw_living, keyed, office_time, past, some_day, stamp, table
from generator.organization import AS_OF, COMMUNITY, GRIDS, NEXT_DAY
from generator.projects import PROJECTS, course_of

YEAR_FROM = date(2021, 7, 29)
COUNCILS_OF_THE_YEAR, REVIEWED = 34, 21
# problem, titles of tickets that it leads to, topic, decision
THEMES = [
    ("外墙瓷砖脱落", ["外立面瓷砖脱落", "外墙粉刷层剥落"], "外墙瓷砖脱落如何排险和维修", "先围挡排险，再由住建部门和物业分段维修"),
    ("停车乱停乱收费", ["非机动车乱停", "僵尸自行车占道"], "停车秩序与收费如何规范", "重新划线，收费公示，清理占道车辆"),
    ("楼道堆物难清", ["楼道堆物", "楼道口堆放旧家具"], "楼道堆物清理与长效管理", "限期自清，逾期由物业清运，楼组长每周看一次"),
    ("飞线充电有隐患", ["电动自行车飞线充电", "楼道内电动车充电"], "电动自行车在哪里充电", "增设充电桩，夜间劝导，不听劝的报公安"),
    ("消防通道被占", ["消防通道被占", "消防登高面停车"], "消防通道如何保持畅通", "施划禁停线，物业每日巡查"),
    ("路灯不亮", ["路灯不亮", "路灯闪烁"], "夜间照明如何改善", "逐杆排查，换成节能灯"),
    ("健身场地破损", ["健身步道破损", "健身器材松动"], "健身场地如何修缮", "先修破损处，再申请更新器材"),
    ("早点摊扰民", ["早点摊无证经营", "熟食摊点卫生差"], "早点摊如何规范经营", "划定摊位，统一时间，办理备案"),
    ("施工噪声扰民", ["夜间施工噪声", "午间装修噪声"], "装修施工时间如何约定", "写入居民公约，由物业登记施工时间"),
    ("积水蚊虫多", ["积水孳生蚊虫", "地下室蚊虫多"], "积水与蚊虫如何治理", "疏通排水，定期消杀"),
    ("小广告泛滥", ["围墙张贴小广告", "单元门上小广告"], "小广告如何清理", "设公共信息栏，志愿者每周清理"),
    ("摊贩占道", ["流动摊贩占道", "小区门口占道经营"], "门口占道经营如何疏导", "设便民疏导点，早晚高峰有人值守"),
    ("老人吃饭难", ["高龄老人申请助餐", "独居老人需上门照看"], "老人助餐和照看如何安排", "登记需求，由居家养老站送餐"),
    ("垃圾清运不及时", ["垃圾桶旁垃圾未清", "绿化带内有垃圾"], "垃圾清运如何改进", "增加清运班次，公示投放时间"),
]
# problem, project, topic, decision
BY_PROJECT = [
    ("楼道成了杂物间", 4, "楼道杂物如何一次清完", "作为服务项目，由共建单位和志愿者一起清"),
    ("电动车无处停", 6, "电动车棚如何改造", "作为服务项目，改造三处车棚"),
    ("老人家里易跌倒", 10, "适老化改造如何让老人知道", "作为服务项目，上门宣传"),
    ("垃圾分类没人做", 12, "垃圾分类如何长期坚持", "作为服务项目，用积分鼓励"),
]
RUNNING = [("飞线充电屡禁不止", 15, "充电隐患如何整治", "作为服务项目，逐楼整治"), ("空地荒着", 16, "空地怎么用", "作为服务项目，共建口袋公园")]
OPEN_PROBLEMS = ["电梯加装意见不一", "宠物随地便溺", "棋牌室噪声", "快递乱堆", "绿地改车位", "门禁形同虚设", "雨棚漏水", "广场舞音量"]
REVIEWS = ["问题已经解决，居民满意", "现场看过，效果不错", "基本解决，希望保持", "已整改到位，再看一段时间"]
OTHER_TITLES = ["社区重点工作通报", "物业服务评议", "楼栋公约修订", "居民意见分类研究", "志愿服务安排", "环境整治安排", "节日活动安排",
                "防汛准备", "消防安全排查"]
JOINT_TITLES = ["驻区单位资源对接", "共建项目商定", "季度联席会商"]
CONSULTATION_TITLES = ["加装电梯有事好商量", "停车位有事好商量", "楼上楼下有事好商量"]
WHY_CANCELLED = ["参会人数不足", "疫情防控需要", "议题尚不成熟"]


class Meetings:
    """Meetings so far; a key is known only when all are there, so each is named by its place until then."""

    def __init__(self, rng):
        self.rng, self.rows = rng, []

    def add(self, kind, title, start, ending="held", parties=True, taken_at=None, area=COMMUNITY):
        rng = self.rng
        created = start - timedelta(days=rng.randint(3, 9), minutes=rng.randint(0, 200))
        counts, minutes, taken = [0] * 4, "", []
        if ending == "held":
            counts = [rng.randint(3, 7), rng.randint(2, 8), rng.randint(5, 20), rng.randint(1, 6) if parties else 0]
            minutes = f"讨论“{title}”，到会各方发表意见，会后公示。（示例数据）"
            taken = [("hold", taken_at or start + timedelta(minutes=rng.randint(70, 120)))]
        if ending == "cancelled":
            taken = [("cancel", start - timedelta(hours=rng.randint(5, 40)), rng.choice(WHY_CANCELLED))]
        self.rows.append((kind, title, stamp(start), *counts, minutes, area, stamp(created), past(*taken)))
        return len(self.rows) - 1, taken[0][1] if taken else None

    def councils_of_the_year(self):
        return sum(row[0] == "council" and YEAR_FROM <= day_of(row) <= AS_OF and row[-1].startswith("hold@")
                   and row[-1][5:15] <= str(AS_OF) for row in self.rows)

    def finished(self):
        """The table, and each place's key."""
        order = sorted(range(len(self.rows)), key=lambda place: (self.rows[place][2], place))
        keys = {place: f"meet-{number:03}" for number, place in enumerate(order, 1)}
        return table("key,kind,title,start_time,committee_count,party_member_count,resident_count,stakeholder_count,"
                     "minutes,area_code,created_time,steps", keyed("meet", [self.rows[place] for place in order])), keys


def day_of(row):
    return date.fromisoformat(row[2][:10])


def ended(tickets, actions):
    """When each ticket that was closed after its check was closed."""
    return {row["ticket_key"]: datetime.fromisoformat(row["time"]) for row in actions if row["action"] == "pass"}


def deliberations(rng, tickets, actions, residents):
    """Tables of meetings, deliberations and assignments."""
    made, rows, given = Meetings(rng), [], {}
    closed, used = ended(tickets, actions), set()
    over = closed.keys() | {row["ticket_key"] for row in actions if row["action"] in ("decline", "cancel")}
    reported = {row["key"]: datetime.fromisoformat(row["reported_time"]) for row in tickets}

    def council(start, title, kind="council"):
        place, held = made.add(kind, title, start)
        return place, held

    def add(title, created, topic="", decision="", meeting="", review="", steps=(), assigned=(), until=None,
            inconclusive=()):
        until = until or (steps[-1][1] if steps else created)
        raisers = set()
        while len(raisers) < 1 + len(rows) % 4:
            raisers.add(draw_living(rng, residents, created.date(), until.date())["key"])
        raisers = sorted(raisers)
        given[len(rows)] = assigned
        rows.append((created, title, ";".join(raisers), topic, meeting, inconclusive, decision,
                     rng.choice(raisers) if review else "", review, rng.choice([COMMUNITY, COMMUNITY, *GRIDS]),
                     stamp(created), past(*steps)))

    def course(theme, resolved_by, twice=False, evening=False, kind="council"):
        """Steps up to the decision, on a day before `resolved_by`; the meeting, and those without a decision before."""
        day = resolved_by.date() - timedelta(days=rng.randint(1, 3))
        start = at(day, 19 if evening else 14, rng.choice([0, 30]))
        created = at(day - timedelta(days=rng.randint(28, 45)), rng.randint(9, 17), rng.randint(0, 59))
        steps, inconclusive = [("set_topic", created + timedelta(days=rng.randint(2, 6), hours=1))], []
        if twice:
            first, held = council(start - timedelta(days=14), theme[0] + "怎么办")
            inconclusive.append(first)
            steps += [("deliberate", held + timedelta(minutes=5)),
                      ("disagree", held + timedelta(minutes=40), "各方意见不一，会后再商量")]
        meeting, held = council(start, theme[0] + "怎么办", kind)
        steps += [("deliberate", held + timedelta(minutes=5)),
                  ("resolve", held + timedelta(minutes=rng.randint(15, 60)))]
        return created, meeting, inconclusive, steps

    def reviewed(theme, assigned, first, last, done, review_time=None, **how):
        created, meeting, inconclusive, steps = course(theme, first, **how)
        assign = office_time(rng, last + timedelta(hours=rng.randint(2, 20)))
        implement = office_time(rng, assign + timedelta(hours=rng.randint(1, 30)))
        office = max(done, implement) + timedelta(days=rng.randint(3, 12))
        review = review_time or at(office.date(), rng.randint(9, 17), rng.randint(0, 59))
        assert max(done, implement) < review, (theme, review)
        steps += [("assign", assign), ("implement", implement), ("review", review)]
        add(theme[0], created, theme[2], theme[3], meeting, rng.choice(REVIEWS), steps, assigned,
            inconclusive=inconclusive)

    def tickets_of(theme, first, last, closed_by, two=False):
        """One closed ticket of the theme, or two that were reported within 60 days."""
        fit = [row["key"] for row in tickets if row["title"] in theme[1] and row["key"] in closed
               and row["key"] not in used and first <= reported[row["key"]].date() <= last
               and closed[row["key"]].date() <= closed_by]
        if not fit:
            return []
        chosen = [rng.choice(fit)]
        near = [key for key in fit if key not in chosen and abs(reported[key] - reported[chosen[0]]).days < 60]
        chosen += near[:1] if two else []
        used.update(chosen)
        return sorted(chosen)

    def by_tickets(theme, keys, **how):
        reviewed(theme, [(key, "") for key in keys], min(reported[key] for key in keys),
                 max(reported[key] for key in keys), max(closed[key] for key in keys), **how)

    for theme in BY_PROJECT:
        taken = {action: when for action, when, *_ in course_of(PROJECTS[theme[1] - 1])}
        entered = at(taken["match"].date() - timedelta(days=10), 10)
        reviewed((theme[0], [], *theme[2:]), [("", f"proj-{theme[1]:02}")], entered, taken["match"], taken["finish"])
    boundary = [at(AS_OF, 21, 30), at(NEXT_DAY, 7, 10),  # the second still on the as-of day in UTC
                at(date(2022, 8, 5), 10), at(date(2022, 8, 11), 16)]
    themes, number = THEMES, 0
    for when in boundary:
        keys = []
        while not keys:
            theme, number = themes[number % len(themes)], number + 1
            keys = tickets_of(theme, date(2022, 3, 1), date(2022, 6, 25), date(2022, 7, 20))
        by_tickets(theme, keys, review_time=when)
    early, turn = REVIEWED - len(BY_PROJECT) - 1, 0
    while early:
        theme, turn = themes[turn % len(themes)], turn + 1
        keys = tickets_of(theme, date(2021, 2, 1), date(2022, 5, 15), date(2022, 7, 5), two=turn % 3 == 0)
        if keys:
            by_tickets(theme, keys, twice=early in (3, 8, 12), evening=turn % 2 == 0,
                       kind="consultation" if early in (5, 9) else "council")
            early -= 1

    for theme in RUNNING:  # being carried out
        match, start = course_of(PROJECTS[theme[1] - 1])[:2]
        created, meeting, _, steps = course((theme[0],), at(match[1].date() - timedelta(days=10), 10))
        steps += [("assign", match[1] + timedelta(hours=2)), ("implement", start[1])]
        add(theme[0], created, theme[2], theme[3], meeting, steps=steps, assigned=[("", f"proj-{theme[1]:02}")])
    still_open = [row["key"] for row in tickets if row["key"] not in over and "2022-07-01" < row["reported_time"]]
    for reached, theme in zip(["implement", "assign", "assign", "resolve", "no assignment"], themes[3:]):
        key = next((key for key in still_open if key not in used), None) if reached != "no assignment" else None
        named = next((row for row in themes if key and title_of(tickets, key) in row[1]), theme)
        created, meeting, _, steps = course(named, reported[key] if key else at(date(2022, 7, 20), 9))
        if reached in ("implement", "assign"):
            steps.append(("assign", reported[key] + timedelta(hours=6)))
        if reached == "implement":
            steps.append(("implement", reported[key] + timedelta(hours=30)))
        used.add(key)
        add(named[0], created, named[2], named[3], meeting, steps=steps, assigned=[(key, "")] if key else [])

    def open_course(title, raised, *actions):
        created, meeting, held = at(raised, rng.randint(9, 17), rng.randint(0, 59)), "", None
        steps, when, inconclusive = [], created, []
        for action in actions:
            when = at(when.date() + timedelta(days=rng.randint(3, 7)), 10, rng.randint(0, 59))
            if action == "deliberate":
                meeting, held = council(at(when.date(), 14), title + "怎么办")
                when = held + timedelta(minutes=10)
            if action == "disagree":
                when = held + timedelta(minutes=50)
                inconclusive.append(meeting)
            steps.append((action, when, *{"disagree": ["利害关系人意见不一"], "drop": ["提出人撤回"]}.get(action, [])))
        add(title, created, f"{title}如何解决" if "set_topic" in actions else "", meeting=meeting, steps=steps,
            inconclusive=inconclusive)

    for number, actions in enumerate([
            "set_topic deliberate", "set_topic deliberate disagree", "set_topic deliberate disagree", "set_topic",
            "set_topic", "set_topic", "", "", "", "", "drop", "set_topic drop", "set_topic deliberate disagree drop"]):
        raised = some_day(rng, date(2022, 6, 20), date(2022, 8, 5)) if number < 10 else date(2021, 9, 6 + number)
        open_course(OPEN_PROBLEMS[number % len(OPEN_PROBLEMS)], raised, *actions.split())
    other_meetings(rng, made)
    meeting_table, keys = made.finished()
    order = sorted(range(len(rows)), key=lambda place: (rows[place][0], place))
    flat = [(*row[1:4], keys[row[4]] if row[4] != "" else "", ";".join(keys[place] for place in row[5]), *row[6:])
            for row in (rows[place] for place in order)]
    deliberated = keyed("delib", flat, digits=2)
    assignments = [assignment(rng, deliberated[number], *what, reported)
                   for number, place in enumerate(order) for what in given[place]]
    assignments += mistakes(deliberated, assignments)
    return (meeting_table,
            table("key,title,raiser_keys,topic,meeting_key,inconclusive_meeting_keys,decision,reviewer_key,review,"
                  "area_code,created_time,steps", deliberated),
            table("key,deliberation_key,ticket_key,project_key,assigned_date,created_time,steps",
                  keyed("asg", [(*row[:4], stamp(row[4]), row[5]) for row in assignments], digits=2)))


def assignment(rng, deliberation, ticket, project, reported):
    """Entered in office hours once it was decided on and what is assigned is there, and before the step `assign`."""
    taken = {action: datetime.fromisoformat(when)
             for action, when in re.findall(r"(resolve|assign)@([^;@]+)", deliberation[-1])}
    if ticket:
        there = reported[ticket]
    else:  # projects are entered ten days before their match, in the morning
        match = course_of(PROJECTS[int(project.removeprefix("proj-")) - 1])[0]
        there = at(match[1].date() - timedelta(days=10), 11)
    created = office_time(rng, max(there, taken["resolve"]) + timedelta(minutes=rng.randint(10, 60)))
    if "assign" in taken:
        created = min(created, taken["assign"] - timedelta(minutes=3))
    return deliberation[0], ticket, project, taken["resolve"].date(), created, ""


def mistakes(deliberated, assignments):
    """Two made minutes before the right ones and voided since: a project that goes on after the review of what it
    was assigned for, and the ticket of another deliberation."""
    steps = {row[0]: row[-1] for row in deliberated}
    reviewed = next(row for row in assignments if f"review@{NEXT_DAY}" in steps[row[0]])
    assigned = next(row for row in assignments if "assign@" in steps[row[0]] and "implement@" not in steps[row[0]])
    other = assignments[assignments.index(assigned) + 1]
    rows = []
    for right, what, minutes, why in [(reviewed, ("", f"proj-{RUNNING[1][1]:02}"), 1560, "误选服务项目，应交办案卷"),
                                      (assigned, other[1:3], 2, "选错案卷")]:
        created = right[4] - timedelta(minutes=4)
        rows.append((right[0], *what, right[3], created, past(("void", created + timedelta(minutes=minutes), why))))
    return rows


def title_of(tickets, key):
    return next(row["title"] for row in tickets if row["key"] == key)


def other_meetings(rng, made):
    """Councils up to 34 of the year that ends on the as-of day, and all the others."""
    def some_time(first, last):
        return at(some_day(rng, first, last), rng.choice([9, 14, 15, 19]), rng.choice([0, 30]))

    made.add("council", "高温天气走访安排", at(YEAR_FROM, 7, 30), parties=False)  # in UTC of the day before
    made.add("council", "纳凉点开放安排", at(AS_OF, 19, 30), taken_at=at(AS_OF, 21))
    made.add("council", "安全用电", at(AS_OF, 15), taken_at=at(NEXT_DAY, 9, 20))  # noted on the next day
    made.add("council", "暑期安全", at(date(2021, 7, 28), 19), parties=False)
    made.add("council", "防汛值守安排", at(NEXT_DAY, 7, 30), taken_at=at(NEXT_DAY, 9))
    for _ in range(COUNCILS_OF_THE_YEAR - made.councils_of_the_year()):
        made.add("council", rng.choice(OTHER_TITLES), some_time(YEAR_FROM, date(2022, 7, 25)),
                 parties=rng.random() < 0.6, area=rng.choice([COMMUNITY, *GRIDS]))
    assert made.councils_of_the_year() == COUNCILS_OF_THE_YEAR
    earlier, later = (date(2020, 6, 1), date(2021, 7, 20)), (date(2022, 8, 1), date(2022, 8, 15))
    for kind, titles, span, ending, count in [
            ("council", OTHER_TITLES, earlier, "held", 16), ("council", OTHER_TITLES, later, "held", 3),
            ("council", OTHER_TITLES, (YEAR_FROM, date(2022, 7, 20)), "cancelled", 5),
            ("council", OTHER_TITLES, (YEAR_FROM, date(2022, 7, 20)), "planned", 2),
            ("council", OTHER_TITLES, (date(2022, 8, 22), date(2022, 9, 9)), "planned", 3),
            ("joint", JOINT_TITLES, (date(2020, 9, 1), date(2022, 7, 20)), "held", 11),
            ("joint", JOINT_TITLES, later, "planned", 1),
            ("joint", JOINT_TITLES, (YEAR_FROM, date(2022, 7, 20)), "cancelled", 1),
            ("consultation", CONSULTATION_TITLES, (date(2020, 9, 1), date(2022, 7, 20)), "held", 9),
            ("consultation", CONSULTATION_TITLES, later, "held", 2)]:
        for _ in range(count):
            made.add(kind, rng.choice(titles), some_time(*span), ending, parties=rng.random() < 0.6)
