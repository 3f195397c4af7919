"""What the checks share: rows by key, days on which rows hold, and mistakes about the day."""
from collections import Counter
from datetime import date, datetime, timedelta

# mistakes about the day that show in a noun of which nothing begins or ends on the as-of day itself
ON_ANOTHER_DAY = {"at any time", "begun by the day", "without an end", "on the day after"}


def by_key(rows, *columns):
    keys = [tuple(row[column] for column in columns) for row in rows]
    assert len(set(keys)) == len(keys), f"{columns} repeated: {Counter(keys).most_common(1)}"
    return dict(zip((key[0] if len(columns) == 1 else key for key in keys), rows))


def holds(row, day):
    return row["start_date"] <= day.isoformat() and (not row["end_date"] or day.isoformat() < row["end_date"])


def check_span(row, *within):
    end = row["end_date"] or "9999-12-31"
    assert date.fromisoformat(row["start_date"]) < date.fromisoformat(end), row
    for outer in within:
        assert outer["start_date"] <= row["start_date"] and end <= (outer["end_date"] or "9999-12-31"), (row, outer)


def check_apart(rows, *columns):
    """Of the rows that have the same in these columns no two hold on one day."""
    before = {}
    for row in sorted(rows, key=lambda row: row["start_date"]):
        same = tuple(row[column] for column in columns)
        assert same not in before or "" < before[same]["end_date"] <= row["start_date"], (row, before[same])
        before[same] = row


def move(rule, state, row):
    assert state in rule[0], (f"{row['action']} isn't legal in {state}", row)
    return rule[1]


def local_day(text, zone):
    return datetime.fromisoformat(text).astimezone(zone).date()


def count_on_wrong_days(nouns, as_of, mistakes=None):
    """What each noun's count gives by these mistakes about the day; by all of them if none is named."""
    return {f"{what} {how}": (key, count(rows)) for what, key, every, count in nouns
            for how, rows in on_wrong_days(every, as_of).items() if mistakes is None or how in mistakes}


def on_wrong_days(rows, as_of):
    """The rows that hold, by mistakes about the day or about `start_date` and `end_date`."""
    day = as_of.isoformat()
    begun = [row for row in rows if row["start_date"] <= day]
    return {
        "at any time": rows,
        "begun by the day": begun,
        "without an end": [row for row in rows if not row["end_date"]],
        "with those that end on the day": [row for row in begun if not row["end_date"] or day <= row["end_date"]],
        "without those that begin on the day": [row for row in begun if holds(row, as_of) and row["start_date"] < day],
        "on the day after": [row for row in rows if holds(row, as_of + timedelta(days=1))],
    }


def distinct(rows, *columns):
    return len({tuple(row[column] for column in columns) for row in rows})
