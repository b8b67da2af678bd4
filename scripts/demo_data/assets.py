"""Two hundred asset cards of a province; somewhat less than half of them lie idle or may be lent."""

import datetime
from collections import namedtuple
from decimal import Decimal

from .draws import Draws

COUNT = 200
VALUED_ON = datetime.date(2025, 3, 31)
FEN = Decimal("0.01")

# price = 元 for one, lowest and highest; pieces = most on one card; years = of service, 0 = not depreciated
_Thing = namedtuple("_Thing", "weight name code unit price pieces years makes")
_THINGS = [_Thing(*thing) for thing in (
    (14, "台式计算机", "A02010105", "台", (3_800, 5_000), 1, 6, "联想|启天M435;清华同方|超翔Z8307;长城|世恒TD120"),
    (10, "便携式计算机", "A02010108", "台", (5_200, 6_990), 1, 6, "联想|昭阳K4;华为|MateBook B5;清华同方|超锐L860"),
    (5, "服务器", "A02010104", "台", (28_000, 96_000), 1, 6, "浪潮|NF5280M6;华为|2288H V6;中科曙光|I620-G30"),
    (5, "网络交换机", "A02010200", "台", (2_600, 18_500), 1, 6, "华三|S5130S-28P;锐捷|RG-S2910;华为|S5735-L"),
    (5, "数码复印机", "A02020100", "台", (12_000, 34_800), 1, 6, "柯尼卡美能达|C266;理光|MP 3055;震旦|AD369"),
    (6, "投影仪", "A02020200", "台", (4_200, 16_800), 1, 6, "爱普生|CB-X51;明基|E592;极米|RS Pro"),
    (7, "激光打印机", "A02021000", "台", (1_150, 4_600), 1, 6, "奔图|P3305DN;惠普|M405d;联想|LJ2655DN"),
    (3, "A4黑白打印机", "A02021003", "台", (780, 1_190), 1, 6, "奔图|P2206W;得力|P2500DN"),
    (4, "高速扫描仪", "A02021118", "台", (3_400, 24_000), 1, 6, "紫光|Q5608;柯达|i2420;汉王|8040"),
    (4, "空调机", "A02061804", "台", (2_800, 8_900), 3, 10, "格力|KFR-72LW;海尔|KFR-50GW;美的|KFR-35GW"),
    (3, "视频会议系统", "A02080805", "套", (108_000, 286_000), 1, 6, "华为|TE60;小鱼易连|AE800;科达|H850"),
    (3, "视频监控设备", "A02091107", "套", (16_000, 88_000), 1, 6, "海康威视|DS-8632N;大华|NVR5432"),
    (4, "水质分析仪器", "A02100000", "台", (126_000, 860_000), 1, 10, "聚光|AQMS-W;雪迪龙|MODEL 9810;天瑞|EDX6600"),
    (12, "办公桌", "A05010000", "张", (860, 2_950), 12, 15, "|1.6m 实木;|1.4m 板式"),
    (10, "办公椅", "A05010000", "把", (260, 780), 40, 15, "|网布升降;|实木扶手"),
    (6, "文件柜", "A05010000", "组", (480, 1_450), 8, 20, "|五门钢制;|保密柜双节"),
    (5, "会议桌", "A05010000", "张", (2_600, 9_800), 4, 15, "|3.6m 实木;|拼接式 1.8m"),
    (3, "防寒大衣", "A05030300", "件", (260, 420), 60, 0, "|长款 加厚"),
    (3, "应急帐篷", "A07000000", "顶", (2_200, 5_400), 20, 0, "|12㎡ 棉质;|24㎡ 单层"),
    (3, "防汛水泵", "A07000000", "台", (6_800, 24_500), 3, 0, "新界|WQ100;凯泉|WQ150"),
)]
_REASONS = "闲置 闲置 闲置 低效 超标准 临时机构 会议活动 机构改革".split()


def assets(province, institutions):
    """All cards. The warehouses are the bureau's; what lies there is idle."""
    draws = Draws("assets", province.code)
    owners = [row for row in institutions if row["in_register"]]
    weights = {thing: thing.weight / sum(each.weight for each in _THINGS) for thing in _THINGS}
    rows = []
    for number in range(1, COUNT + 1):
        owner = owners[0] if draws.chance(0.15) else draws.pick(owners)
        rows.append(_card(draws, province, owner, draws.weighted(weights), number))
    _forget_to_wipe(rows)
    return rows


def _card(draws, province, owner, thing, number):
    acquired = datetime.date(draws.between(2015, 2024), draws.between(1, 12), draws.between(1, 28))
    in_service = acquired + datetime.timedelta(days=draws.between(0, 12))
    brand, specification = draws.pick(thing.makes.split(";")).split("|")
    pieces = draws.between(1, thing.pieces)
    row = {
        "owner_unit_uscc": owner["unit_uscc"],
        "asset_code": _code(province, acquired.year, number),
        "asset_name": thing.name,
        "asset_class_scheme": "2022",
        "asset_class_code": thing.code,
        "specification": specification,
        "brand": brand or None,
        "serial_no": _serial(draws) if brand else None,
        "quantity": pieces,
        "unit": thing.unit,
        "value_type": "原值",
        **_values(draws, thing, pieces, in_service),
        "acquire_way": draws.weighted({"新购": 0.8, "调拨": 0.15, "接受捐赠": 0.05}),
        "acquire_date": acquired,
        "in_service_date": in_service,
        "accounting_status": "已入账",
        "entry_date": min(in_service + datetime.timedelta(days=draws.between(3, 30)), VALUED_ON),
        "holder_unit_uscc": owner["unit_uscc"],
        "division_code": owner["division_code"],
        "location_text": _location(draws, province, number),
        "remark": None,
    }
    usage = draws.weighted({"idle": 0.42, "lendable": 0.10, "自用": 0.40, "出租": 0.02, "出借": 0.04, "其他": 0.02})
    row.update(_idle(draws, province, row) if usage == "idle" else _in_use(draws, row, usage))
    return row


def _code(province, year, number):
    """Each province numbers in a way of its own; 吉林 begins with a zero that Excel would eat."""
    return {
        "230000": f"HLJ-TY-{year}-{number:05}",
        "220000": f"0220{year}{number:06}",
        "210000": f"LN{year}ZC{number:06}",
    }[province.code]


def _serial(draws):
    return draws.pick("ABCDEFGHJKLMNPQRSTUVWXYZ") + draws.pick("0123456789ABCDEF") + draws.digits(8)


def _location(draws, province, number):
    if province.code == "220000" and number == 7:
        return "𠮷祥楼仓库A区"  # outside the two-byte part of GB18030
    return f"{draws.between(1, 6)}号楼{draws.pick('ABC')}{draws.between(1, 6)}{draws.between(1, 28):02}"


def _values(draws, thing, pieces, in_service):
    """Straight-line depreciation by month, nothing left at the end, as the accounting rules for institutions say."""
    original = (Decimal(draws.between(*thing.price)) * pieces).quantize(FEN)
    months = (VALUED_ON.year - in_service.year) * 12 + VALUED_ON.month - in_service.month + 1
    lost = original if thing.years else Decimal(0)
    if months < thing.years * 12:
        lost = original * months / (thing.years * 12)
    lost = lost.quantize(FEN)
    return {"original_value": original, "accumulated_depreciation": lost, "net_value": original - lost}


def _idle(draws, province, row):
    since = datetime.date(2024, draws.between(1, 12), draws.between(1, 28))
    shared = draws.chance(0.85)
    in_warehouse = draws.chance(0.5)
    lend = draws.chance(0.8)
    return {
        "usage_status": "闲置",
        "idle_since": max(since, row["in_service_date"]),
        "condition_code": draws.weighted({"1": 0.12, "4": 0.68, "7": 0.20}),
        "warehouse_id": f"{province.letters}-{'S' if in_warehouse else 'X'}{draws.between(1, 3):02}",
        "warehouse_type": "实体" if in_warehouse else "虚拟",
        "intake_reason": draws.pick(_REASONS),
        "lend_ok": lend,
        "transfer_ok": not lend or draws.chance(0.7),
        "freight_payer": draws.weighted({"调入方": 0.8, "调出方": 0.1, "各半": 0.1}),
        "data_wiped": True if row["asset_class_code"].startswith("A0201") and shared else None,
        "shared": shared,
    }


def _in_use(draws, row, usage):
    """What is in use stays, but a part of it may be lent while its owner does not need it."""
    lendable = usage == "lendable" and not row["asset_class_code"].startswith("A0201")
    rules = {"lend_ok": True, "transfer_ok": False, "freight_payer": "调入方"} if lendable else {}
    return {
        "usage_status": "自用" if usage == "lendable" else usage,
        "condition_code": draws.weighted({"1": 0.15, "4": 0.75, "7": 0.06, "X": 0.04}) if not lendable else "4",
        "shared": lendable,
        **rules,
    }


def _forget_to_wipe(rows):
    """One idle computer is offered with its disks as they were: its card is kept, and it does not leave."""
    next(row for row in rows if row.get("data_wiped"))["data_wiped"] = False
