"""The text beside the files."""

from .faults import CODES, FILE, FLAGGED, KEPT, REFUSED
from .files import KINDS, STYLES

_HEAD = """# Demo data

Registers of three provinces, all invented: names, codes, plates and figures belong to nobody. Written by `scripts/demo-data`, which rebuilds
every file here byte for byte; `scripts/demo-data --check` compares, `scripts/demo-data --figures` prints averages and counts. Change the script,
not the files.

The first row of each `institutions.csv` is the bureau that runs the node. Codes and dates keep to the CSV contract; due dates lie after 2040, so that
the demo shows the same for many years.

| folder | province | encoding | what it shows |
| --- | --- | --- | --- |
"""

_SHOWS = {
    "230000": "Chinese headers; codes as codes; two decimals",
    "220000": "as Excel saves it: full-width brackets in the headers of institutions and energy, `2025/3/5`, `2025年3月`, no trailing "
    "zeros, words for codes, an asset code with a leading zero, a character of four bytes",
    "210000": "English headers in another order, `yes` and `no`, without some of the optional columns",
}

_FILES = """
| file | rows | what it shows |
| --- | --- | --- |
"""

_MAIN = {
    "institutions": "nine to eleven cities; some classes have five institutions in a city, some have not, so cells merge; a few are not in the register",
    "assets": "about two of five leave, in every value band; one idle computer with its disks not wiped is stopped by the guard",
    "vehicles": "about half are shared; leaders', confidential and 机要通信 vehicles, two of which ask to be shared and are stopped by the guard",
    "energy": "January to March 2025 of the institutions in the register: heat by the GJ, by area, by gas or coal; estimates and missing months. In "
    "黑龙江 an ice rink uses most of what the sport institutions use together, so that their cell is withheld",
}

_FAULTS = """
`…-faults.csv` (rows beside: {counts}) are imported after the main files, those of institutions first. The remark (备注) of a row names the code to expect; without a remark
the row is good. A flag that rests on other rows stands behind them in the file. Nothing kept from these files leaves, and none of it speaks of the months of the
main files. `assets-faults.csv` of 吉林 also has a column that nobody knows (使用部门), its `energy-faults.csv` gives heat in 百万千焦, which equals GJ.

"""


def readme(provinces):
    text = _HEAD
    for made in provinces:
        code = made.province.code
        text += f"| `{code}/` | {made.province.name} | {STYLES[code].shown_encoding} | {_SHOWS[code]} |\n"
    text += _FILES
    for kind in KINDS:
        rows = "/".join(str(len(made.main[kind])) for made in provinces)
        text += f"| `{kind}.csv` | {rows} | {_MAIN[kind]} |\n"
    text += _FAULTS.format(counts=", ".join(f"{kind} {len(provinces[0].faults[kind])}" for kind in KINDS))
    for meaning in (REFUSED, KEPT, FLAGGED):
        text += f"* {meaning}: {', '.join(f'`{code}`' for code in CODES if CODES[code] == meaning)}\n"
    files = ", ".join(f"`{name}` {code}" for made in provinces for name, code in made.broken.items())
    text += f"* {FILE} (in `230000/` only): {files}\n"
    return text.encode()
