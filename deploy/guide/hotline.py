"""A hotline hands in a report and follows it to the close.

The hotline itself holds WANGGE_TOKEN (role system). So that there is something to follow, this example also
plays the dispatcher (WANGGE_DISPATCHER_TOKEN) and the clerk of a department (WANGGE_DEPARTMENT_TOKEN, issued
for the unit WANGGE_DEPARTMENT_UNIT).
"""

import os
import uuid

from wangge_client import AREA, Platform, enum

TICKETS = "wangge.tickets.v1.TicketService/"

hotline = Platform()
dispatcher = Platform(os.environ["WANGGE_DISPATCHER_TOKEN"])
department = Platform(os.environ["WANGGE_DEPARTMENT_TOKEN"])
unit = os.environ["WANGGE_DEPARTMENT_UNIT"]

# The report. The request_id is the hotline's own and is stored with the call before it is sent: when the line
# breaks, the same call is sent again.
category = next(hotline.pages("wangge.tickets.v1.CategoryService/ListCategories"))
report = {
    "request_id": str(uuid.uuid4()),
    "ticket": {
        "source": "TICKET_SOURCE_HOTLINE",
        "category_code": category.code,
        "title": f"热线来电：{category.name}",
        "address": "小区北门",
        "area_code": AREA,
    },
}
ticket = hotline.call(TICKETS + "CreateTicket", report)
again = hotline.call(TICKETS + "CreateTicket", report)
assert again.id == ticket.id, "a repeated request_id made a second ticket"
print(f"reported   {ticket.id} {ticket.title}; sent twice, taken once")


def follow(expected):
    """What the hotline sees, and can tell whoever called."""
    seen = hotline.call(TICKETS + "GetTicket", {"id": ticket.id})
    assert enum(seen, "state") == expected, f"{enum(seen, 'state')} instead of {expected}"
    print(f"hotline sees {expected}, light {enum(seen, 'light')}")
    return seen


def act(who, verb, **fields):
    return who.call(TICKETS + verb, {"ticket_id": ticket.id, **fields})


follow("TICKET_STATE_REPORTED")
act(dispatcher, "FileTicket")
follow("TICKET_STATE_PENDING_DISPATCH")
order = act(dispatcher, "DispatchTicket", lead_unit_id=unit).orders[-1]
follow("TICKET_STATE_PENDING_ACCEPTANCE")
act(department, "AcceptOrder", order_id=order.id)
follow("TICKET_STATE_HANDLING")
act(department, "SubmitOrder", order_id=order.id, result="已到现场处理完毕")
follow("TICKET_STATE_HANDLED")
act(dispatcher, "ConfirmTicket")
follow("TICKET_STATE_PENDING_CHECK")
act(dispatcher, "PassTicket", outcome="TICKET_OUTCOME_FIXED")
assert enum(follow("TICKET_STATE_CLOSED"), "outcome") == "TICKET_OUTCOME_FIXED"

history = list(hotline.pages(TICKETS + "ListTicketHistory", {"ticket_id": ticket.id}))
actions = [enum(entry, "action").removeprefix("TICKET_ACTION_") for entry in history]
print("history    " + " → ".join(actions))
assert actions == ["REPORT", "FILE", "DISPATCH", "ACCEPT", "SUBMIT", "CONFIRM", "PASS"]
