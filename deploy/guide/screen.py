"""A display screen shows the wall of an area and sees a change come.

WANGGE_TOKEN: role system. A screen's token needs nothing but the wall; this example also enters the change that
it waits for.
"""

import time
import uuid

from wangge_client import AREA, Platform, day, enum

WALL = "wangge.reporting.v1.WallService/"
LIVELIHOOD = "wangge.tickets.v1.LivelihoodService/"

screen = Platform()


def applied(area_code):
    """A resident applies for something; the application must be decided today."""
    item = next(screen.pages(LIVELIHOOD + "ListLivelihoodItems", {"on_date": day()}))
    return screen.call(LIVELIHOOD + "CreateLivelihoodMatter", {"livelihood_matter": {
        "livelihood_item_id": item.id, "applicant_name": "示例居民", "handler_person_id": str(uuid.uuid4()),
        "due_date": day(), "area_code": area_code}})


def show(wall):
    print(f"wall       {wall.area_name}: {len(wall.matters)} matters, {len(wall.replies)} messages, "
          f"{len(wall.grids)} grids, {len(wall.figures)} figures")


# A wall lists at most 200 matters, the most urgent first, so the example watches the grid with the fewest of them.
community = screen.call(WALL + "GetWall", {"area_code": AREA})
show(community)
grid = min(community.grids, key=lambda grid: grid.open_matter_count)

# Every message is the whole wall. A real screen never leaves this loop: when the stream breaks it opens it again.
matter = shown = gone = None
for wall in screen.stream(WALL + "WatchWall", {"area_code": grid.area_code}, timeout=60):
    line = next((line for line in wall.matters if matter and line.id == matter.id), None)
    if matter is None:
        show(wall)
        matter, changed = applied(grid.area_code), time.monotonic()
        print(f"applied    {matter.id}")
    elif line and not shown:
        show(wall)
        print(f"shown      {line.title}, {line.state}, {enum(line, 'light')}, {time.monotonic() - changed:.1f} s later")
        assert line.state == "received"
        shown = screen.call(LIVELIHOOD + "WithdrawLivelihoodMatter", {"id": matter.id, "reason": "示例结束"})
    elif shown and (line is None or line.state == "withdrawn"):
        print("shown      that it was withdrawn")
        gone = True
        break
assert shown and gone, "the change never came to the wall"
