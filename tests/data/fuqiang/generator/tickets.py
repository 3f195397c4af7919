"""Makes categories, the duty list, and tickets with their histories.

A ticket's history is told by one of the methods `tell_…` of `Story`; PLAN says how many tickets go
each way, so the number of department responses can be counted off it by hand.
"""
from datetime import date, datetime, timedelta

from generator.common import CHINA, gcj02, moment, office_time, stamp, table
from generator.organization import (BUILDINGS_PER_GRID, COMMITTEE, COMMUNITY, CURRENT_DEPARTMENTS, DISTRICT, GRIDS,
                                    PROPERTY, STREET, clerk, grid_ring)

# code, name, kind and amount of the limit, responsible unit, area of that duty, titles of tickets
CATEGORIES = [
    ("0101", "暴露垃圾", "continuous_hours", 24, "TN-URBAN-MANAGEMENT", DISTRICT, ["垃圾桶旁垃圾未清", "绿化带内有垃圾"]),
    ("0102", "楼道堆物", "calendar_days", 3, PROPERTY, COMMUNITY, ["楼道堆物", "楼道口堆放旧家具"]),
    ("0105", "外墙剥落", "calendar_days", 10, "TN-HOUSING", DISTRICT, ["外立面瓷砖脱落", "外墙粉刷层剥落"]),
    ("0203", "乱贴小广告", "continuous_hours", 48, "ST-ENFORCEMENT", STREET, ["单元门上小广告", "围墙张贴小广告"]),
    ("0301", "施工噪声扰民", "continuous_hours", 12, "TN-URBAN-MANAGEMENT", DISTRICT, ["夜间施工噪声", "午间装修噪声"]),
    ("0401", "消防通道堵塞", "continuous_hours", 4, "TN-EMERGENCY", DISTRICT, ["消防通道被占", "消防登高面停车"]),
    ("0402", "违规充电", "continuous_hours", 24, "TN-EMERGENCY", DISTRICT, ["电动自行车飞线充电", "楼道内电动车充电"]),
    ("0501", "非机动车乱停", "continuous_hours", 24, "TN-PUBLIC-SECURITY", DISTRICT, ["非机动车乱停", "僵尸自行车占道"]),
    ("0502", "占道经营", "continuous_hours", 24, "ST-ENFORCEMENT", STREET, ["小区门口占道经营", "流动摊贩占道"]),
    ("0503", "食品摊点无证经营", "calendar_days", 5, "TN-MARKET", DISTRICT, ["早点摊无证经营", "熟食摊点卫生差"]),
    ("0601", "路灯不亮", "calendar_days", 2, "TN-HOUSING", DISTRICT, ["路灯不亮", "路灯闪烁"]),
    ("0602", "健身器材损坏", "calendar_days", 5, PROPERTY, COMMUNITY, ["健身器材松动", "健身步道破损"]),
    ("0603", "独居老人求助", "continuous_hours", 12, "TN-CIVIL-AFFAIRS", DISTRICT, ["独居老人需上门照看", "高龄老人申请助餐"]),
    ("0604", "蚊虫孳生", "calendar_days", 3, "TN-HEALTH", DISTRICT, ["积水孳生蚊虫", "地下室蚊虫多"]),
    ("0605", "邻里纠纷", "calendar_days", 7, COMMITTEE, COMMUNITY, ["楼上漏水纠纷", "公共晾晒区纠纷"]),
]
# A longer area code wins: inside the community the property company keeps the lamps,
# and in the fourth grid, which it doesn't serve, the residents' committee clears stairways.
DUTY_OVERRIDES = [("0601", COMMUNITY, PROPERTY), ("0102", GRIDS[3], COMMITTEE)]

RESULTS = ["已到场处理完毕", "已清理并拍照留存", "已维修，恢复正常", "已劝导并整改到位", "已联系当事人并办结"]
NOTES = {
    "send_back": ["照片不清，请补充", "处理不彻底，请继续处理"],
    "fail": ["现场核查仍有遗留", "核查时问题复现"],
    "withdraw": ["主办单位可单独处理", "不再需要协办"],
    "refuse": ["权限不足，建议区级部门处理", "职责有争议，请协调"],
    "cancel": ["经核实为测试上报", "上报人撤回，负责人同意作废"],
    "decline": ["不属本社区受理范围", "已电话答复上报人"],
}
TICKET_COLUMNS = ("key,reported_time,source,reporter_key,category_code,title,description,address,area_code,longitude,"
                  "latitude,coordinate_system")
ACTION_COLUMNS = "ticket_key,time,action,actor_key,order_key,unit_code,order_role,reason,note,handler_key"
RETURN_NOTES = {
    "not_our_area": "不在我单位辖区",
    "not_our_duty": "不属我单位职责",
    "information_missing": "缺少具体位置，无法处置",
    "other": "同一问题已列入整治计划",
}


def categories():
    return table("code,name,limit_kind,limit_amount", [row[:4] for row in CATEGORIES])


def duty_list():
    rows = [(code, area, unit) for code, _, _, _, unit, area, _ in CATEGORIES]
    return table("category_code,area_code,unit_code",
                 sorted(rows + [(code, area, unit) for code, area, unit in DUTY_OVERRIDES]))


def responsible_unit(category, grid):
    override = [unit for code, area, unit in DUTY_OVERRIDES if code == category[0] and grid.startswith(area)]
    return override[0] if override else category[4]


class Story:
    """One ticket: its row, its actions and the time of the last of them."""

    def __init__(self, rng, key, when, grid, category):
        self.rng, self.key, self.now, self.grid, self.category = rng, key, when, grid, category
        self.reported, self.unit, self.rows, self.unit_of_order = when, responsible_unit(category, grid), [], {}

    def act(self, action, actor, minutes=(5, 90), order="", reason="", note="", handler="", at=None):
        self.now = at or self.now + timedelta(minutes=self.rng.randint(*minutes), seconds=self.rng.randint(1, 59))
        self.rows.append((self.key, stamp(self.now), action, actor, order, "", "", reason, note, handler))

    def noted(self, action, actor, **more):
        self.act(action, actor, note=self.rng.choice(NOTES[action]), **more)

    def file(self, at=None):
        self.act("file", "staff-01", (2, 25), at=at)

    def dispatch(self, *unit_codes, at=None):
        """Issues an order to each unit, the lead first; answers with the keys of the orders."""
        self.now = at or self.now + timedelta(minutes=self.rng.randint(3, 25), seconds=self.rng.randint(1, 59))
        orders = []
        for unit in unit_codes:
            orders.append(f"{self.key}-{len(self.unit_of_order) + 1}")
            self.unit_of_order[orders[-1]] = unit
            self.rows.append((self.key, stamp(self.now), "dispatch", "staff-01", orders[-1], unit,
                              "assisting" if len(orders) > 1 else "lead", "", "", ""))
        return orders

    def clerk(self, order):
        unit = self.unit_of_order[order]
        return "staff-01" if unit == COMMITTEE else clerk(unit)

    def answer(self, action, order, **more):
        """The unit accepts, returns or refuses, within a day and in office hours unless a time is given."""
        if "at" not in more:
            more["at"] = office_time(self.rng, self.now + timedelta(minutes=self.rng.randint(15, 1200)))
        actor = self.rng.choice([self.clerk(order), f"unit:{self.unit_of_order[order]}"])
        self.act(action, actor, order=order, **more)

    def accept(self, order, at=None):
        self.answer("accept", order, **({"at": at} if at else {}))

    def give_back(self, order, reason):
        self.answer("return", order, reason=reason, note=RETURN_NOTES[reason])

    def refuse(self, order):
        self.answer("refuse", order, note=self.rng.choice(NOTES["refuse"]))

    def work(self, order):
        """From an accepted order to its result."""
        self.act("assign", self.clerk(order), (5, 60), order=order, handler=self.clerk(order))
        self.submit(order)

    def submit(self, order):
        self.act("submit", self.clerk(order), (60, 2400), order=order, note=self.rng.choice(RESULTS))

    def close(self):
        self.act("confirm", "staff-01")
        outcome = self.rng.choices(["fixed", "answered", "not_fixable"], [12, 2, 1])[0]
        self.act("pass", "staff-02", (30, 1500), reason=outcome)

    def departments(self, count):
        """Current departments other than those that hold an order, and than the responsible unit."""
        taken = {self.unit, *self.unit_of_order.values()}
        return self.rng.sample([code for code in CURRENT_DEPARTMENTS if code not in taken], count)

    # Each of the following is one way for a ticket to go.

    def tell_plain(self, unit=None):
        self.file()
        lead, = self.dispatch(unit or self.unit)
        self.accept(lead)
        self.work(lead)
        self.close()

    def tell_dissolved_department(self):
        self.tell_plain("ST-ORDER-OFFICE")

    def tell_joint(self, *assisting):
        self.file()
        lead, *others = self.dispatch(self.unit, *assisting)
        early = others if self.rng.random() < 0.3 else []  # an assisting unit may answer before the lead unit
        for order in early:
            self.accept(order)
        self.accept(lead)
        self.work(lead)
        for order in others:
            if order not in early:
                self.accept(order)
            self.work(order)
            self.act("confirm_order", "staff-01", order=order)
        self.close()

    def tell_joint_two(self):
        self.tell_joint(*self.departments(1))

    def tell_joint_three(self):
        self.tell_joint(*self.departments(2))

    def tell_property_assists(self):
        self.tell_joint(PROPERTY)

    def tell_returned(self, *reasons, then):
        """Returned once for each reason by the same unit, then ordered to another unit or to the same."""
        wrong, = self.departments(1)
        self.file()
        for reason in reasons:
            self.give_back(self.dispatch(wrong)[0], reason)
        lead, = self.dispatch(wrong if then == "same" else self.unit)
        self.accept(lead)
        self.work(lead)
        self.close()

    def tell_returned_elsewhere(self):
        self.tell_returned(self.rng.choice(["not_our_area", "not_our_duty", "other"]), then="other")

    def tell_returned_same(self):
        self.tell_returned("information_missing", then="same")

    def tell_returned_twice(self):
        self.tell_returned("information_missing", "not_our_duty", then="other")

    def tell_returned_waiting(self):
        self.file()
        self.give_back(self.dispatch(self.unit)[0], "not_our_duty")

    def tell_refused(self):
        self.file()
        self.refuse(self.dispatch(self.unit)[0])
        lead, = self.dispatch(*self.departments(1))
        self.accept(lead)
        self.work(lead)
        self.close()

    def tell_rework(self, times=1):
        self.file()
        lead, = self.dispatch(self.unit)
        self.accept(lead)
        self.work(lead)
        for _ in range(times):
            self.act("confirm", "staff-01")
            self.noted("fail", "staff-02")
            self.submit(lead)
        self.close()

    def tell_sent_back(self):
        self.file()
        lead, = self.dispatch(self.unit)
        self.accept(lead)
        self.work(lead)
        self.noted("send_back", "staff-01")
        self.submit(lead)
        self.close()

    def tell_assisting_withdrawn(self, answered=False):
        self.file()
        lead, other = self.dispatch(self.unit, *self.departments(1))
        self.accept(lead)
        if answered:
            self.accept(other)
        self.noted("withdraw", "staff-01", order=other)
        self.work(lead)
        self.close()

    def tell_withdrawn_after_acceptance(self):
        self.tell_assisting_withdrawn(answered=True)

    def tell_declined(self):
        self.act("decline", "staff-01", (2, 25), note=self.rng.choice(NOTES["decline"]),
                 reason=self.rng.choice(["answered", "not_responsible", "withdrawn", "not_fixable"]))

    def tell_reported(self):
        """Nothing has happened since the report."""

    def tell_filed(self):
        self.file()

    def tell_unanswered(self):
        self.file()
        self.dispatch(self.unit)

    def tell_handling(self):
        self.file()
        self.accept(self.dispatch(self.unit)[0])

    def tell_handled(self):
        self.tell_handling()
        self.work(next(iter(self.unit_of_order)))

    def tell_pending_check(self):
        self.tell_handled()
        self.act("confirm", "staff-01")

    def tell_cancelled(self, before):
        before()
        self.noted("cancel", "secretary-01")

    def tell_cancelled_reported(self):
        self.tell_cancelled(self.tell_reported)

    def tell_cancelled_filed(self):
        self.tell_cancelled(self.tell_filed)

    def tell_cancelled_unanswered(self):
        self.tell_cancelled(self.tell_unanswered)

    def tell_cancelled_handling(self):
        self.tell_cancelled(self.tell_handling)

    def tell_accepted_late(self):
        """Ordered before the as-of day ends, accepted after it."""
        self.file()
        lead, = self.dispatch(self.unit)
        self.accept(lead, at=moment(self.rng, date(2022, 7, 29), date(2022, 8, 2)))
        self.work(lead)

    def tell_half_late(self):
        """The lead unit accepted before the as-of day, the assisting one after it."""
        self.file()
        lead, other = self.dispatch(self.unit, *self.departments(1))
        self.accept(lead)
        self.accept(other, at=datetime(2022, 7, 30, 9, 15, tzinfo=CHINA))
        self.work(lead)

    def tell_at_midnight(self, accepted):
        self.file(at=datetime(2022, 7, 28, 23, 20, tzinfo=CHINA))
        lead, = self.dispatch(self.unit, at=datetime(2022, 7, 28, 23, 31, tzinfo=CHINA))
        self.accept(lead, at=accepted)
        self.work(lead)
        self.close()

    def tell_before_midnight(self):
        self.tell_at_midnight(datetime(2022, 7, 28, 23, 50, tzinfo=CHINA))

    def tell_after_midnight(self):  # still 28 July in UTC
        self.tell_at_midnight(datetime(2022, 7, 29, 0, 10, tzinfo=CHINA))


PAST = (date(2021, 1, 4), date(2022, 7, 8))
RECENT = (date(2022, 7, 11), date(2022, 7, 22))
LATE = (date(2022, 7, 29), date(2022, 8, 15))
# how a ticket goes, number of tickets, days of the report, kind of the responsible unit
PLAN = [
    ("plain", 60, PAST, "department"), ("plain", 18, PAST, "company"), ("plain", 5, PAST, "committee"),
    ("dissolved_department", 3, (date(2021, 2, 1), date(2021, 11, 30)), "department"),
    ("joint_two", 18, PAST, "department"), ("joint_three", 6, PAST, "department"),
    ("property_assists", 8, PAST, "department"), ("joint_two", 5, PAST, "company"),
    ("returned_elsewhere", 9, PAST, "department"), ("returned_same", 3, PAST, "department"),
    ("returned_twice", 2, PAST, "department"), ("returned_waiting", 2, RECENT, "department"),
    ("refused", 5, PAST, "department"), ("rework", 7, PAST, "department"), ("sent_back", 5, PAST, "department"),
    ("assisting_withdrawn", 3, PAST, "department"), ("withdrawn_after_acceptance", 3, PAST, "department"),
    ("declined", 7, PAST, "any"), ("cancelled_reported", 2, PAST, "any"), ("cancelled_filed", 1, PAST, "any"),
    ("cancelled_unanswered", 2, PAST, "department"), ("cancelled_handling", 2, PAST, "department"),
    ("reported", 2, RECENT, "any"), ("filed", 2, RECENT, "any"), ("unanswered", 4, RECENT, "department"),
    ("handling", 4, RECENT, "department"), ("handled", 2, RECENT, "department"),
    ("pending_check", 2, RECENT, "department"), ("half_late", 1, RECENT, "department"),
    ("accepted_late", 4, (date(2022, 7, 25), date(2022, 7, 28)), "department"),
    ("plain", 8, LATE, "department"), ("plain", 2, LATE, "company"),
]
SPECIAL = [("before_midnight", datetime(2022, 7, 28, 23, 12, tzinfo=CHINA)),
           ("after_midnight", datetime(2022, 7, 28, 23, 13, tzinfo=CHINA))]


def tickets(rng):
    """Answers with the rows of the tickets and those of their actions. Who reported them wasn't kept."""
    plan = [(moment(rng, *days), name, kind) for name, count, days, kind in PLAN for _ in range(count)]
    plan += [(when, name, "department") for name, when in SPECIAL]
    ticket_rows, action_rows = [], []
    for number, (when, name, kind) in enumerate(sorted(plan), 1):
        grid, category = pick_matter(rng, kind)
        story = Story(rng, f"t-{number:04}", when, grid, category)
        getattr(story, f"tell_{name}")()
        title = rng.choice(category[6])
        source = rng.choices(["grid_worker", "resident", "chat_group", "hotline", "leader", "video", "transfer"],
                             [40, 20, 15, 15, 3, 4, 3])[0]
        ticket_rows.append((story.key, stamp(when), source, "", category[0], title, f"{title}，请处理。（示例数据）",
                            *place(rng, grid, number)))
        action_rows += story.rows
    return table(TICKET_COLUMNS, ticket_rows), table(ACTION_COLUMNS, action_rows)


def pick_matter(rng, kind):
    """A grid and a category for which a unit of the kind is responsible."""
    kinds = {PROPERTY: "company", COMMITTEE: "committee"}
    while True:
        grid, category = rng.choice(GRIDS), rng.choice(CATEGORIES)
        if kind in ("any", kinds.get(responsible_unit(category, grid), "department")):
            return grid, category


def place(rng, grid, number):
    """address, area_code, longitude, latitude, coordinate_system: what was known when it was reported."""
    index = GRIDS.index(grid)
    building = index * BUILDINGS_PER_GRID + rng.randint(1, BUILDINGS_PER_GRID)
    address = f"富强新村{building}幢{rng.randint(1, 4)}单元附近"
    ring = grid_ring(grid)[:4]
    longitude, latitude = (sum(corner[axis] for corner in ring) / 4 + rng.uniform(-0.0008, 0.0008) for axis in (0, 1))
    if number % 50 == 0:
        return "小区内，具体位置待核", COMMUNITY, "", "", ""
    how = rng.choices(["address", "wgs84", "gcj02", "area", "both"], [40, 12, 16, 20, 12])[0]
    if how == "gcj02":
        longitude, latitude = gcj02(longitude, latitude)
    if how in ("wgs84", "gcj02"):
        return rng.choice(["", address]), "", f"{longitude:.6f}", f"{latitude:.6f}", how
    return "" if how == "area" else address, "" if how == "address" else grid, "", "", ""
