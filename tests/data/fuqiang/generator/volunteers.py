"""Makes officials' registrations with the community and their check-in visits."""
from datetime import date, datetime, timedelta

from generator.common import CHINA, keyed, moment, stamp, table
from generator.organization import AS_OF, COMMUNITY, official_unit

HANDLED = ["参加文明城市创建巡查", "协助清理楼道堆物", "走访独居老人", "协助调解邻里纠纷", "政策宣传与咨询",
           "协助维护停车秩序", "协助防疫登记", "认领并完成居民微心愿", "协助检查消防通道"]


def registrations(rng):
    """45: six have ended, two of those officials came again, two register after the as-of day."""
    rows = []
    for number in range(1, 44):
        start, end = date(2021, 1, 4) + timedelta(days=rng.randint(0, 200)), ""
        if number <= 6:
            end = [date(2021, 12, 1), date(2022, 2, 1), date(2022, 7, 28), date(2022, 7, 29), date(2022, 5, 1),
                   date(2021, 10, 15)][number - 1]
        if number > 41:
            start = date(2022, 7, 29) + timedelta(days=number - 42)
        rows.append((f"official-{number:02}", start, end))
    rows += [("official-01", date(2022, 3, 1), ""), ("official-02", date(2022, 2, 1), "")]
    return table("key,person_key,home_unit_code,area_code,start_date,end_date", keyed("r", [
        (person, official_unit(int(person[-2:]))[0], COMMUNITY, start.isoformat(), str(end))
        for person, start, end in rows]))


def check_in_visits(rng, registered):
    """411 that count, 13 voided, 18 after the as-of day."""
    spans = [(row["key"], date.fromisoformat(row["start_date"]),
              date.fromisoformat(row["end_date"]) if row["end_date"] else date(2022, 8, 16)) for row in registered]
    midnight = next(key for key, _, end in spans if end == date(2022, 8, 16))
    last_counted = (midnight, datetime(2022, 7, 28, 23, 40, tzinfo=CHINA))
    first_too_late = (midnight, datetime(2022, 7, 29, 0, 5, tzinfo=CHINA))  # still 28 July in UTC
    taken = {last_counted, first_too_late}

    def visit(first, last, key=None):
        """Draws a visit between two days on which its registration holds."""
        while True:
            chosen, start, end = rng.choice(spans) if key is None else next(span for span in spans if span[0] == key)
            low, high = max(first, start), min(last, end - timedelta(days=1))
            if low <= high and (drawn := (chosen, moment(rng, low, high))) not in taken:
                taken.add(drawn)
                return drawn

    early = date(2021, 1, 1)
    counted = [last_counted]
    counted += [visit(start, start, key) for key, start, _ in spans[:3]]
    counted += [visit(end - timedelta(days=1), AS_OF, key) for key, _, end in spans[:4]]
    counted += [visit(day.date(), day.date(), key) for key, day in counted[1:3]]  # a second visit on one day
    counted += [visit(early, AS_OF) for _ in range(411 - len(counted))]
    later = [first_too_late]
    later += [visit(date(2022, 7, 29), date(2022, 8, 15)) for _ in range(17)]
    rows = [(when, key, "", "") for key, when in counted + later]
    for _ in range(13):
        key, when = visit(early, date(2022, 7, 20))
        rows.append((when, key, stamp(when + timedelta(hours=rng.randint(1, 96))), rng.choice(["重复登记", "登记错误"])))
    return table("key,registration_key,visit_time,handled,voided_time,void_reason", keyed("v", [
        (key, stamp(when), rng.choice(HANDLED), voided, why) for when, key, voided, why in sorted(rows)]))
