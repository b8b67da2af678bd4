"""The institution masters of a province, with the averages of the country's public institutions."""

from collections import namedtuple

from .draws import Draws
from .identifiers import uscc

AREA_M2 = 5_595  # floor area, average of an institution
USERS = 314  # energy users, average
YEAR = 2025
FORM = "2025-11"

_Kind = namedtuple("_Kind", "uscc area_m2 m2_per_user vehicles_per_user nouns")
_KINDS = {
    "01": _Kind("11", 4_800, 24, 1 / 45, "财政局 民政局 审计局 司法局 水务局 农业农村局 档案局 统计局 教育局 信访局 医疗保障局 "
                "应急管理局 商务局 林业和草原局 交通运输局 市场监督管理局 自然资源局 生态环境局"),
    "021": _Kind("12", 7_600, 11.5, 1 / 900, "幼儿园 小学 实验小学 初级中学 中学 职业技术学校 特殊教育学校 高级中学"),
    "022": _Kind("12", 4_200, 30, 1 / 60, "农业科学研究所 地质调查所 林业科学研究所 计量检测所 寒地作物研究所 科技情报所"),
    "023": _Kind("12", 4_000, 55, 1 / 80, "图书馆 文化馆 博物馆 美术馆 群众艺术馆"),
    "024": _Kind("12", 9_500, 26, 1 / 90, "社区卫生服务中心 中心医院 妇幼保健院 疾病预防控制中心 中心卫生院 中医院"),
    "025": _Kind("12", 5_500, 60, 1 / 70, "体育运动学校 体育馆 全民健身中心 体育场"),
    "026": _Kind("12", 2_600, 24, 1 / 50, "政务服务中心 不动产登记中心 园林管理处 市政养护中心 公证处 农业技术推广站 "
                 "水文站 殡葬服务中心 救助管理站 房产服务中心"),
    "03": _Kind("13", 1_500, 24, 1 / 50, "科学技术协会 残疾人联合会 工商业联合会 红十字会"),
}
_WORDS = "白桦 云杉 松涛 江畔 晨曦 北辰 青禾 沃野 晴川 雪原 长林 金穗 朝霞 碧水 丹枫 银杏".split()
_LEVEL_AREA = {"province": 2.0, "city": 1.3, "county": 0.75}


def institutions(province):
    """All rows, the bureau of the province first; `level` and `city` are no columns but serve the other parts."""
    draws = Draws("institutions", province.code)
    rows, names, codes = [], set(), set()
    for city in province.cities:
        for kind, count in city.counts.items():
            for index in range(count):
                row = _institution(draws, province, city, kind, index, names, codes)
                rows.append(row)
    _name_the_bureau(province, rows[0])
    _add_the_rink(province, rows)
    _scale(rows, "floor_area_m2", AREA_M2)
    _scale(rows, "energy_users", USERS)
    for row in rows:
        _complete(draws, row)
    return rows


def _institution(draws, province, city, kind, index, names, codes):
    level, county = _seat(province, city, index)
    place = {"province": province.name, "city": city.name, "county": _place_name(city, county)}[level]
    area = _KINDS[kind].area_m2 * _LEVEL_AREA[level] * draws.spread(0.6)
    registered = {"province": province.code, "city": city.code, "county": county.code}[level]
    return {
        "unit_uscc": _fresh_uscc(draws, _KINDS[kind].uscc, registered, codes),
        "unit_name": _fresh_name(draws, place, kind, names),
        "year": YEAR,
        "institution_class": kind,
        "division_code": county.code,
        "floor_area_m2": area,
        "energy_users": area / _KINDS[kind].m2_per_user * draws.spread(0.25),
        "form_version": FORM,
        "level": level,
        "city": city,
    }


def _seat(province, city, index):
    """Level and county: in the capital every fourth belongs to the province, elsewhere every third to the city."""
    if city is province.cities[0] and index % 4 == 0:
        return "province", city.counties[0]
    if index % 3 == 0:
        return "city", city.counties[0]
    return "county", city.counties[index % len(city.counties)]


def _place_name(city, county):
    return city.name + county.name if county.name.endswith("区") else county.name


def _fresh_name(draws, place, kind, names):
    nouns = draws.shuffled(_KINDS[kind].nouns.split())
    with_word = kind not in ("01", "03")
    for noun in nouns * 3:
        name = f"{place}示例{draws.pick(_WORDS) if with_word else ''}{noun}"
        if name not in names:
            names.add(name)
            return name
    raise AssertionError(f"no name is left for {kind} in {place}")


def _fresh_uscc(draws, kind, division, codes):
    while True:
        org = "MB" + draws.digits(6) if draws.chance(0.3) else "0" + draws.digits(7)
        code = uscc(kind, division, org)
        if code not in codes:
            codes.add(code)
            return code


def _name_the_bureau(province, row):
    row["unit_name"] = f"{province.name}示例机关事务管理局"
    row["bureau"] = True


def _add_the_rink(province, rows):
    """One of the five sport institutions of 黑龙江 is an ice rink that uses most of all they use together: its
    class has enough area and people in it to be a cell, and nothing that may be shown of it."""
    if province.code != "230000":
        return
    sport = [row for row in rows if row["institution_class"] == "025"]
    for row in sport:
        row["floor_area_m2"] = 4_000 + 350 * sport.index(row)
        row["energy_users"] = 52 + 9 * sport.index(row)
    sport[0].update(unit_name=f"{province.name}示例雪原冰上运动中心", floor_area_m2=13_000, energy_users=120, rink=True)


def _scale(rows, column, average):
    factor = average * len(rows) / sum(row[column] for row in rows)
    for row in rows:
        row[column] = max(6, round(row[column] * factor))


def _complete(draws, row):
    kind = row["institution_class"]
    users = row["energy_users"]
    row["heated_area_m2"] = round(row["floor_area_m2"] * (0.92 + draws.between(0, 8) / 100))
    row["staff_quota"] = None if kind == "021" else round(users * (0.7 + draws.between(0, 25) / 100))
    if kind == "021":
        row["students"] = users - max(3, users // 12)
    if kind == "024" and users >= 150:
        row["beds"] = users * draws.between(50, 80) // 100
    # The other sport institutions have no cars, so that nothing of the rink hides among theirs.
    cars = 0 if kind == "025" and not row.get("rink") else users * _KINDS[kind].vehicles_per_user * draws.spread(0.3)
    total = max(round(cars), 16 if row.get("bureau") else 0)
    row["vehicles_total"] = total
    row["vehicle_quota"] = total + (draws.between(0, 2) if total else 0)
    row["vehicles_nev"] = total * draws.between(10, 45) // 100
    row["vehicles_diesel"] = (total - row["vehicles_nev"]) * draws.between(0, 30) // 100
    row["vehicles_petrol"] = total - row["vehicles_nev"] - row["vehicles_diesel"]
    row["in_register"] = kind == "025" or row.get("bureau") or not draws.chance(0.04)
