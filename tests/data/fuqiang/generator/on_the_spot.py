"""Makes tickets that whoever reported them put right on the spot (随手做): closed minutes after the report, no order."""
from datetime import date, timedelta

from generator.common import at, moment, stamp, table
from generator.organization import AS_OF, GRIDS, NEXT_DAY
from generator.terms import grid_worker, serving
from generator.tickets import ACTION_COLUMNS, TICKET_COLUMNS, place

FIXED = 264  # by the end of the as-of day
PAST, LATE, LATER = (date(2021, 1, 4), date(2022, 7, 27)), (date(2022, 7, 30), date(2022, 8, 15)), 9
STAFF = ["staff-01", "staff-02"]
# category, what was seen, what was done
SMALL_THINGS = [
    ("0501", "共享单车倒伏", "已把倒伏的共享单车扶正，摆放整齐"), ("0501", "自行车挡住单元门", "已挪到车棚内"),
    ("0102", "楼道口有纸箱", "楼道杂物顺手清走，送到回收点"), ("0102", "楼梯间放着废木板", "已请住户当场搬走"),
    ("0203", "楼道墙上小广告", "小广告已铲除并擦净"), ("0203", "公告栏贴满广告", "已撕除，公告栏清理完毕"),
    ("0101", "垃圾桶被风吹倒", "已扶起，散落垃圾清扫完毕"), ("0101", "花坛里有塑料袋", "已捡走"),
    ("0601", "庭院灯跳闸", "已合闸，恢复照明"), ("0602", "健身器材螺丝松动", "已拧紧，试用正常"),
    ("0604", "花盆和轮胎积水", "积水已倒掉"), ("0401", "消防通道停着电动车", "已联系车主当场挪走"),
    ("0402", "窗口垂下充电线", "已拔除并劝导住户到充电棚充电"), ("0502", "路边临时摆摊", "已当场劝离，地面清扫干净"),
]
# report, minutes until it was put right, grid
AROUND_MIDNIGHT = [
    (at(AS_OF, 10, 20), 6, GRIDS[2]), (at(AS_OF, 23, 41), 9, GRIDS[0]),
    (at(AS_OF, 23, 52), 14, GRIDS[1]),  # reported on the as-of day, put right on the next
    (at(NEXT_DAY, 0, 11), 9, GRIDS[3]), (at(NEXT_DAY, 7, 2), 8, GRIDS[2]),  # still the as-of day in UTC
]


def tickets(rng):
    """Answers with the rows of the tickets and those of their actions, one for each."""
    in_time = sum(when + timedelta(minutes=minutes) < at(NEXT_DAY, 0) for when, minutes, _ in AROUND_MIDNIGHT)
    reports = [(*report, 0) for report in AROUND_MIDNIGHT]
    for days, count in ((PAST, FIXED - in_time), (LATE, LATER)):
        reports += [(moment(rng, *days), rng.randint(2, 25), rng.choice(GRIDS), rng.randint(1, 59))
                    for _ in range(count)]
    ticket_rows, action_rows = [], []
    for number, (when, minutes, grid, seconds) in enumerate(sorted(reports), 1):
        key, reporter = f"spot-{number:04}", pick_reporter(rng, grid, when.date())
        category, seen, done = rng.choice(SMALL_THINGS)
        ticket_rows.append((key, stamp(when), "grid_worker", reporter, category, seen, f"{seen}，随手处理。（示例数据）",
                            *place(rng, grid, number=1)))  # so always in its grid
        fixed = when + timedelta(minutes=minutes, seconds=seconds)
        action_rows.append((key, stamp(fixed), "fix_on_the_spot", reporter, "", "", "", "", done, ""))
    return table(TICKET_COLUMNS, ticket_rows), table(ACTION_COLUMNS, action_rows)


def pick_reporter(rng, grid, day):
    """One of the grid's own workers, at times somebody of the staff."""
    post = "full_time_grid_worker" if rng.random() < 0.8 else "part_time_grid_worker"
    worker, others = grid_worker(grid, day, post), serving(STAFF, day)
    return rng.choice(others) if rng.random() < 0.15 else worker
