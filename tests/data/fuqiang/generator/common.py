"""What the parts of the generator share: tables, surnames, times and the conversion to GCJ-02. No records."""
import math
from datetime import datetime, time, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
SURNAMES = "张李王赵钱孙周吴郑冯陈褚卫蒋沈韩杨朱秦许"


def table(header, rows):
    columns = header.split(",")
    return columns, [dict(zip(columns, map(str, row), strict=True)) for row in rows]


def keyed(prefix, rows, digits=3):
    return [(f"{prefix}-{number:0{digits}}", *row) for number, row in enumerate(rows, 1)]


def stamp(when):
    return when.isoformat(timespec="seconds")


def some_day(rng, first, last):
    return first + timedelta(days=rng.randint(0, (last - first).days))


def moment(rng, first, last):
    """A time of day between 07:00 and 21:00 on a day between the two."""
    return datetime.combine(some_day(rng, first, last), time(7), CHINA) + timedelta(seconds=rng.randint(0, 14 * 3600))


def office_time(rng, when):
    if not 8 <= when.hour < 18:
        next_day = when.date() + timedelta(days=when.hour >= 18)
        when = datetime.combine(next_day, time(8), CHINA) + timedelta(minutes=rng.randint(5, 120))
    return when


def gcj02(longitude, latitude):
    """WGS 84 to GCJ-02 by the formula in common use."""
    x, y, pi = longitude - 105, latitude - 35, math.pi
    waves = (20 * math.sin(6 * x * pi) + 20 * math.sin(2 * x * pi)) * 2 / 3
    north = (-100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + waves
             + (20 * math.sin(y * pi) + 40 * math.sin(y / 3 * pi)) * 2 / 3
             + (160 * math.sin(y / 12 * pi) + 320 * math.sin(y * pi / 30)) * 2 / 3)
    east = (300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + waves
            + (20 * math.sin(x * pi) + 40 * math.sin(x / 3 * pi)) * 2 / 3
            + (150 * math.sin(x / 12 * pi) + 300 * math.sin(x / 30 * pi)) * 2 / 3)
    radius, eccentricity, angle = 6378245.0, 0.00669342162296594323, math.radians(latitude)
    magic = 1 - eccentricity * math.sin(angle) ** 2
    return (longitude + math.degrees(east / (radius / math.sqrt(magic) * math.cos(angle))),
            latitude + math.degrees(north / (radius * (1 - eccentricity) / magic ** 1.5)))


def at(day, hour, minute=0):
    return datetime.combine(day, time(hour, minute), CHINA)


def past(*taken):
    """The steps of a record: (action, when) or (action, when, reason), in order."""
    return ";".join("@".join([action, stamp(when), *reason]) for action, when, *reason in taken)


def lives(row, day):
    """Whether a record with days holds on the day."""
    iso = day.isoformat()
    return row["start_date"] <= iso and (not row["end_date"] or iso < row["end_date"])


def draw_living(rng, rows, *days):
    while True:
        row = rng.choice(rows)
        if all(lives(row, day) for day in days):
            return row


def days_between(first, last):
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
