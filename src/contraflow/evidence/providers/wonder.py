"""CDC WONDER: deaths by month, the tab-separated text of "Export", all drugs or T40.4."""

from __future__ import annotations

import re

from contraflow.evidence.providers.reading import DataError, Reading, by_month, require_no_gap
from contraflow.evidence.providers.sheet import Sheet, number

LABEL = "CDC WONDER deaths by month (tab-separated text)"
COLUMNS = ("Notes", "Month", "Month Code", "Deaths")
_END = "---"


def read(sheet: Sheet) -> Reading:
    """Deaths of US residents by month; which drug is told by the query that the file ends with.

    Raises:
        DataError: as `providers.read`.
    """
    columns = {name: sheet.header.index(name) for name in COLUMNS}
    deaths: dict[str, float] = {}
    provisional: list[str] = []
    footer: list[str] = []
    for line, cells in sheet.lines:
        if footer or cells[0].strip('"') == _END:
            footer.append(" ".join(cells))
            continue
        if len(cells) < len(sheet.header):
            raise DataError(sheet.path, line, f"expected {len(sheet.header)} cells: is the file cut off?")
        code = cells[columns["Month Code"]]
        if cells[columns["Notes"]] == "Total" or not code:
            continue
        match = re.fullmatch(r"(\d{4})/(0[1-9]|1[0-2])", code)
        if not match:
            raise DataError(sheet.path, line, f"Month Code is '{code}', expected a month as 2023/01")
        at = f"{match[1]}-{match[2]}"
        if at in deaths:
            raise DataError(sheet.path, line, f"{at} occurs twice: group results by month alone")
        deaths[at] = number(sheet, line, "Deaths", cells[columns["Deaths"]], whole=True)
        if "provisional" in cells[columns["Month"]] or "partial" in cells[columns["Month"]]:
            provisional.append(at)
    if not footer:
        raise DataError(sheet.path, 0, "ends without the query that WONDER adds after '---': is the file cut off?")
    require_no_gap(sheet.path, deaths, "month")
    drug = _drug(sheet, " ".join(_query(footer)))
    notes = (f"provisional from {min(provisional)}",) if provisional else ()
    return Reading("cdc_wonder", "wonder_state_months", {f"us.deaths.{drug}.wonder": by_month(deaths)}, notes)


def _query(footer: list[str]) -> list[str]:
    """The lines between the first two rules: dataset and query, without the caveats, which name causes of their own."""
    rules = [k for k, line in enumerate(footer) if line.strip() == _END]
    return footer[1 : rules[1] if len(rules) > 1 else None]


def _drug(sheet: Sheet, query: str) -> str:
    if "T40.4" in query:
        others = set(re.findall(r"T4\d\.\d", query)) - {"T40.4"}
        if others:
            raise DataError(sheet.path, 0, f"the query names {', '.join(sorted(others))} beside T40.4: ask for T40.4")
        return "synthetic_opioids"
    if "X40" in query or "Drug-induced" in query or "X44" in query:
        return "all_drugs"
    raise DataError(sheet.path, 0, "the query names neither overdose (X40-X44, X60-X64, X85, Y10-Y14) nor T40.4")
