"""Makes needs, resources and their matches, service projects with claims and beneficiaries, and small wishes."""
from datetime import date, timedelta

from generator.common import at, draw_living, keyed, lives, past, some_day, stamp, table
from generator.organization import AS_OF, COMMUNITY, GRIDS, NEXT_DAY, resident_unit

UNITS = [resident_unit(number) for number in range(1, 13)]
# title, kind, day of the match, state reached, places: 18 matched in time
PROJECTS = [
    ("独居老人助餐", "elderly", "2020-09-08", "evaluated", 4), ("高龄老人助浴", "elderly", "2020-10-13", "evaluated", 2),
    ("四点半课堂", "children", "2020-11-03", "evaluated", 3), ("楼道堆物清理", "environment", "2020-12-08", "evaluated", 5),
    ("家庭医生进小区", "health", "2021-01-12", "evaluated", 2), ("电动车棚改造", "safety", "2021-03-02", "evaluated", 3),
    ("居民文艺课堂", "culture", "2021-04-06", "evaluated", 3), ("法律服务到家", "law", "2021-05-11", "evaluated", 2),
    ("小家电义修", "repair", "2021-06-08", "evaluated", 4), ("适老化改造宣传", "elderly", "2021-09-07", "done", 2),
    ("残疾人就业帮扶", "other", "2021-10-12", "done", 3), ("垃圾分类积分", "environment", "2021-11-09", "done", 4),
    ("慢病管理小组", "health", "2021-12-07", "done", 2), ("暑期托管", "children", "2022-04-12", "running", 5),
    ("飞线充电整治", "safety", "2022-05-10", "running", 3), ("口袋公园共建", "environment", "2022-05-17", "running", 6),
    ("老年大学分校", "culture", "2022-07-28", "matched", 3), ("共享书屋", "culture", "2022-02-15", "cancelled", 2),
    # matched too late, or never
    ("助餐点扩容", "elderly", "2022-07-28", "matched late", 3), ("河道巡护", "environment", "2022-08-09", "matched", 2),
    ("夜间护理", "health", "2022-07-05", "needed", 2), ("儿童乐园更新", "children", "2022-07-19", "needed", 3),
    ("社区足球场", "culture", "2022-03-08", "cancelled before", 2),
]
WITHOUT_MATCH = {"needed", "cancelled before"}
BENEFICIARIES, IN_TWO = 1037, 143
EVALUATIONS = ["居民满意，建议长期开展", "参与面广，效果明显", "基本达到预期，宣传可加强", "解决了实际困难"]
# kind, what is needed, what can be given
OTHERS = [
    ("safety", "夜间巡逻人手", "退役人员巡逻力量"), ("safety", "灭火器更换", "消防器材捐赠"),
    ("environment", "绿化补种", "苗木与园艺指导"), ("environment", "河边保洁", "保洁车辆与工具"),
    ("elderly", "代购生活用品", "超市配送服务"), ("elderly", "陪同就医", "护理员志愿陪诊"),
    ("children", "课后看护场地", "小学多功能教室"), ("children", "绘本", "幼儿园图书漂流"),
    ("health", "血糖检测", "医院义诊团队"), ("health", "用药咨询", "药店药师坐诊"),
    ("culture", "排练场地", "单位礼堂开放"), ("culture", "音响设备", "音响借用"),
    ("law", "遗产咨询", "律师值班"), ("law", "物业纠纷调解", "调解员"),
    ("repair", "水管维修", "供水抢修队"), ("repair", "线路检查", "供电服务队"),
    ("other", "就业信息", "岗位信息发布"), ("other", "临时停车位", "夜间车位共享"),
]
MATCHED_IN_TIME = 57
REASONS = ["同在一个网格，步行可达", "专业对口，时间合适", "场地闲置时段与需求一致", "曾经合作，居民认可", "人手充足，可长期支持"]

WISHES = ["一台收音机", "一把带扶手的椅子", "一副老花镜", "一套儿童绘本", "修一修漏水的水龙头", "换一盏亮一点的灯",
          "有人陪着去一次医院", "一床薄被", "一个书包", "理一次发", "一台旧风扇", "学会用手机挂号", "一辆助行器", "拍一张全家福"]
GIVEN_UP = ["临时出差", "货源不足", "时间安排不开"]


def supplies(rng, volunteers, residents):
    """Tables of needs, resources and matches: 57 matches up to and on the as-of day. First those of the projects."""
    needs, resources, matches = [], [], []

    def need(title, kind, first):
        start = first - timedelta(days=rng.randint(15, 40))
        resident = draw_living(rng, residents, start)["key"] if rng.random() < 0.4 else ""
        by_unit = not resident and rng.random() < 0.5
        unit = rng.choice(["FQ-RESIDENTS-COMMITTEE", "FQ-PROPERTY-COMMITTEE"]) if by_unit else ""
        end = str(first + timedelta(days=rng.randint(60, 300))) if rng.random() < 0.3 else ""
        needs.append((title, kind, unit, resident, rng.choice([COMMUNITY, *GRIDS]), start, end))
        return f"need-{len(needs):03}"

    def resource(title, kind, first):
        start = max(date(2019, 6, 1), first - timedelta(days=rng.randint(30, 400)))
        unit = rng.choice(UNITS) if rng.random() < 0.7 else ""
        volunteer = "" if unit else draw_living(rng, volunteers, start, AS_OF)["key"]
        resources.append((title, kind, unit, volunteer, COMMUNITY, start, ""))
        return f"rsc-{len(resources):02}"

    def match(need_key, resource_key, day):
        helper = draw_living(rng, volunteers, day)["key"] if rng.random() < 0.4 else ""
        matches.append((need_key, resource_key, helper, rng.choice(REASONS), day))

    for title, kind, day, state, _ in PROJECTS:
        day = date.fromisoformat(day)
        needed = need(title + "需求", kind, day)
        if state not in WITHOUT_MATCH:
            match(needed, resource(title + "支持", kind, day), day)
    second = [0, 2, 4, 7, 9, 13]  # these needs have a second resource
    for place in second:
        _, kind, day, _, _ = PROJECTS[place]
        day = date.fromisoformat(day) + timedelta(days=5)
        match(f"need-{place + 1:03}", resource("补充支持", kind, day), day)
    late = [NEXT_DAY, date(2022, 8, 3), date(2022, 8, 16)]
    in_time = MATCHED_IN_TIME - sum(row[4] <= AS_OF for row in matches)
    days = [AS_OF] + [some_day(rng, date(2020, 3, 1), date(2022, 7, 20)) for _ in range(in_time - 1)] + late
    shared = {}
    for number, day in enumerate(sorted(days)):
        kind, wanted, given = OTHERS[number % len(OTHERS)]
        if given not in shared:
            shared[given] = resource(given, kind, day)
        match(need(wanted, kind, day), shared[given], day)
    for kind, wanted, _ in OTHERS[:8]:  # nobody meets these yet
        need(wanted, kind, some_day(rng, date(2022, 6, 1), date(2022, 8, 10)))
    for kind, _, given in OTHERS[-4:]:
        resource(given + "（备用）", kind, date(2022, 8, 1))
    return (table("key,title,kind,unit_code,resident_key,area_code,start_date,end_date", keyed("need", needs)),
            table("key,title,kind,unit_code,volunteer_key,area_code,start_date,end_date",
                  keyed("rsc", resources, digits=2)),
            table("key,need_key,resource_key,volunteer_key,reason,match_date",
                  keyed("match", sorted(matches, key=lambda row: row[4]), digits=2)))


def course_of(project):
    """When each step of a project was taken."""
    _, _, day, state, _ = project
    day = date.fromisoformat(day)
    match = ("match", at(day, 15, 40))
    start, finish = ("start", at(day + timedelta(days=14), 9)), ("finish", at(day + timedelta(days=150), 17))
    return {
        "evaluated": [match, start, finish, ("evaluate", at(day + timedelta(days=171), 10, 30))],
        "done": [match, start, finish], "running": [match, start], "matched": [match], "needed": [],
        "matched late": [("match", at(NEXT_DAY, 7, 20))],  # still the as-of day in UTC
        "cancelled": [match, ("cancel", at(day + timedelta(days=40), 11), "场地无法落实")],
        "cancelled before": [("cancel", at(day + timedelta(days=30), 11), "没有合适的资源")],
    }[state]


def projects(rng, matches):
    rows = []
    for number, project in enumerate(PROJECTS, 1):
        title, _, day, state, places = project
        key = f"need-{number:03}"
        rests_on = "" if state in WITHOUT_MATCH else next(row["key"] for row in matches if row["need_key"] == key)
        evaluated = state == "evaluated"
        rows.append((title, key, places, rests_on, rng.randint(3, 5) if evaluated else 0,
                     rng.choice(EVALUATIONS) if evaluated else "",
                     stamp(at(date.fromisoformat(day) - timedelta(days=10), 10, rng.randint(0, 59))),
                     past(*course_of(project))))
    return table("key,title,need_key,place_count,need_match_key,score,evaluation,created_time,steps",
                 keyed("proj", rows, digits=2))


def project_claims(rng, volunteers):
    """Every place of a project is claimed at most once at a time; some are given up and claimed again."""
    rows = []
    for number, project in enumerate(PROJECTS, 1):
        _, _, day, state, places = project
        if state in WITHOUT_MATCH:
            continue
        matched = course_of(project)[0][1]
        volunteers_there = [row["key"] for row in volunteers if lives(row, matched.date() + timedelta(days=30))
                            and lives(row, matched.date())]
        claimants = [(unit, "") for unit in rng.sample(UNITS, 6)]
        claimants += [("", key) for key in rng.sample(volunteers_there, 6)]
        rng.shuffle(claimants)
        for place in range(places if number % 3 else places - 1):
            claimed = matched + timedelta(hours=rng.randint(1, 90))
            if place == 0 and number % 4 == 0:
                rows.append((claimed, f"proj-{number:02}", *claimants.pop(), stamp(claimed),
                             past(("withdraw", claimed + timedelta(days=3), rng.choice(GIVEN_UP)))))
                claimed += timedelta(days=4)
            rows.append((claimed, f"proj-{number:02}", *claimants.pop(), stamp(claimed), ""))
    return table("key,project_key,unit_code,volunteer_key,created_time,steps",
                 keyed("claim", [row[1:] for row in sorted(rows)], digits=2))


def beneficiaries(rng, residents):
    """1,037 residents benefit by the as-of day, 143 of them from two projects; others and some of them later."""
    open_days = {}
    for number, project in enumerate(PROJECTS, 1):
        taken = {action: when.date() for action, when, *_ in course_of(project)}
        if "start" in taken:
            open_days[f"proj-{number:02}"] = taken["start"], taken.get("finish", date(2022, 8, 20))
    lasting = [row for row in residents if not row["end_date"] and row["start_date"] <= "2022-07-01"]
    leaving = [row for row in residents if row["end_date"] and row["start_date"] < "2021-01-01" < row["end_date"]]
    chosen = rng.sample(lasting, BENEFICIARIES - 22) + rng.sample(leaving, 22)
    rows, seen = [], set()

    def add(row, first, last):
        for _ in range(300):
            key = rng.choice(list(open_days))
            low, high = max(first, open_days[key][0]), min(last, open_days[key][1])
            if low > high or (key, row["key"]) in seen:
                continue
            day = some_day(rng, low, high)
            if lives(row, day):
                seen.add((key, row["key"]))
                rows.append((str(day), key, row["key"]))
                return
        raise AssertionError(row)

    began = date(2020, 1, 1)
    add(chosen[0], AS_OF, AS_OF)
    for row in chosen[1:] + chosen[1:IN_TWO + 1]:
        add(row, began, AS_OF)
    others = [row for row in lasting if row not in chosen]
    add(others[0], NEXT_DAY, NEXT_DAY)
    for row in rng.sample(others[1:], 45) + rng.sample(chosen[:900], 18):
        add(row, NEXT_DAY, date(2022, 8, 20))
    return table("key,project_key,resident_key,benefit_date",
                 keyed("ben", [(project, resident, day) for day, project, resident in sorted(rows)], digits=4))


# how many wishes, and what became of each after the review; `confirm` ends 76 of them by the as-of day
COURSES = [
    (59, "claim realise confirm"), (6, "claim expire claim realise confirm"),
    (4, "claim release claim realise confirm"),
    (6, "claim realise contest realise confirm"), (5, "claim realise"), (1, "claim realise contest realise"),
    (5, ""), (2, "claim expire"), (1, "claim release"), (2, "withdraw"),
]
LATE_COURSES = [(6, "claim realise confirm"), (3, "claim"), (2, "claim realise")]
PAUSES = {"claim": (1, 6), "realise": (2, 10), "confirm": (1, 5), "expire": (14, 14), "release": (1, 8),
          "contest": (1, 3), "withdraw": (2, 9)}


def wishes(rng, volunteers, residents):
    rows = []

    def add(actions, posted, last_time=None):
        taken = [("review", office(rng, posted + timedelta(days=rng.randint(1, 3))))] if actions is not None else []
        claimant, until = ("", ""), ""
        for action in (actions or "").split():
            low, high = PAUSES[action]
            when = taken[-1][1] + timedelta(days=rng.randint(low, high), minutes=rng.randint(1, 90))
            if action == "expire":
                when = taken[-1][1] + timedelta(days=14, minutes=1)
            taken.append((action, when, *reason_of(rng, action)))
            if action == "claim":
                claimant = (rng.choice(UNITS), "") if rng.random() < 0.5 else (
                    "", draw_living(rng, volunteers, when.date(), when.date() + timedelta(days=20))["key"])
            if action in ("expire", "release"):
                claimant = "", ""
            until = stamp(when + timedelta(days=14)) if action in ("claim", "contest") else ""
        if last_time:
            taken[-1] = (taken[-1][0], last_time)
        resident = draw_living(rng, residents, posted.date())["key"] if rng.random() < 0.85 else ""
        rows.append((posted, rng.choice(WISHES), resident, *claimant, until, rng.choice([COMMUNITY, *GRIDS]),
                     stamp(posted), past(*taken)))
        return posted

    def day(first, last):
        return at(some_day(rng, first, last), rng.randint(8, 20), rng.randint(0, 59))

    first, last = date(2020, 6, 1), date(2022, 5, 10)
    for count, actions in COURSES:
        for _ in range(count):
            add(actions, day(first, last))
    add("claim realise confirm", at(date(2022, 7, 5), 9, 30), at(AS_OF, 23, 40))
    add("claim realise confirm", at(date(2022, 7, 5), 10, 30), at(NEXT_DAY, 7, 30))  # still the as-of day in UTC
    for count, actions in LATE_COURSES:
        for _ in range(count):
            add(actions, day(date(2022, 7, 25), date(2022, 8, 12)))
    for _ in range(5):
        add(None, day(date(2022, 7, 20), date(2022, 8, 15)))
    for action, why in [("decline", "可以通过现有政策解决"), ("decline", "重复提交"), ("decline", "超出微心愿范围"),
                        ("decline", "联系不上本人"), ("withdraw", "家人已经解决")]:
        add(None, posted := day(first, last))
        rows[-1] = (*rows[-1][:-1], past((action, office(rng, posted + timedelta(days=1)), why)))
    return table("key,title,resident_key,unit_code,volunteer_key,claim_until_time,area_code,created_time,steps",
                 keyed("wish", [row[1:] for row in sorted(rows)]))


def office(rng, when):
    return at(when.date(), rng.randint(9, 17), rng.randint(0, 59))


def reason_of(rng, action):
    return {"release": [rng.choice(GIVEN_UP)], "contest": ["东西还没有收到"], "withdraw": ["不再需要"]}.get(action, [])
