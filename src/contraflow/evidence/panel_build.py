"""Builds the panel tables from the publishers' files: one compact table a topic, periods down, places across.

``python -m contraflow.evidence.panel_build FOLDER`` reads the files as published and rewrites ``panels/*.csv``
beside this module. Figures are copied, added over sub-categories, or left out; none is modelled. Nothing ends after
2024-12. An empty cell is a count that the publisher suppresses (below 10), never a zero. Events of leaders are not
built here: ``panels/mx_leader_removals.csv`` is written by hand, without names.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

TABLES = Path(__file__).parent / "panels"
Cells = Mapping[tuple[str, str], float]

#: All-drug counts of later months were far from complete when the file was made.
LAST_ALL_DRUGS = "2024-06"
LAST = "2024-12"


def build(folder: Path, out: Path = TABLES) -> list[Path]:
    """Write every built table from the publishers' files in ``folder``; returns what was written."""
    states = [row["usps"] for row in _rows(folder / "us_states.csv")]
    deaths = list(_rows(folder / "us_overdose_deaths_monthly_state_wonder.csv"))
    synthetic = _months((r for r in deaths if r["drug"] == "synthetic_opioids"), "2015-01", LAST)
    every = _months((r for r in deaths if r["drug"] == "all_drugs"), "2018-01", LAST_ALL_DRUGS)
    reports = list(_rows(folder / "nflis_fentanyl_related_reports_state_half.csv"))
    early = [r for r in _rows(folder / "us_nflis_fentanyl_related_state_year.csv") if "2014" <= r["year"] <= "2017"]
    dispensing = list(_rows(folder / "us_state_naloxone_buprenorphine_dispensing.csv"))
    people = [r for r in _rows(folder / "us_state_population.csv") if "2014" <= r["year"] <= "2024"]
    disorder = {
        (r["year_pair"], r["state"]): 100 * float(r["estimate"])
        for r in _rows(folder / "us_state_nsduh_oud_2022_23.csv")
    }
    written = [
        _write(out / "us_deaths_synthetic.csv", synthetic, states),
        _write(out / "us_deaths_all_drugs.csv", every, states),
        _write(out / "us_reports_fentanyl.csv", _reports(reports, "fentanyl"), states),
        _write(out / "us_reports_carfentanil.csv", _reports(reports, "carfentanil"), states),
        _write(out / "us_reports_fentanyl_years.csv", _year_reports(early, "fentanyl", states), states),
        _write(out / "us_reports_carfentanil_years.csv", _year_reports(early, "carfentanil", states), states),
        _write(out / "us_naloxone_rx.csv", _years(dispensing, "naloxone_rx_per_100"), states),
        _write(out / "us_buprenorphine_rx.csv", _years(dispensing, "buprenorphine_rx_per_100"), states),
        _write(out / "us_population.csv", _years(people, "population"), states),
        _write(out / "us_disorder.csv", disorder, states, digits=2),
    ]
    codes = {r["state_code"]: r["iso_3166_2"].removeprefix("MX-") for r in _rows(folder / "mx_states.csv")}
    mexican = list(codes.values())
    certificates = (
        r for r in _rows(folder / "mx_homicides_inegi_state_month.csv") if r["series"] == "gargiulo_occurred"
    )
    files = _rows(folder / "mx_homicide_victims_sesnsp_state_month.csv")
    residents = (r for r in _rows(folder / "mx_population_state_year.csv") if "2004" <= r["year"] <= "2024")
    return [
        *written,
        _write(out / "mx_homicides_certificates.csv", _mexican(certificates, codes, "homicides", 2005, 2017), mexican),
        _write(out / "mx_homicides_files.csv", _mexican(files, codes, "total", 2017, 2024), mexican),
        _write(
            out / "mx_population.csv",
            {(r["year"], codes[r["state_code"]]): float(r["total"]) for r in residents if r["state_code"] in codes},
            mexican,
        ),
    ]


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _months(rows: Iterable[Mapping[str, str]], first: str, last: str) -> Cells:
    return {(r["month"], r["state"]): float(r["deaths"]) for r in rows if first <= r["month"] <= last}


def _reports(rows: Iterable[Mapping[str, str]], substance: str) -> Cells:
    """Laboratory reports of one substance by half-year (its first month). No report is a zero."""
    rows = list(rows)
    periods = sorted({(r["year"], r["half"]) for r in rows})
    places = sorted({r["state"] for r in rows})
    total = {(_half(y, h), place): 0.0 for y, h in periods for place in places}
    for r in rows:
        if r["substance_base"].strip() == substance:
            total[_half(r["year"], r["half"]), r["state"]] += float(r["drug_reports"])
    return total


def _year_reports(rows: Iterable[Mapping[str, str]], substance: str, states: list[str]) -> Cells:
    """Laboratory reports of one substance by year. No report is a zero."""
    rows = list(rows)
    total = {(year, state): 0.0 for year in sorted({r["year"] for r in rows}) for state in states}
    for r in rows:
        if r["substance"].strip().lower() == substance and r["state"] in states:
            total[r["year"], r["state"]] += float(r["drug_reports"])
    return total


def _half(year: str, half: str) -> str:
    return f"{year}-{'01' if half == '1' else '07'}"


def _years(rows: Iterable[Mapping[str, str]], column: str) -> Cells:
    return {(r["year"], r["state"]): float(r[column]) for r in rows}


def _mexican(
    rows: Iterable[Mapping[str, str]], codes: Mapping[str, str], column: str, first: int, last: int
) -> dict[tuple[str, str], float]:
    total: dict[tuple[str, str], float] = {}
    for r in rows:
        if first <= int(r["year"]) <= last and r["state_code"] in codes:
            key = f"{r['year']}-{int(r['month']):02d}", codes[r["state_code"]]
            total[key] = total.get(key, 0.0) + float(r[column])
    return total


def _write(path: Path, cells: Cells, places: list[str], digits: int = 1) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["period", *places])
        for period in sorted({p for p, _ in cells}):
            values = [cells.get((period, place)) for place in places]
            out.writerow([period, *("" if v is None else f"{round(v, digits):.10g}" for v in values)])
    return path


if __name__ == "__main__":
    for table in build(Path(sys.argv[1])):
        print(table.name, table.stat().st_size)
