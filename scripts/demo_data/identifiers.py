"""Codes with check digits: unified social credit codes (GB 32100), VINs (GB 16735), plates (GA 36)."""

import re

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = [3**i % 31 for i in range(17)]
ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

VIN_VALUES = {digit: int(digit) for digit in "0123456789"}
VIN_VALUES.update(zip("ABCDEFGH", range(1, 9)))
VIN_VALUES.update(zip("JKLMN", range(1, 6)))
VIN_VALUES.update(P=7, R=9)
VIN_VALUES.update(zip("STUVWXYZ", range(2, 10)))
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
MODEL_YEARS = {year: letter for year, letter in zip(range(2010, 2026), "ABCDEFGHJKLMNPRS")}

_PLATE_SIGN = "A-HJ-NP-Z0-9"
PLATE = re.compile(
    f"[黑吉辽][A-HJ-NP-Z](?:[{_PLATE_SIGN}]{{5}}|[A-HJK][{_PLATE_SIGN}][0-9]{{4}}|[0-9]{{5}}[A-HJK])"
)


def uscc(kind, division, org8):
    """The code of an organisation: two digits of kind, the registering division, eight of its own."""
    body = kind + division + org8 + _org_check(org8)
    return body + _uscc_check(body)


def uscc_holds(code):
    form = re.fullmatch(r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}", code)
    return bool(form) and _uscc_check(code[:17]) == code[17] and _org_check(code[8:16]) == code[16]


def uscc_with_wrong_org(code):
    """A code whose own check digit holds while that of the organisation code inside does not."""
    inner = "0123456789"[(ORG_ALPHABET.index(code[16]) + 1) % 10]
    body = code[:16] + inner
    return body + _uscc_check(body)


def vin(maker, year, plant, serial):
    """`maker` = the eight characters before the check digit."""
    code = maker + "0" + MODEL_YEARS[year] + plant + serial
    return code[:8] + _vin_check(code) + code[9:]


def vin_holds(code):
    return len(code) == 17 and _vin_check(code) == code[8]


def other_digit(code, at):
    """The code with another digit at a place: every check digit here catches it."""
    return code[:at] + ("7" if code[at] != "7" else "1") + code[at + 1 :]


def _uscc_check(body):
    total = sum(USCC_ALPHABET.index(sign) * weight for sign, weight in zip(body, USCC_WEIGHTS))
    return USCC_ALPHABET[-total % 31]


def _org_check(org8):
    check = 11 - sum(ORG_ALPHABET.index(sign) * weight for sign, weight in zip(org8, ORG_WEIGHTS)) % 11
    return {10: "X", 11: "0"}.get(check, str(check))


def _vin_check(code):
    check = sum(VIN_VALUES[sign] * weight for sign, weight in zip(code, VIN_WEIGHTS)) % 11
    return "X" if check == 10 else str(check)
