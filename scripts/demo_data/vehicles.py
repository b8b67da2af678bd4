"""Sixty official vehicles of a province: many shared, some kept, a few that must never leave."""

import datetime
from collections import namedtuple
from decimal import Decimal

from .draws import Draws
from .identifiers import MODEL_YEARS, vin

COUNT = 60
SEEN_ON = datetime.date(2025, 3, 31)

# maker = first eight characters of the VIN; price in thousand 元; rent in 元 a day
_Model = namedtuple("_Model", "weight name maker type fuel litres seats price rent plate")
_MODELS = [_Model(*model) for model in (
    (10, "大众朗逸 1.5L", "LSVNA418", "轿车", "汽油", "1.5", 5, (112, 136), 300, "small"),
    (8, "红旗H5 1.5T", "LFPH4APC", "轿车", "汽油", "1.5", 5, (152, 176), 340, "small"),
    (6, "长安逸动 1.6L", "LS5A3ADE", "轿车", "汽油", "1.6", 5, (82, 98), 260, "small"),
    (8, "比亚迪秦PLUS EV", "LGXCE4CB", "轿车", "纯电动", "0", 5, (128, 146), 300, "electric"),
    (4, "比亚迪秦PLUS DM-i", "LGXC76C4", "轿车", "插电混动", "1.5", 5, (112, 142), 300, "hybrid"),
    (5, "哈弗H6 1.5T", "LGWEF4A5", "越野", "汽油", "1.5", 5, (108, 136), 360, "small"),
    (4, "五菱凯捷 1.5T", "LZWADAGA", "商务", "汽油", "1.5", 7, (98, 128), 380, "small"),
    (3, "上汽大通G50 1.5T", "LSKG5GL1", "商务", "汽油", "1.5", 8, (112, 148), 420, "small"),
    (3, "金杯海狮 2.0L", "LSYAFAAK", "小型客车", "汽油", "2.0", 9, (98, 128), 420, "small"),
    (3, "宇通ZK6710", "LZYTATE6", "中型客车", "柴油", "2.8", 19, (212, 246), 900, "large"),
    (2, "福田欧辉BJ6816", "LVCB4L4D", "大型客车", "柴油", "3.8", 35, (362, 438), 1_400, "large"),
    (2, "宇通ZK6826BEV", "LZYTBGBW", "大型客车", "纯电动", "0", 33, (402, 448), 1_500, "large electric"),
)]
_PLATE_KINDS = {
    "small": "小型汽车", "electric": "小型新能源汽车", "hybrid": "小型新能源汽车",
    "large": "大型汽车", "large electric": "大型新能源汽车",
}
_USES = {"应急保障": 0.36, "业务": 0.22, "调研接待": 0.14, "实物保障": 0.10, "执法执勤": 0.10, "其他": 0.08}
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def vehicles(province, institutions):
    """All vehicles; nobody owns more than the master of the institution says."""
    draws = Draws("vehicles", province.code)
    bureau, others = institutions[0], institutions[1:]
    slots = [row for row in others for _ in range(min(3, row["vehicles_total"])) if row["in_register"]]
    owners = [bureau] * 12 + draws.shuffled(slots)[: COUNT - 12]
    weights = {model: model.weight / sum(each.weight for each in _MODELS) for model in _MODELS}
    taken = set()
    rows = []
    for number, owner in enumerate(owners, 1):
        rows.append(_vehicle(draws, province, owner, draws.weighted(weights), number, taken))
    _keep_some_apart(rows)
    return rows


def _vehicle(draws, province, owner, model, number, taken):
    registered = datetime.date(draws.between(2016, 2024), draws.between(1, 12), draws.between(1, 28))
    days = (SEEN_ON - registered).days
    use = draws.weighted(_USES)
    if use == "执法执勤" and (model.price[1] > 120 or Decimal(model.litres) > Decimal("1.6")):
        use = "业务"  # its ceiling is lower
    shared = use != "执法执勤" and draws.chance(0.6)
    return {
        "vin": _fresh(taken, lambda: vin(model.maker, _model_year(draws, registered), draws.pick(_LETTERS[:8]),
                                         draws.digits(6))),
        "plate_no": _fresh(taken, lambda: _plate(draws, province, owner["city"], model.plate)),
        "plate_kind": _PLATE_KINDS[model.plate],
        "engine_no": f"{draws.pick(_LETTERS)}{draws.pick(_LETTERS)}{draws.digits(3)}-{draws.digits(6)}",
        "vehicle_use": use,
        "vehicle_type": model.type,
        "confidential": False,
        "quota_status": "在编" if draws.chance(0.95) else "未核定",
        "quota_no": f"{province.letters}-BZ-{number:04}",
        "make_model": model.name,
        "origin_country": "中国",
        "displacement_l": model.litres,
        "seats": model.seats,
        "fuel_type": model.fuel,
        "emission_std": None if model.litres == "0" else "国六" if registered.year >= 2020 else "国五",
        "purchase_price": Decimal(draws.between(*model.price) * 1_000).quantize(Decimal("0.01")),
        "first_registration": registered,
        "in_service_date": registered + datetime.timedelta(days=draws.between(0, 5)),
        "owner_unit_uscc": owner["unit_uscc"],
        "custodian_uscc": owner["unit_uscc"],
        "custody_mode": "平台" if shared else draws.weighted({"自用": 0.7, "平台": 0.3}),
        "division_code": owner["division_code"],
        "vehicle_status": draws.weighted({"空闲": 0.72, "出车": 0.16, "维修": 0.07, "封存": 0.05}),
        "marked": True,
        "locator_installed": draws.chance(0.9),
        "odometer_km": days * draws.between(18, 60),
        "inspection_due": _due(draws),
        "insurance_due": _due(draws),
        "market_rate_ref": Decimal(model.rent).quantize(Decimal("0.01")) if shared else None,
        "shared": shared,
        "remark": None,
    }


def _model_year(draws, registered):
    """The year of registration, or the one before for what was registered in spring."""
    year = registered.year - (1 if registered.month <= 4 and draws.chance(0.6) else 0)
    assert year in MODEL_YEARS
    return year


def _due(draws):
    """Far away, so that the demo shows the same for many years."""
    return datetime.date(draws.between(2041, 2043), draws.between(1, 12), draws.between(1, 28))


def _plate(draws, province, city, kind):
    start = province.short + city.letter
    return {
        "small": lambda: start + draws.pick(_LETTERS + "0123456789") + draws.digits(4),
        "large": lambda: start + draws.digits(5),
        "electric": lambda: start + draws.pick("DAB") + draws.digits(5),
        "hybrid": lambda: start + draws.pick("FGH") + draws.digits(5),
        "large electric": lambda: start + draws.digits(5) + "D",
    }[kind]()


def _fresh(taken, draw):
    while True:
        code = draw()
        if code not in taken:
            taken.add(code)
            return code


def _keep_some_apart(rows):
    """Cars that may never leave. Two of them ask to be shared: their rows are kept, and the guard stops them."""
    cars = [row for row in rows if row["vehicle_type"] == "轿车" and row["vehicle_use"] != "执法执勤"]
    cheap = [row for row in cars if row["purchase_price"] <= 120_000 and row["displacement_l"] <= "1.6"]
    secret = {"vehicle_use": "机要通信", "confidential": True, "marked": False, "custody_mode": "自用"}
    kept = {"shared": False, "market_rate_ref": None}
    cheap[0].update(secret, **kept)
    cheap[1].update(secret, **kept)
    asked = {"shared": True, "market_rate_ref": Decimal("300.00")}
    cheap[2].update(vehicle_use="机要通信", custody_mode="自用", **asked)
    rest = [row for row in cars if not any(row is other for other in cheap[:3])]
    rest[0].update(confidential=True, marked=False, **asked)
    for car, use in zip(rest[1:], ("副部(省)级及以上领导用车", "主要领导干部用车", "主要领导干部用车", "离退休干部")):
        car.update(vehicle_use=use, custody_mode="自用", **kept)
