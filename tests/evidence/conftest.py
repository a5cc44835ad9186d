"""Files in the form of their providers, with figures made up except where the evidence already holds them."""

import pytest

from contraflow import evidence
from contraflow.evidence.providers import cbp, rnpdno, sesnsp, vsrr

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
INDICATORS = {
    "all_drugs": "Number of Drug Overdose Deaths",
    "opioids": "Opioids (T40.0-T40.4,T40.6)",
    "synthetic_opioids": "Synthetic opioids, excl. methadone (T40.4)",
}


def known_months(series):
    """Month number → value of an evidence series by month."""
    return {round(r.start * 12): r.value for r in evidence.load().series[series].rows}


def vsrr_lines(until="2025-03", scale=1.0):
    """CDC VSRR: windows that reproduce the months of the evidence to 2024-12, and made-up months after."""
    end = int(until[:4]) * 12 + int(until[5:])
    note = "Numbers may differ from published reports using final data. See Technical Notes."
    months = {d: known_months(f"us.deaths.{d}.monthly") for d in ("all_drugs", "synthetic_opioids")}
    for held in months.values():
        for m in range(2025 * 12, end):
            held[m] = held[m - 1]
    lines = [",".join(vsrr.COLUMNS)]
    for m in range(2018 * 12 + 11, end):
        at = {d: sum(held[m - k] for k in range(12)) for d, held in months.items()}
        at["opioids"] = at["synthetic_opioids"] + annual_rest(m)
        for drug, name in INDICATORS.items():
            reported = round(at[drug] * scale)
            where = f"US,{m // 12},{vsrr._NAMES[m % 12]},12 month-ending"
            lines.append(f'{where},"{name}",{reported},100,0.1,United States,{note},**,{round(reported * 1.005)}')
            lines.append(f'AK,{where[3:]},"{name}",,100,0,Alaska,{note}  Data suppressed (<10).,**,')
        lines.append(f"{where},Percent with drugs specified,95.6,100,0.1,United States,{note},**,")
    return lines


def annual_rest(month):
    """Opioid deaths without synthetic ones in the year of a month; the last known year's after."""
    rows = evidence.load().series["us.deaths.opioids_without_synthetic.annual"].rows
    return {round(r.start): r.value for r in rows}[min(month // 12, 2024)]


def wonder_lines(drug="T40.4", until="2025-02"):
    """CDC WONDER: the months of the evidence, made-up ones after, and the query at the end."""
    held = known_months("us.deaths.synthetic_opioids.wonder")
    for m in range(2025 * 12, int(until[:4]) * 12 + int(until[5:])):
        held[m] = 3000
    lines = ["Notes\tMonth\tMonth Code\tDeaths\tPopulation\tCrude Rate"]
    for m, value in sorted(held.items()):
        mark = " (provisional)" if m >= 2024 * 12 else ""
        label = f'"{MONTHS[m % 12]}., {m // 12}{mark}"'
        lines.append(f"\t{label}\t{m // 12}/{m % 12 + 1:02d}\t{value:.0f}\tNot Applicable\tNot Applicable")
    lines.append(f"Total\t\t\t{sum(held.values()):.0f}\tNot Applicable\tNot Applicable")
    return [*lines, *(f"{line}\t\t\t\t\t" for line in wonder_footer(drug))]


def wonder_footer(drug):
    """What WONDER writes below a table: the query, and caveats that name causes of death for reasons of their own."""
    return [
        "---",
        '"Dataset: Provisional Mortality Statistics, 2018 through Last Week"',
        "Query Parameters:",
        f"MCD - ICD-10 Codes: {drug} (Other synthetic narcotics)",
        "UCD - Drug/Alcohol Induced Causes: All",
        "Group By: Month",
        "---",
        '"Query Date: Apr 21, 2025 4:56:10 PM"',
        "---",
        "Caveats:",
        '"5. After the final 2023 dataset, North Carolina updated the cause of death (X40-X44, X60-X64,"',
        '"X85, and Y10-Y14; T40.1) of over 900 certificates."',
    ]


def sesnsp_lines(until="2025-02"):
    """SESNSP: the victims of the evidence, spread evenly over 32 states, and made-up months after."""
    held = known_months("mx.homicides.sesnsp.monthly")
    end = int(until[:4]) * 12 + int(until[5:])
    for m in range(2025 * 12, end):
        held[m] = 2400
    lines = [",".join(sesnsp.COLUMNS)]
    for year in range(2015, (end - 1) // 12 + 1):
        for state in range(1, 33):
            for kind, offence in (("Homicidio", "Homicidio doloso"), ("Feminicidio", "Feminicidio")):
                cells = []
                for k in range(12):
                    total = held.get(year * 12 + k)
                    women = 64 if offence == "Feminicidio" else 0
                    share = None if total is None else women // 32 if women else split(int(total) - 64, state)
                    cells.append("" if share is None else str(share))
                head = f"{year},{state},Estado {state},La vida y la Integridad corporal,{kind},{offence}"
                lines.append(f"{head},Con arma de fuego,Hombre,Adultos (18 y más),{','.join(cells)}")
                lines.append(
                    f"{head},Con arma blanca,Mujer,No especificado,{','.join('0' if c else '' for c in cells)}"
                )
            other = f"{year},{state},Estado {state},La vida y la Integridad corporal,Homicidio,Homicidio culposo"
            lines.append(f"{other},En accidente de tránsito,No identificado,No identificado,{','.join(['9'] * 12)}")
            robbery = f"{year},{state},Estado {state},El patrimonio,Robo,Robo simple,Sin violencia,Hombre,Adultos"
            lines.append(f"{robbery},{','.join(['7'] * 12)}")
    return lines


def split(total, state):
    """Share of a state when a total is spread over 32 as evenly as whole numbers can be."""
    return total // 32 + (state <= total % 32)


OFFICES = [f"{place} FIELD OFFICE" for place in ("EL PASO", "LAREDO", "SAN DIEGO", "TUCSON")]
SECTORS = [
    f"{place} SECTOR"
    for place in (
        "BIG BEND", "DEL RIO", "EL CENTRO", "EL PASO", "LAREDO", "RIO GRANDE VALLEY", "SAN DIEGO", "TUCSON", "YUMA",
    )
]  # fmt: skip


def cbp_lines(until="2025-01", kg=1.0):
    """CBP: fentanyl of the evidence from October 2022, and other drugs, in two components.

    In the order of the provider: the newest fiscal year first, its months by name.
    """
    weights = known_months("border.seized.fentanyl.monthly")
    events = known_months("border.seized.fentanyl.events.monthly")
    annual = {d: {round(r.start): r.value for r in evidence.load().series[f"border.seized.{d}.annual"].rows}
              for d in ("heroin", "methamphetamine", "cocaine")}  # fmt: skip
    ports = {round(r.start): r.value for r in evidence.load().series["border.seized.fentanyl.ports_share"].rows}
    lines = []
    for m in range(2022 * 12 + 9, int(until[:4]) * 12 + int(until[5:])):
        year, name = m // 12, MONTHS[m % 12].upper()
        fiscal = f"{year + (m % 12 >= 9)}" + (" (FYTD)" if m >= 2024 * 12 + 9 else "")
        share = ports.get(year, 0.88)
        for component, areas, area, part in (
            ("Office of Field Operations", OFFICES, "SAN DIEGO FIELD OFFICE", share),
            ("U.S. Border Patrol", SECTORS, "TUCSON SECTOR", 1 - share),
        ):
            for any_area in areas:
                lines.append(f"{fiscal},{name},{component},Southwest Border,Land Only,{any_area},Marijuana,3,20.5")
            head = f"{fiscal},{name},{component},Southwest Border,Land Only,{area}"
            count = events.get(m, 50)
            own = count - round(count * (1 - share)) if part == share else round(count * (1 - share))
            lines.append(f"{head},Fentanyl,{own:.0f},{weights.get(m, 500.0) * part / cbp.KG * kg:.10f}")
            for drug, held in annual.items():
                lines.append(f"{head},{drug.capitalize()},5,{held.get(year, 9000.0) / 12 * part / cbp.KG * kg:.10f}")
            lines.append(f"{fiscal},{name},{component},Coastal/Interior,Other,MIAMI {part:.4f},Fentanyl,1,3.5")
            lines.append(f"{head},Other Drugs**,2,0.00110231131")
    return [",".join(cbp.COLUMNS), *sorted(lines, key=lambda line: (-int(line[:4]), line))]


def rnpdno_lines(status="0", until=2025, share=1.0, later=30_000):
    """RNPDNO: persons by year of the evidence, and ``later`` in each made-up year, spread over 32 states.

    In the order of the provider: by state, first its capital, last persons without a municipality, whom the evidence
    leaves out. ``share``: of the persons of the evidence, in the capitals.
    """
    series = "mx.missing.annual" if status == "7" else "mx.missing.registered.annual"
    held = {round(r.start): r.value for r in evidence.load().series[series].rows}
    lines = [",".join(rnpdno.COLUMNS)]
    for year in range(2015, until + 1):
        total = int(share * held.get(year, later))
        for k in range(12):
            month = total // 12 + (k < total % 12)
            for state in range(1, 33):
                placed = split(month, state)
                for code, place, count in (("001", "capital", placed), ("999", "se desconoce", placed // 10)):
                    where = f"{state:02d}{code},{state:02d},estado {state},{code},{place}"
                    lines.append(f"{where},{count - count // 3},{count // 3},0,{count},{year},{k + 1},{status}")
    return [lines[0], *sorted(lines[1:], key=lambda line: line[:5])]


def figures_lines(*rows):
    """Single figures: homicides registered and purity, made up."""
    shown = rows or (
        "mx.homicides.inegi.annual,2025-01,2025-12,31000,,made up,",
        "us.market.fentanyl_powder_purity,2024-10,2024-12,0.12,dea_ndta_2025,whole quarter,700",
    )
    return ["series,start,end,value,source,note,weight", *shown]


FILES = {
    "figures": figures_lines,
    "vsrr": vsrr_lines,
    "wonder": wonder_lines,
    "sesnsp": sesnsp_lines,
    "cbp": cbp_lines,
    "rnpdno": rnpdno_lines,
}


@pytest.fixture
def lines():
    """Provider → lines of a file of it, by keyword as the functions above."""
    return FILES


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    """The user's data folder, empty."""
    monkeypatch.setenv("CONTRAFLOW_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def file_of(tmp_path):
    """Writes lines as a file, in Latin-1 where SESNSP does so."""

    def write(lines, name="file.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    return write
