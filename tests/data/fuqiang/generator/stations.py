"""Makes stations, their functional areas and catalogues, the providers' contracts and the subsidies.

Nothing here is drawn: each row is written down.
"""
from generator.common import keyed, table
from generator.organization import COMMUNITY, GRIDS, resident_unit

CENTRE, OLD_CONVENIENCE, AGENCY, HOME_CARE, CONVENIENCE, NEW_CONVENIENCE = (
    f"station-{number}" for number in range(1, 7))
STATIONS = [
    ("富强新村党群服务中心", "centre", GRIDS[0], "2019-09-01", ""),
    ("富强新村北门便民服务站（已关闭）", "convenience", GRIDS[2], "2019-10-01", "2020-09-01"),
    ("富强新村政务代办站", "agency", GRIDS[3], "2020-05-01", ""),
    ("富强新村居家养老站", "home_care", GRIDS[1], "2020-07-01", ""),
    ("富强新村便民服务站", "convenience", GRIDS[2], "2020-09-01", ""),
    ("富强北苑便民服务站（示例）", "convenience", GRIDS[3], "2022-07-29", ""),
]

# station, name, capacity, first day, end
FUNCTIONAL_AREAS = [
    (CENTRE, "一站式服务大厅", 20, "2019-09-01", ""),
    (CENTRE, "党群议事厅", 24, "2019-09-01", ""),
    (CENTRE, "多功能厅", 60, "2019-09-01", "2022-07-28"),
    (CENTRE, "多功能厅", 80, "2022-07-28", ""),  # enlarged on the as-of day
    (CENTRE, "棋牌室", 12, "2019-09-01", "2020-09-01"),
    (CENTRE, "四点半课堂", 30, "2020-09-01", ""),
    (CENTRE, "病患老人日间照料室", 8, "2020-10-01", ""),
    (CENTRE, "图书阅览室", 16, "2021-03-01", ""),
    (CENTRE, "心理疏导室", 2, "2022-07-29", ""),
    (OLD_CONVENIENCE, "便民服务台", 4, "2019-10-01", "2020-09-01"),
    (AGENCY, "代办窗口", 2, "2020-05-01", ""),
    (HOME_CARE, "护理室", 3, "2020-07-01", ""),
    (HOME_CARE, "理疗室", 4, "2020-07-01", ""),
    (HOME_CARE, "助浴室", 2, "2020-07-01", ""),
    (HOME_CARE, "日间照料室", 12, "2020-07-01", ""),
    (HOME_CARE, "助餐点", 30, "2020-11-01", ""),
    (CONVENIENCE, "暖心驿站", 6, "2020-09-01", ""),
    (NEW_CONVENIENCE, "便民服务台", 4, "2022-07-29", ""),
]

# name, price in fen: what the home-care station has offered ever since, free or at cost, 26 items
HOME_CARE_OPENED = "2020-07-01"
HOME_CARE_ITEMS = [
    ("生命体征监测", 0), ("用药提醒", 0), ("基础护理", 2000), ("压疮护理", 3500), ("伤口换药", 1500),
    ("上门护理", 4500), ("陪同就医", 3000), ("康复训练指导", 2500), ("艾灸", 2000), ("热敷理疗", 1000),
    ("足部按摩", 1800), ("站内助浴", 2000), ("上门助浴", 5000), ("助浴接送", 0), ("日间照料（全天）", 3000),
    ("日间照料（半天）", 1600), ("午间休憩", 0), ("堂食晚餐", 900), ("送餐上门", 1400), ("特殊膳食", 1500),
    ("衣物洗涤", 800), ("理发", 500), ("修脚", 700), ("代购代缴", 0), ("心理慰藉", 0), ("健康讲座", 0),
]
# station, name, price kind, price in fen, first day, end: seven of these hold on the as-of day
OTHER_ITEMS = [
    (HOME_CARE, "推拿", "priced", 6000, "2020-07-01", "2021-03-01"),
    (HOME_CARE, "推拿", "at_cost", 3200, "2021-03-01", ""),
    (HOME_CARE, "拔罐", "at_cost", 1200, "2020-07-01", "2021-06-01"),
    (HOME_CARE, "堂食午餐", "at_cost", 1100, "2020-11-01", "2022-07-28"),
    (HOME_CARE, "堂食午餐", "at_cost", 1300, "2022-07-28", ""),  # another price from the as-of day on
    (HOME_CARE, "上门保洁", "at_cost", 2400, "2021-01-01", "2022-07-29"),
    (HOME_CARE, "上门保洁", "at_cost", 2800, "2022-07-29", ""),  # and from the day after
    (HOME_CARE, "代煎中药", "at_cost", 600, "2021-01-01", "2022-07-28"),
    (HOME_CARE, "书画手工", "free", 0, "2022-07-28", ""),
    (HOME_CARE, "认知训练", "free", 0, "2022-07-29", ""),
    (HOME_CARE, "夜间照料", "at_cost", 8000, "2022-09-01", ""),
    (CENTRE, "课业辅导", "free", 0, "2020-09-01", ""),
    (AGENCY, "证件代办", "free", 0, "2020-05-01", ""),
    (OLD_CONVENIENCE, "雨伞借用", "free", 0, "2019-10-01", "2020-09-01"),
    (CONVENIENCE, "上门家电维修", "priced", 5500, "2020-09-01", ""),
    (NEW_CONVENIENCE, "代收快递", "free", 0, "2022-07-29", ""),
]

# unit, station, subject, amount in fen, first day, end
CONTRACTS = [
    ("FQ-PROVIDER-1", HOME_CARE, "居家养老站运营", 24000000, "2020-07-01", "2022-07-28"),
    (resident_unit(8), CONVENIENCE, "便民药箱补给", 1800000, "2020-10-01", "2022-07-28"),
    ("FQ-PROVIDER-2", HOME_CARE, "理疗与康复服务", 9600000, "2021-01-01", "2023-01-01"),
    ("FQ-PROVIDER-3", CENTRE, "四点半课堂托管服务", 7200000, "2021-09-01", "2022-09-01"),
    ("FQ-PROVIDER-2", "", "高龄老人上门护理", 5400000, "2022-01-01", ""),
    ("FQ-PROVIDER-1", HOME_CARE, "居家养老站运营", 26000000, "2022-07-28", "2024-07-28"),  # renewed
    (resident_unit(10), CENTRE, "法律咨询服务", 2100000, "2022-07-29", "2023-07-29"),
]

# station, amount in fen, day, purpose: 75,000,000 fen up to and on the as-of day
SUBSIDIES = [
    (OLD_CONVENIENCE, 3000000, "2019-11-15", "便民服务站开办补助"),
    (AGENCY, 4000000, "2020-05-20", "政务代办站开办补助"),
    (HOME_CARE, 20000000, "2020-07-10", "居家养老站建设补助"),
    (CONVENIENCE, 5000000, "2020-09-22", "便民服务站开办补助"),
    (HOME_CARE, 6000000, "2020-12-18", "康复设备购置补助"),
    (HOME_CARE, 8000000, "2021-03-15", "居家养老站运营补助"),
    (AGENCY, 2000000, "2021-03-26", "代办员值班补助"),
    (CONVENIENCE, 2500000, "2021-04-09", "便民设施添置补助"),
    (HOME_CARE, 7500000, "2021-09-17", "助餐补助"),
    (HOME_CARE, -1200000, "2021-11-30", "退回未用完的设备购置补助"),
    (HOME_CARE, 9000000, "2022-03-15", "居家养老站运营补助"),
    (AGENCY, 2000000, "2022-03-25", "代办员值班补助"),
    (CONVENIENCE, 2500000, "2022-04-08", "便民设施添置补助"),
    (HOME_CARE, 4700000, "2022-07-28", "助餐补助"),
    (NEW_CONVENIENCE, 1500000, "2022-07-29", "便民服务站开办补助"),
    (HOME_CARE, 3000000, "2022-08-15", "高温关怀补助"),
]


def stations():
    return table("key,name,kind,area_code,start_date,end_date", keyed("station", STATIONS, digits=1))


def functional_areas():
    return table("key,station_key,name,capacity,start_date,end_date", keyed("fa", FUNCTIONAL_AREAS, digits=2))


def catalogue_items():
    rows = [(HOME_CARE, name, "at_cost" if price else "free", price, HOME_CARE_OPENED, "")
            for name, price in HOME_CARE_ITEMS]
    return table("key,station_key,name,price_kind,price_fen,start_date,end_date",
                 keyed("item", rows + OTHER_ITEMS, digits=2))


def provider_contracts():
    rows = [(unit, station, subject, amount, COMMUNITY, start, end)
            for unit, station, subject, amount, start, end in CONTRACTS]
    return table("key,unit_code,station_key,subject,amount_fen,area_code,start_date,end_date",
                 keyed("contract", rows, digits=1))


def subsidy_entries():
    return table("key,station_key,amount_fen,entry_date,purpose", keyed("subsidy", SUBSIDIES, digits=2))
