"""A chat bridge brings a resident's message in and the public reply back.

WANGGE_TOKEN: role system. Whoever claims a message must be on chat duty; this example puts an invented person
on duty for an hour.
"""

import uuid

from wangge_client import AREA, Platform, Refused, day, enum, moment

CHAT = "wangge.tickets.v1.ChatService/"

bridge = Platform()

# The group: entered once, found ever after.
groups = bridge.pages(CHAT + "ListChatGroups", {"within_code": AREA, "on_date": day()})
group = next(groups, None) or bridge.call(CHAT + "CreateChatGroup", {
    "chat_group": {"name": "居民群", "area_code": AREA, "start_date": day()}})
print(f"group      {group.name}")

# A message arrives in it. The chat's own message id keeps it from being entered twice (RECORD_EXISTS), however
# late it is sent again.
message = bridge.call(CHAT + "CreateGroupMessage", {
    "group_message": {"chat_group_id": group.id, "text": "3号楼的路灯不亮了", "sent_time": moment(),
                      "source_message_id": f"example-{uuid.uuid4()}"}})
print(f"received   {message.id} {enum(message, 'state')}")

# Somebody is on duty, claims it and answers.
person = str(uuid.uuid4())
bridge.call("wangge.tickets.v1.DutyService/CreateDutyShift", {"duty_shift": {
    "kind": "DUTY_KIND_CHAT_GROUP", "person_id": person, "area_code": group.area_code,
    "start_time": moment(minutes=-1), "end_time": moment(hours=1)}})
claimed = bridge.call(CHAT + "ClaimGroupMessage", {"id": message.id, "etag": message.etag, "person_id": person})
assert enum(claimed, "state") == "GROUP_MESSAGE_STATE_CLAIMED" and claimed.person_id == person
print(f"claimed    by {person}")
bridge.call(CHAT + "ReplyGroupMessage", {
    "id": message.id, "etag": claimed.etag, "reply": "已联系维修，今天修好"})

# The bridge posts the reply in the group.
shown = bridge.call(CHAT + "GetGroupMessage", {"id": message.id})
assert enum(shown, "state") == "GROUP_MESSAGE_STATE_REPLIED" and shown.reply == "已联系维修，今天修好"
print(f"replied    {shown.reply}; steps: {', '.join(step.action for step in shown.steps)}")

# A second reply comes too late.
try:
    bridge.call(CHAT + "ReplyGroupMessage", {"id": message.id, "reply": "我也来回复"})
    raise AssertionError("a second reply was taken")
except Refused as refused:
    assert refused.reason == "STATE_CONFLICT", refused
    print(f"refused    {refused}")
