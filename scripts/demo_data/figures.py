"""Checks what was made, and counts it."""

import datetime
from collections import Counter
from decimal import Decimal

from .energy import tce
from .faults import CODES, FILE, FLAGGED
from .identifiers import MODEL_YEARS, PLATE, uscc_holds, vin_holds
from .institutions import YEAR

BANDS_YUAN = (1_000, 5_000, 20_000, 100_000, 500_000)
CONTRIBUTORS_MIN = 5
NEVER_USES = ("副部(省)级及以上领导用车", "主要领导干部用车", "机要通信", "特种专业技术", "离退休干部")


def verify(provinces):
    """Stops on the first row of the main files that an import could refuse, or on a key that two rows share."""
    keys = set()
    for made in provinces:
        units = {row["unit_uscc"]: row for row in made.main["institutions"]}
        assert len(units) == 240 and len({row["unit_name"] for row in units.values()}) == 240
        for row in made.main["institutions"]:
            _institution(made.province, row)
        for row in made.main["assets"]:
            assert row["owner_unit_uscc"] in units, row
            _asset(row)
        for row in made.main["vehicles"]:
            assert row["owner_unit_uscc"] in units, row
            _vehicle(made.province, row)
        for row in made.main["energy"]:
            _energy(units[row["unit_uscc"]], row)
        _own_keys(made, keys)
        _faults(made)


def _institution(province, row):
    code = row["unit_uscc"]
    assert uscc_holds(code) and code[2:4] == row["division_code"][:2] == province.code[:2], row
    assert row["vehicles_total"] == sum(row[f"vehicles_{fuel}"] for fuel in ("petrol", "diesel", "nev")), row
    assert row["floor_area_m2"] > 0 and row["energy_users"] > 0, row
    assert row["energy_users"] <= 3 * (row["staff_quota"] or row["energy_users"]), row


def _asset(row):
    assert row["net_value"] == row["original_value"] - row["accumulated_depreciation"] >= 0, row
    assert row["acquire_date"] <= row["in_service_date"] <= row.get("idle_since", datetime.date(2025, 3, 31)), row
    assert row["quantity"] >= 1 and (row["usage_status"] != "闲置" or row["idle_since"]), row
    assert not row["shared"] or (row["lend_ok"] or row["transfer_ok"]), row


def _vehicle(province, row):
    plate, code, electric = row["plate_no"], row["vin"], row["fuel_type"] in ("纯电动", "插电混动")
    assert vin_holds(code) and PLATE.fullmatch(plate) and plate[0] == province.short, row
    assert abs(row["first_registration"].year - next(y for y, s in MODEL_YEARS.items() if s == code[9])) <= 1, row
    assert (len(plate) == 8) == electric and (row["fuel_type"] == "纯电动") == (row["displacement_l"] == "0"), row
    assert row["inspection_due"].year > 2040 and row["insurance_due"].year > 2040, row
    assert not row["shared"] or row["market_rate_ref"], row


def _energy(unit, row):
    if row["data_status"] == "缺报":
        return
    per_area = row["electricity_kwh"] * 12 / unit["floor_area_m2"]
    assert 5 <= per_area <= 300, (per_area, row)
    price = row["electricity_cost"] / row["electricity_kwh"]
    assert Decimal("0.5") < price < Decimal("0.9") and row["water_m3"] > (row.get("nonconventional_m3") or 0), row


def _own_keys(made, keys):
    """What must never leave is unlike everything of the other provinces, so that a search for it means something."""
    own = [row["unit_uscc"] for row in made.main["institutions"]] + [row["asset_code"] for row in made.main["assets"]]
    own += [row[name] for row in made.main["vehicles"] for name in ("vin", "plate_no")]
    fresh = [row["vin"] for row in made.faults["vehicles"] if row.get("remark") in (None, "ModelYear")]
    assert len(set(own)) == len(own) and not keys & set(own) and not set(own) & set(fresh)
    keys.update(own)


def _faults(made):
    """A row of the faults files that is kept changes nothing of what leaves."""
    main_periods = {row["period"] for row in made.main["energy"]}
    seen = {row.get("remark") for rows in made.faults.values() for row in rows} | set(made.broken.values())
    assert seen - {None} <= CODES.keys(), seen - CODES.keys()
    assert not [code for code, meaning in CODES.items() if code not in seen and meaning != FILE]
    kept = [row for row in made.faults["energy"] if CODES.get(row.get("remark")) in (None, FLAGGED)]
    assert not any(row["period"] in main_periods for row in kept)
    cards = [row for kind in ("assets", "vehicles") for row in made.faults[kind]]
    assert not any(row["shared"] for row in cards if CODES.get(row["remark"]) in (None, FLAGGED))


def figures(provinces):
    """Lines to print."""
    for made in provinces:
        yield f"{made.province.code} {made.province.name}"
        yield from (f"  {line}" for line in _province(made))
    total = sum(len(data) for made in provinces for data in made.files.values())
    yield f"{sum(len(made.files) for made in provinces)} files, {total:,} bytes"


def _province(made):
    institutions, years = made.main["institutions"], made.years
    count = len(institutions)
    cells = Counter((row["city"].code, row["institution_class"]) for row in institutions if row["in_register"])
    enough = sum(1 for contributors in cells.values() if contributors >= CONTRIBUTORS_MIN)
    yield f"{count} institutions in {len(made.province.cities)} cities, {len(years)} of them in the register"
    yield f"city × class: {enough} with {CONTRIBUTORS_MIN} institutions or more, {len(cells) - enough} with fewer"
    yield (
        f"an institution: {_mean(row['floor_area_m2'] for row in institutions):,.0f} m², "
        f"{_mean(row['energy_users'] for row in institutions):,.0f} users, a year {_mean(map(tce, years)):,.1f} tce, "
        f"{_mean(year['water_m3'] for year in years):,.0f} m³ of water"
    )
    status = Counter(row["data_status"] for row in made.main["energy"])
    counts = ", ".join(f"{number} {name}" for name, number in sorted(status.items()))
    yield f"{len(made.main['energy'])} months of energy {YEAR}: {counts}"
    yield from _offers(made)
    faults = {kind: sum(1 for row in rows if row.get("remark")) for kind, rows in made.faults.items()}
    yield "faults: " + ", ".join(f"{number} {kind}" for kind, number in faults.items())


def _offers(made):
    assets = [row for row in made.main["assets"] if row["shared"] and row.get("data_wiped") is not False]
    tops = Counter(row["asset_class_code"][:3] for row in assets)
    bands = Counter(sum(row["original_value"] / row["quantity"] >= limit for limit in BANDS_YUAN) for row in assets)
    yield (
        f"{len(made.main['assets'])} assets, {len(assets)} leave: "
        + ", ".join(f"{tops[top]} {top}" for top in sorted(tops))
        + "; by value band " + "/".join(str(bands[band]) for band in range(len(BANDS_YUAN) + 1))
    )
    cars = [row for row in made.main["vehicles"] if row["shared"]]
    leaving = [row for row in cars if not row["confidential"] and row["vehicle_use"] not in NEVER_USES]
    types = Counter(row["vehicle_type"] for row in leaving)
    free = sum(1 for row in leaving if row["vehicle_status"] == "空闲")
    yield (
        f"{len(made.main['vehicles'])} vehicles, {len(leaving)} leave, {free} of them free, "
        f"{len(cars) - len(leaving)} stopped by a guard: " + ", ".join(f"{number} {name}" for name, number in types.most_common())
    )


def _mean(numbers):
    numbers = list(numbers)
    return sum(numbers) / len(numbers)
