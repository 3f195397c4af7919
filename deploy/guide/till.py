"""A station's till records services, voids a mistake and books places in a session.

WANGGE_TOKEN: role system. Residents' ids are taken as given; a real till has them from its own register.
"""

import uuid
from datetime import datetime

from wangge_client import AREA, ZONE, Platform, Refused, day, enum, moment

STATIONS = "wangge.volunteers.v1.StationService/"
WORK = "wangge.volunteers.v1.StationWorkService/"
resident = lambda: str(uuid.uuid4())

till = Platform()

# A station that offers something today.
today = {"within_code": AREA, "on_date": day()}
for station in till.pages(STATIONS + "ListStations", today):
    item = next(till.pages(STATIONS + "ListCatalogueItems", {**today, "station_id": station.id}), None)
    if item:
        break
else:
    raise SystemExit(f"no station of {AREA} offers anything today")
print(f"station    {station.name}, item {item.name}")

# One resident served once: one person-time. It was rung up twice by mistake: the second record is voided.
service = {"station_id": station.id, "catalogue_item_id": item.id, "resident_id": resident(), "served_time": moment()}
record = till.call(WORK + "CreateServiceRecord", {"service_record": service})
mistake = till.call(WORK + "CreateServiceRecord", {"service_record": service})
assert record.id != mistake.id
mistake = till.call(WORK + "VoidServiceRecord", {"id": mistake.id, "etag": mistake.etag, "reason": "重复录入"})
assert enum(mistake, "state") == "SERVICE_RECORD_STATE_VOIDED"
record = till.call(WORK + "GetServiceRecord", {"id": record.id})
assert enum(record, "state") == "SERVICE_RECORD_STATE_RECORDED"
print(f"recorded   {record.id}; voided {mistake.id} ({mistake.steps[-1].reason})")

# A session with one place, held today and every week on this weekday.
weekday = datetime.now(ZONE).strftime("WEEKDAY_%A").upper()
session = till.call(WORK + "CreateRecurringSession", {"recurring_session": {
    "station_id": station.id, "name": "示例专场", "weekday": weekday, "start_minute": 0, "end_minute": 1440,
    "capacity": 1, "start_date": day()}})
booking = {"recurring_session_id": session.id, "session_date": day()}
first = till.call(WORK + "CreateBooking", {"booking": {**booking, "resident_id": resident()}})
assert enum(first, "state") == "BOOKING_STATE_BOOKED"
print(f"booked     {first.id}")
try:
    till.call(WORK + "CreateBooking", {"booking": {**booking, "resident_id": resident()}})
    raise AssertionError("a second place was given")
except Refused as refused:
    assert refused.reason == "GUARD_FAILED" and "SESSION_FULL" in refused.preconditions, refused
    print(f"refused    {refused}")

# Cancelled, the place is free for the next.
till.call(WORK + "CancelBooking", {"id": first.id, "etag": first.etag, "reason": "来电取消"})
second = till.call(WORK + "CreateBooking", {"booking": {**booking, "resident_id": resident()}})
assert enum(second, "state") == "BOOKING_STATE_BOOKED"
print(f"booked     {second.id}, in the place that was given up")

# The example leaves no session behind.
till.call(WORK + "EndRecurringSession", {"id": session.id, "end_date": day(days=1)})
