"""Three months of energy and water of the institutions in the register, from a year with the country's averages."""

from decimal import Decimal

from .draws import Draws
from .files import Period
from .institutions import FORM, YEAR

TCE = 103  # a year and institution, average
WATER_M3 = 6_745  # a year and institution, average
MONTHS = (1, 2, 3)

# kgce per unit: electricity by its heat value, gas at the upper end of GB/T 2589-2020; litres of fuel by density.
KGCE = {
    "electricity_kwh": 0.1229, "coal_t": 714.3, "natural_gas_m3": 1.33, "lpg_kg": 1.7143,
    "petrol_vehicle_l": 1.4714 * 0.73, "diesel_vehicle_l": 1.4571 * 0.84, "heat_gj": 34.12,
}
_KWH_PER_M2 = {"01": 62, "021": 32, "022": 80, "023": 52, "024": 105, "025": 30, "026": 54, "03": 48}
_WATER_PER_USER = {"01": 17, "021": 15, "022": 21, "023": 24, "024": 62, "025": 12, "026": 19, "03": 14}
_SHARES = {  # of January, February, March in a year
    "steady": (0.083, 0.080, 0.084),
    "light": (0.094, 0.084, 0.085),
    "school": (0.072, 0.046, 0.094),
    "water": (0.078, 0.070, 0.080),
    "heat": (0.212, 0.172, 0.138),
}
_HEATING = {  # how an institution is heated, by level
    "province": {"heat_gj": 0.78, "area": 0.18, "natural_gas_m3": 0.04},
    "city": {"heat_gj": 0.72, "area": 0.24, "natural_gas_m3": 0.04},
    "county": {"heat_gj": 0.62, "area": 0.28, "natural_gas_m3": 0.03, "coal_t": 0.07},
}
_PRICES = {  # 元 per unit
    "coal": (Decimal("820"), "coal_t"),
    "natural_gas": (Decimal("3.62"), "natural_gas_m3"),
    "water": (Decimal("4.30"), "water_m3"),
}
_ESTIMATED = ("抄表缺一周", "分表故障,按上月估算", "发票未到")


def energy(province, institutions):
    """The rows by period, then in the order of the institutions; and each institution's year."""
    draws = Draws("energy", province.code)
    reporting = [row for row in institutions if row["in_register"]]
    years = [_year(draws, row) for row in reporting]
    _scale(years)
    rows = []
    for month in MONTHS:
        for institution, year in zip(reporting, years):
            rows.append(_month(draws, province, institution, year, month))
    return rows, years


def _year(draws, row):
    """What an institution uses in a year; `heating` says how it is heated."""
    area, users, kind = row["floor_area_m2"], row["energy_users"], row["institution_class"]
    year = {
        "electricity_kwh": area * _KWH_PER_M2[kind] * draws.spread(0.25),
        "water_m3": users * _WATER_PER_USER[kind] * draws.spread(0.25),
        "petrol_vehicle_l": row["vehicles_petrol"] * 1_250 * draws.spread(0.2),
        "diesel_vehicle_l": row["vehicles_diesel"] * 1_700 * draws.spread(0.2),
    }
    canteen = draws.chance(0.75) and kind != "025"
    if canteen and row["level"] != "county":
        year["natural_gas_m3"] = users * 11 * draws.spread(0.3)
    elif canteen:
        year["lpg_kg"] = users * 5.5 * draws.spread(0.3)
    heating = draws.weighted(_HEATING[row["level"]])
    heat = {"heat_gj": 0.42, "natural_gas_m3": 13.0, "coal_t": 0.024}
    if kind == "025":
        heating = "area"
    if row.get("rink"):
        heating = "natural_gas_m3"
        year.update(electricity_kwh=area * 225.0, water_m3=area * 1.9)
    if heating != "area":
        year["heating"] = {heating: row["heated_area_m2"] * heat[heating] * draws.spread(0.12)}
    else:
        year["heating"] = {}
    year["heat_area_m2"] = row["heated_area_m2"] if heating == "area" else None
    year["pv_share"] = draws.between(4, 15) / 100 if draws.chance(0.08) else None
    year["reuse_share"] = draws.between(3, 12) / 100 if draws.chance(0.06) else None
    return year


def tce(year):
    parts = list(year["heating"].items()) + [(name, year.get(name, 0)) for name in KGCE]
    return sum(KGCE[name] * amount for name, amount in parts) / 1_000


def _scale(years):
    energy_factor = TCE * len(years) / sum(map(tce, years))
    water_factor = WATER_M3 * len(years) / sum(year["water_m3"] for year in years)
    for year in years:
        year["water_m3"] *= water_factor
        for name in KGCE:
            if name in year:
                year[name] *= energy_factor
        year["heating"] = {name: amount * energy_factor for name, amount in year["heating"].items()}


def _month(draws, province, institution, year, month):
    row = {"unit_uscc": institution["unit_uscc"], "period": Period(YEAR, month), "form_version": FORM}
    if draws.chance(0.012) and institution["institution_class"] != "025":
        row["data_status"] = "缺报"
        return row
    school = institution["institution_class"] == "021"

    def amount(name, shares):
        return year.get(name, 0) * _SHARES[shares][month - 1] * draws.spread(0.05)

    row["electricity_kwh"] = amount("electricity_kwh", "school" if school else "light")
    row["water_m3"] = amount("water_m3", "school" if school else "water")
    for name in ("natural_gas_m3", "lpg_kg"):
        row[name] = amount(name, "school" if school else "steady") or None
    row["petrol_vehicle_l"] = amount("petrol_vehicle_l", "steady") or None
    row["diesel_vehicle_l"] = amount("diesel_vehicle_l", "steady") or None
    for name, heat in year["heating"].items():
        row[name] = (row.get(name) or 0) + heat * _SHARES["heat"][month - 1] * draws.spread(0.05)
    row["heat_area_m2"] = year["heat_area_m2"]
    if year["pv_share"]:
        row["pv_self_use_kwh"] = row["electricity_kwh"] * year["pv_share"]
        row["pv_export_kwh"] = row["pv_self_use_kwh"] * 0.2
    if year["reuse_share"]:
        row["nonconventional_m3"] = row["water_m3"] * year["reuse_share"]
    _round(row)
    _price(draws, province, row)
    estimated = draws.chance(0.06)
    row["data_status"] = "估算" if estimated else "实测"
    row["remark"] = draws.pick(_ESTIMATED) if estimated and draws.chance(0.5) else None
    return row


_DECIMALS = {"coal_t": 2, "heat_gj": 2, "natural_gas_m3": 1, "petrol_vehicle_l": 1, "diesel_vehicle_l": 1, "lpg_kg": 1}


def _round(row):
    for name, value in row.items():
        if isinstance(value, float):
            digits = _DECIMALS.get(name, 0)
            row[name] = Decimal(f"{value:.{digits}f}") if digits else round(value)


def _price(draws, province, row):
    """Costs to the fen, each price within 5 % of the province's."""

    def cost(price, quantity):
        return (Decimal(price) * draws.between(95, 105) / 100 * quantity).quantize(Decimal("0.01"))

    row["electricity_cost"] = cost(province.power_price, row["electricity_kwh"])
    for name, (price, quantity) in _PRICES.items():
        if row.get(quantity):
            row[f"{name}_cost"] = cost(price, row[quantity])
    if row.get("heat_gj"):
        row["heat_cost"] = cost(58, row["heat_gj"])
    elif row["heat_area_m2"]:
        row["heat_cost"] = cost("5.2", row["heat_area_m2"])
