"""Rows that an import refuses, keeps without sharing, or flags; each names in its remark the code to expect.

A row with an empty remark is good. Faults are imported after the main files of the province: some repeat one of
their keys, most lean on their institutions. Nothing here that is kept is shared or speaks of January to March
2025, so what leaves a province is decided by its main files alone.
"""

import datetime
from decimal import Decimal

from .draws import Draws
from .files import Period
from .identifiers import other_digit, uscc, uscc_with_wrong_org, vin

# What each code of a remark means for its row.
REFUSED, KEPT, FLAGGED, FILE = "row refused", "row kept, not shared", "row kept, flagged", "file refused"
CODES = {
    # a cell
    "Blank": REFUSED, "NotAValue": REFUSED, "ExcelDestroyedCode": REFUSED, "CodeSpelling": REFUSED,
    "TooLong": REFUSED, "ControlCharacter": REFUSED, "UsccForm": REFUSED, "UsccCheckDigit": REFUSED,
    "VinForm": REFUSED, "VinCheckDigit": REFUSED, "PlateForm": REFUSED, "DivisionUnknown": REFUSED,
    "NotAChoice": REFUSED, "MoneyForm": REFUSED, "QuantityForm": REFUSED, "CountForm": REFUSED,
    "DateForm": REFUSED, "PeriodForm": REFUSED, "YesNoForm": REFUSED,
    # a row
    "KeyTwice": REFUSED, "UnitNotInRegister": REFUSED, "AssetClassForm": REFUSED, "NetValueMismatch": REFUSED,
    "DateOrder": REFUSED, "QuantityNotPositive": REFUSED, "PlateFuelMismatch": REFUSED,
    "ElectricWithDisplacement": REFUSED, "SeatsRange": REFUSED, "OdometerBackwards": REFUSED,
    "PeriodInFuture": REFUSED, "PartAboveTotal": REFUSED, "NothingReported": REFUSED,
    "NotIdleNorLendable": KEPT, "NotBooked": KEPT, "StorageNotWiped": KEPT, "ConditionNotListable": KEPT,
    "Confidential": KEPT, "UseNotShareable": KEPT, "InspectionExpired": KEPT, "InsuranceExpired": KEPT,
    "StatusNotShareable": KEPT,
    "OrgCheckDigit": FLAGGED, "UsersOverQuota": FLAGGED, "SerialTwice": FLAGGED, "AssetClassUnknown": FLAGGED,
    "VinCheckDigitForeign": FLAGGED, "ElectricOnOrdinaryPlate": FLAGGED, "PlateOtherProvince": FLAGGED,
    "ModelYear": FLAGGED, "OverCeiling": FLAGGED, "Unmarked": FLAGGED, "UnitPriceOutOfBand": FLAGGED,
    "YearOnYear": FLAGGED, "PerArea": FLAGGED, "SameValueSixMonths": FLAGGED,
    # a file
    "ColumnsMissing": FILE, "ColumnTwice": FILE, "WrongUnitInHeader": FILE, "EncodingUnknown": FILE,
}
_LONG_AGO = datetime.date(2024, 6, 30)


def faults(province, main):
    """Rows by kind; `main` holds the rows of the main files by kind."""
    newcomer = _newcomer(province, main)
    return {
        "institutions": _institution_faults(province, main, newcomer),
        "assets": _asset_faults(province, main),
        "vehicles": _vehicle_faults(province, main),
        "energy": _energy_faults(province, main, newcomer),
    }


def _full_width(text):
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def _uscc_faults(column):
    """What may be wrong with any credit code. The base row's code has a letter in it."""
    return [
        ("UsccForm", {column: lambda code: code[:17]}),
        ("UsccForm", {column: lambda code: code[:8] + "O" + code[9:]}),
        ("UsccCheckDigit", {column: lambda code: other_digit(code, 12)}),
        ("CodeSpelling", {column: str.lower}),
        ("CodeSpelling", {column: _full_width}),
        ("CodeSpelling", {column: lambda code: f"{code[:6]} {code[6:]}"}),
        ("ExcelDestroyedCode", {column: "1.123E+17"}),
    ]


def _spoil(base, code, changes):
    """A good row with some cells replaced, by a value or by a function of what stood there."""
    row = {**base, "remark": code or None}
    for column, change in changes.items():
        row[column] = change(row.get(column)) if callable(change) else change
    return row


def _fresh_uscc(draws, province):
    return uscc("12", province.code, "MB" + draws.digits(6))


# --- institutions -----------------------------------------------------------------------------------------


def _newcomer(province, main):
    """An institution of the faults files alone; it was there the year before."""
    draws = Draws("newcomer", province.code)
    base = next(row for row in main["institutions"] if row["institution_class"] == "026")
    name = f"{province.name}示例后勤服务中心"
    size = {"floor_area_m2": 4_000, "heated_area_m2": 3_800, "energy_users": 160, "staff_quota": 130}
    return {**base, **size, "unit_uscc": _fresh_uscc(draws, province), "unit_name": name, "in_register": True}


def _institution_faults(province, main, newcomer):
    draws = Draws("institution faults", province.code)
    faults = [
        *_uscc_faults("unit_uscc"),
        ("DivisionUnknown", {"division_code": province.code[:2] + "9901"}),
        ("NotAChoice", {"institution_class": "1"}),
        ("NotAChoice", {"institution_class": "学校"}),
        ("NotAValue", {"floor_area_m2": "Null"}),
        ("NotAValue", {"energy_users": "无数据"}),
        ("NotAValue", {"heated_area_m2": "/"}),
        ("QuantityForm", {"floor_area_m2": "12,345"}),
        ("QuantityForm", {"floor_area_m2": "3100.125"}),
        ("CountForm", {"energy_users": "-74"}),
        ("YesNoForm", {"in_register": "有"}),
        ("Blank", {"unit_name": None}),
        ("OrgCheckDigit", {"unit_uscc": uscc_with_wrong_org}),
        ("UsersOverQuota", {"energy_users": 400, "staff_quota": 90}),
    ]
    good = [{**newcomer, "year": 2024}, newcomer]
    spoilt = []
    for number, (code, changes) in enumerate(faults, 1):
        name = f"{newcomer['unit_name']}{number}分部"
        base = {**newcomer, "unit_uscc": _fresh_uscc(draws, province), "unit_name": name}
        spoilt.append(_spoil(base, code, changes))
    return good + spoilt + [_spoil(newcomer, "KeyTwice", {"energy_users": 99})]


# --- assets -----------------------------------------------------------------------------------------------

_SHARED = {
    "usage_status": "闲置", "idle_since": datetime.date(2025, 2, 1), "condition_code": "4", "lend_ok": True,
    "transfer_ok": True, "freight_payer": "调入方", "shared": True,
}


def _asset_faults(province, main):
    draws = Draws("asset faults", province.code)
    kept = [row for row in main["assets"] if not row["shared"] and row["brand"]]
    base = {
        **next(row for row in kept if row["asset_class_code"] == "A02010105" and row["usage_status"] == "自用"),
        "owner_unit_uscc": _with_letter(main), "condition_code": "4",
    }
    shared = {**_SHARED, "data_wiped": True}
    in_use = {"usage_status": "自用", "idle_since": None, "lend_ok": False, "transfer_ok": False}
    faults = [
        ("", {}),
        *_uscc_faults("owner_unit_uscc"),
        ("UnitNotInRegister", {"owner_unit_uscc": _fresh_uscc(draws, province)}),
        ("DivisionUnknown", {"division_code": province.code[:2] + "9901"}),
        ("ExcelDestroyedCode", {"asset_code": "1.123E+17"}),
        ("AssetClassForm", {"asset_class_code": "A0201010"}),
        ("AssetClassForm", {"asset_class_scheme": "2010", "asset_class_code": "A02010105"}),
        ("CodeSpelling", {"asset_class_code": "a02010105"}),
        ("CodeSpelling", {"asset_class_code": "Ａ０２０１０１０５"}),
        ("NetValueMismatch", {"net_value": lambda net: net + Decimal("0.02")}),
        ("MoneyForm", {"original_value": "4,860.00"}),
        ("MoneyForm", {"original_value": "4860.125"}),
        ("MoneyForm", {"accumulated_depreciation": "-120.00"}),
        ("NotAValue", {"net_value": "-"}),
        ("NotAValue", {"quantity": "Null"}),
        ("NotAValue", {"acquire_date": "/"}),
        ("QuantityNotPositive", {"quantity": 0}),
        ("DateOrder", {"in_service_date": lambda date: date.replace(year=date.year - 2)}),
        ("DateForm", {"acquire_date": "2021.3.15"}),
        ("DateForm", {"acquire_date": "20210315"}),
        ("DateForm", {"acquire_date": "2021-02-30"}),
        ("NotAChoice", {"usage_status": "在用"}),
        ("NotAChoice", {"condition_code": "9"}),
        ("YesNoForm", {"shared": "共享"}),
        ("Blank", {"asset_name": None}),
        ("Blank", {"usage_status": "闲置", "idle_since": None}),
        ("Blank", {**shared, "lend_ok": None}),
        ("Blank", {**shared, "data_wiped": None}),
        ("ControlCharacter", {"specification": "i5-10400\x07/16G"}),
        ("TooLong", {"asset_name": "长" * 201}),
        ("NotIdleNorLendable", {**shared, **in_use}),
        ("NotBooked", {**shared, "accounting_status": "未入账"}),
        ("StorageNotWiped", {**shared, "data_wiped": False}),
        ("ConditionNotListable", {**shared, "condition_code": "X"}),
        ("ConditionNotListable", {**shared, "condition_code": "S"}),
        ("SerialTwice", {"serial_no": kept[0]["serial_no"]}),
        ("AssetClassUnknown", {"asset_class_code": "A02990000"}),
    ]
    rows = [_spoil(_fresh_card(base, number), code, changes) for number, (code, changes) in enumerate(faults, 901)]
    return rows + [_spoil(rows[0], "KeyTwice", {"quantity": 2})]


def _fresh_card(base, number):
    code = base["asset_code"]
    return {**base, "asset_code": f"{code[:-3]}{number}", "serial_no": f"ZZ{number}{base['serial_no'][-5:]}"}


def _with_letter(main):
    """A unit of the register whose code has letters, so that lower case is another spelling."""
    return next(row["unit_uscc"] for row in main["institutions"] if row["in_register"] and "MB" in row["unit_uscc"])


# --- vehicles ---------------------------------------------------------------------------------------------


def _vehicle_faults(province, main):
    draws = Draws("vehicle faults", province.code)
    known = next(row for row in main["vehicles"] if row["odometer_km"] > 20_000 and not row["shared"])
    base = {
        **next(row for row in main["vehicles"] if row["make_model"].startswith("大众")),
        "vehicle_use": "业务", "confidential": False, "marked": True, "shared": False, "market_rate_ref": None,
        "first_registration": datetime.date(2022, 5, 18), "in_service_date": datetime.date(2022, 5, 20),
        "purchase_price": Decimal("118000.00"), "owner_unit_uscc": _with_letter(main), "vehicle_status": "空闲",
        "odometer_km": 41_005,
    }
    base["custodian_uscc"] = base["owner_unit_uscc"]
    shared = {"shared": True, "market_rate_ref": Decimal("300.00")}
    electric = {"fuel_type": "纯电动", "displacement_l": "0", "emission_std": None}
    green = {**electric, "plate_kind": "小型新能源汽车"}
    start = province.short + "A"
    foreign = vin("JTMHV05J", 2022, "4", draws.digits(6))
    faults = [
        ("", {}),
        ("VinForm", {"vin": lambda code: code[:16]}),
        ("VinForm", {"vin": lambda code: code[:11] + "I" + code[12:]}),
        ("VinCheckDigit", {"vin": lambda code: other_digit(code, 16)}),
        ("CodeSpelling", {"vin": str.lower}),
        ("PlateForm", {"plate_no": start + "1234I"}),
        ("PlateForm", {"plate_no": start + "123456"}),
        ("CodeSpelling", {"plate_no": str.lower}),
        ("CodeSpelling", {"plate_no": _full_width}),
        ("CodeSpelling", {"plate_no": lambda plate: f"{plate[:2]} {plate[2:]}"}),
        ("PlateFuelMismatch", {"plate_no": start + "D90001", "plate_kind": "小型新能源汽车"}),
        ("ElectricWithDisplacement", {**green, "plate_no": start + "D90002", "displacement_l": "1.5"}),
        ("SeatsRange", {"seats": 0}),
        ("SeatsRange", {"seats": 61}),
        *_uscc_faults("owner_unit_uscc"),
        ("UnitNotInRegister", {"owner_unit_uscc": _fresh_uscc(draws, province)}),
        ("DivisionUnknown", {"division_code": province.code[:2] + "9901"}),
        ("NotAValue", {"odometer_km": "NIS"}),
        ("NotAValue", {"purchase_price": "Null"}),
        ("NotAValue", {"insurance_due": "-"}),
        ("CountForm", {"odometer_km": "86,240"}),
        ("CountForm", {"odometer_km": "-5"}),
        ("MoneyForm", {"purchase_price": "128,000.00"}),
        ("DateForm", {"first_registration": "2022年5月"}),
        ("NotAChoice", {"vehicle_use": "接送"}),
        ("NotAChoice", {"fuel_type": "电"}),
        ("YesNoForm", {"confidential": "未知"}),
        ("Blank", {"confidential": None}),
        ("Blank", {"shared": True, "market_rate_ref": None}),
        ("Confidential", {**shared, "confidential": True}),
        *[
            ("UseNotShareable", {**shared, "vehicle_use": use})
            for use in ("副部(省)级及以上领导用车", "主要领导干部用车", "机要通信", "特种专业技术", "离退休干部")
        ],
        ("InspectionExpired", {**shared, "inspection_due": _LONG_AGO}),
        ("InsuranceExpired", {**shared, "insurance_due": _LONG_AGO}),
        ("StatusNotShareable", {**shared, "vehicle_status": "待处置"}),
        ("StatusNotShareable", {**shared, "vehicle_status": "注销"}),
        ("VinCheckDigitForeign", {"vin": other_digit(foreign, 16), "origin_country": "日本"}),
        ("ElectricOnOrdinaryPlate", electric),
        ("PlateOtherProvince", {"plate_no": f"京A{province.letters[0]}9048"}),
        ("ModelYear", {"vin": vin("LSVNA418", 2018, "B", draws.digits(6))}),
        ("OverCeiling", {"purchase_price": Decimal("268000.00")}),
        ("Unmarked", {"marked": False}),
    ]
    rows = []
    for number, (code, changes) in enumerate(faults, 1):
        rows.append(_spoil(_fresh_car(draws, base, start, number), code, changes))
    backwards = _spoil(known, "OdometerBackwards", {"odometer_km": lambda km: km - 1_000})
    return rows + [backwards, _spoil(rows[0], "KeyTwice", {"seats": 4})]


def _fresh_car(draws, base, start, number):
    own = {
        "vin": vin("LSVNA418", 2022, "B", draws.digits(6)),
        "plate_no": f"{start}Z9{number:03}",
        "engine_no": f"ZZ900-{number:06}",
        "quota_no": None,
    }
    return {**base, **own}


# --- energy -----------------------------------------------------------------------------------------------


def _energy_faults(province, main, newcomer):
    draws = Draws("energy faults", province.code)
    units = [row for row in main["institutions"] if row["in_register"] and "MB" in row["unit_uscc"]]
    march = [row for row in main["energy"] if row["period"].month == 3 and row["data_status"] != "缺报"]
    by_unit = {row["unit_uscc"]: {**row, "data_status": "实测"} for row in march}
    bases = [by_unit[unit["unit_uscc"]] for unit in units if unit["unit_uscc"] in by_unit]
    stays = ("unit_uscc", "period", "form_version", "data_status", "remark")
    nothing = {name: None for name in bases[0] if name not in stays}
    faults = [
        ("", {}),
        *_uscc_faults("unit_uscc"),
        ("UnitNotInRegister", {"unit_uscc": _fresh_uscc(draws, province)}),
        ("UnitNotInRegister", {"period": Period(2024, 4)}),
        ("PeriodForm", {"period": "2025-13"}),
        ("PeriodForm", {"period": "202504"}),
        ("PeriodForm", {"period": "2025年第一季度"}),
        ("PeriodInFuture", {"period": Period(2099, 1)}),
        ("QuantityForm", {"electricity_kwh": "14,820.00"}),
        ("QuantityForm", {"electricity_kwh": "-14820"}),
        ("QuantityForm", {"water_m3": "410.125"}),
        ("QuantityForm", {"heat_gj": "约850"}),
        ("MoneyForm", {"electricity_cost": "8,447.40"}),
        ("NotAValue", {"electricity_kwh": "Null"}),
        ("NotAValue", {"natural_gas_m3": "NIS"}),
        ("NotAValue", {"coal_t": "-"}),
        ("NotAValue", {"heat_gj": "/"}),
        ("NotAValue", {"water_m3": "无数据"}),
        ("PartAboveTotal", {"nonconventional_m3": 900, "water_m3": 410, "water_cost": Decimal("1763.00")}),
        ("NotAChoice", {"data_status": "预估"}),
        ("Blank", {"form_version": None}),
        ("NothingReported", nothing),
        ("UnitPriceOutOfBand", {"electricity_cost": lambda cost: (cost / 1_000).quantize(Decimal("0.01"))}),
    ]
    base = iter(bases)
    rows = [_spoil({**next(base), "period": Period(2025, 4)}, code, changes) for code, changes in faults]
    rows.append(_spoil(rows[0], "KeyTwice", {"electricity_kwh": 999}))
    return rows + _flagged_by_history(province, next(base), newcomer)


def _flagged_by_history(province, base, newcomer):
    """Flags that rest on other months, which therefore stand before the flagged one."""
    own = {"unit_uscc": newcomer["unit_uscc"], "form_version": base["form_version"], "data_status": "实测"}

    def month(period, kwh, code=""):
        cost = (Decimal(province.power_price) * kwh).quantize(Decimal("0.01"))
        row = {**own, "period": period, "electricity_kwh": kwh, "electricity_cost": cost}
        return {**row, "water_m3": 100 + kwh % 97, "remark": code or None}

    year_on_year = [month(Period(2024, 5), 14_000), month(Period(2025, 5), 21_000, "YearOnYear")]
    per_area = [month(Period(2025, 6), 240_000, "PerArea")]
    same = [{**month(Period(2025, number), 4_321), "unit_uscc": base["unit_uscc"]} for number in range(4, 10)]
    same[-1]["remark"] = "SameValueSixMonths"
    return year_on_year + per_area + same


# --- whole files ------------------------------------------------------------------------------------------


def broken_files(style, main):
    """Files that are refused as a whole, by name; each with one row that would be good."""
    headers = style.headers("energy")
    row = next(row for row in main["energy"] if row["data_status"] == "实测")

    def renamed(column, name):
        return [(each, name if each == column else header) for each, header in headers]

    files = {
        "energy-wrong-unit.csv": ("WrongUnitInHeader", renamed("electricity_kwh", "电力(万千瓦时)")),
        "energy-wrong-heat-unit.csv": ("WrongUnitInHeader", renamed("heat_gj", "热力(千焦)")),
        "energy-column-twice.csv": ("ColumnTwice", headers[:3] + headers[2:]),
        "energy-missing-column.csv": ("ColumnsMissing", [pair for pair in headers if pair[0] != "data_status"]),
    }
    made = {name: (code, style.file(columns, [{**row, "remark": code}])) for name, (code, columns) in files.items()}
    good = style.file(headers, [{**row, "remark": "EncodingUnknown"}])
    made["energy-wrong-encoding.csv"] = ("EncodingUnknown", good + b"\xff\xfe\xff\r\n")
    return made
