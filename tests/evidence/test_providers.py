"""Files of statistical offices: read to the figures of the evidence, or refused with the reason."""

import re

import pytest

from contraflow import evidence
from contraflow.evidence import providers
from contraflow.evidence.providers import DataError

EXPECTED = {
    "vsrr": ("cdc_vsrr", "us.deaths.synthetic_opioids.monthly", "2025-03"),
    "wonder": ("cdc_wonder", "us.deaths.synthetic_opioids.wonder", "2025-02"),
    "sesnsp": ("sesnsp", "mx.homicides.sesnsp.monthly", "2025-02"),
    "cbp": ("cbp", "border.seized.fentanyl.monthly", "2025-01"),
    "rnpdno": ("rnpdno", "mx.missing.registered.annual", "2024-12"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_is_recognised_and_gives_the_known_figures_again(name, lines, file_of):
    provider, series, last = EXPECTED[name]
    encoding = "latin-1" if name == "sesnsp" else "utf-8"
    reading = providers.read(file_of(lines[name](), encoding=encoding))
    assert reading.provider == provider and reading.source in evidence.load().sources
    assert set(reading.points) <= set(evidence.load().series)
    points = {p.start: p for p in reading.points[series]}
    assert max(p.end for p in points.values()) == last
    known = [r for r in evidence.load().series[series].rows if 2023 <= r.start + 1e-6 < 2025]
    assert len(known) in (2, 24)
    for row in known:
        start = f"{int(row.start + 1e-6)}-{round(row.start * 12) % 12 + 1:02d}"
        assert points[start].value == pytest.approx(row.value, abs=max(2.0, 0.001 * row.value))


def test_years_and_half_years_are_sums_of_whole_ones_only(lines, file_of):
    points = providers.read(file_of(lines["cbp"](until="2025-03"))).points
    halves = [(p.start, p.value) for p in points["border.seized.fentanyl.half_year"]]
    assert halves[-1] == ("2024-07", pytest.approx(4964, abs=3)) and halves[0][0] == "2023-01"
    years = {p.start: p.value for p in points["border.seized.fentanyl.annual"]}
    assert years == {"2023-01": pytest.approx(11083, abs=3), "2024-01": pytest.approx(9334, abs=3)}
    shares = {p.start: p.value for p in points["border.seized.fentanyl.ports_share"]}
    assert shares["2024-01"] == pytest.approx(0.8819, abs=1e-3)


def test_12_month_counts_carry_how_complete_they_are(lines, file_of):
    points = providers.read(file_of(lines["vsrr"]())).points
    assert points["us.deaths.synthetic_opioids.half_year"][-1].factor == pytest.approx(1 / 1.005, abs=1e-3)
    whole = {p.start: p.value for p in points["us.deaths.all_drugs.annual"]}
    parts = {p.start: p.value for p in points["us.deaths.non_opioid.annual"]}
    assert whole["2024-01"] == pytest.approx(80_856, abs=3)
    assert parts["2024-01"] == pytest.approx(25_851, abs=30)


def test_wonder_tells_the_drug_by_its_query(lines, file_of):
    query = "MCD - ICD-10 Codes: T40.4 (Other synthetic narcotics)"
    text = [line.replace(query, "UCD: Unintentional (X40-X44)") for line in lines["wonder"]()]
    assert list(providers.read(file_of(text)).points) == ["us.deaths.all_drugs.wonder"]
    with pytest.raises(DataError, match="names neither overdose"):
        providers.read(file_of([line.replace(query, "UCD: Septicemia") for line in lines["wonder"]()]))
    with pytest.raises(DataError, match=r"T40\.1 beside T40\.4"):
        providers.read(file_of(lines["wonder"](drug="T40.1; T40.4")))


def edit(number, old, new):
    """A change of the first line from ``number`` on that holds ``old``."""

    def change(text):
        place = next(k for k in range(number, len(text)) if old in text[k])
        return [*text[:place], text[place].replace(old, new, 1), *text[place + 1 :]]

    return change


def ending(cell):
    """Another last cell in the first row."""
    return lambda text: [text[0], f"{text[1].rsplit(',', 1)[0]},{cell}", *text[2:]]


def swapped(text):
    """The labels of two indicators exchanged."""
    one, other = "Opioids (T40.0-T40.4,T40.6)", "Number of Drug Overdose Deaths"
    return [x.replace(one, "#").replace(other, one).replace("#", other) for x in text]


def without_homicides(text):
    """No victim of intentional homicide."""
    return [x.rsplit(",", 12)[0] + ",0" * 12 if "doloso" in x else x for x in text]


def newest(line):
    """A row that is lost where a file by months is cut: of Tucson, and of Yuma behind it, in the last month."""
    return line.startswith("2025 (FYTD),JAN,") and line.split(",")[5] in ("TUCSON SECTOR", "YUMA SECTOR")


WRONG = {
    "cut within a line": ("cbp", lambda t: [*t[:-1], t[-1][:30]], "cut off"),
    "cut at a line": ("vsrr", lambda t: t[:-3], "do not cover the same months|cut off"),
    "cut at the end of a line": ("cbp", lambda t: t[:-1], "2023-09: no row of YUMA SECTOR"),
    "cut in the newest month": ("cbp", lambda t: [x for x in t if not newest(x)], "2025-01: .* TUCSON SECTOR"),
    "a row of the last state": ("sesnsp", lambda t: t[:-3], "no row 'Feminicidio, Con arma blanca.* of state 32 alone"),
    "cut in the last state": ("rnpdno", lambda t: [x for x in t if x[:5] != "32999"], "without a municipality"),
    "no query": ("wonder", lambda t: t[: next(k for k, x in enumerate(t) if x.startswith("---"))], "without the query"),
    "states missing": ("sesnsp", lambda t: t[:-20], "of 32 states"),
    "states left out": ("rnpdno", lambda t: [x for x in t if ",07," not in x], "31 of 32 states"),
    "column missing": ("vsrr", lambda t: [x.rsplit(",", 1)[0] for x in t], "columns are missing: Predicted Value"),
    "column renamed": ("cbp", edit(0, "Sum Qty (lbs)", "Sum Qty (kg)"), r"columns are missing: Sum Qty \(lbs\)"),
    "a row twice": ("cbp", lambda t: [*t, t[-1]], "the same row"),
    "a month twice": ("wonder", lambda t: [*t[:3], t[2], *t[3:]], "occurs twice"),
    "a window twice": ("vsrr", lambda t: [*t, t[1]], "occurs twice"),
    "a month missing": ("wonder", lambda t: t[:10] + t[11:], "is missing"),
    "a window missing": ("vsrr", lambda t: [x for x in t if ",2021,May," not in x], "2021-05 is missing"),
    "negative": ("sesnsp", edit(1, ",Adultos (18 y más),4", ",Adultos (18 y más),-4"), "cannot be that"),
    "a fraction of a death": ("wonder", edit(3, "\tNot", ".5\tNot"), "cannot be that"),
    "words for a number": ("cbp", edit(1, "Fentanyl,", "Fentanyl,n/a"), "not a number"),
    "another period": ("vsrr", edit(1, "12 month-ending", "3 month-ending"), "12 month-ending"),
    "labels swapped": (
        "vsrr",
        swapped,
        "wrong labels",
    ),
    "thousands": (
        "sesnsp",
        without_homicides,
        "wrong units",
    ),
    "crimes, not victims": ("sesnsp", edit(0, "Sexo,Rango de edad", "Municipio"), "missing: Sexo, Rango de edad"),
    "sexes do not add up": ("rnpdno", edit(1, ",0,", ",9,"), "not the sum"),
    "two statuses": ("rnpdno", lambda t: [*t[:-1], t[-1][:-1] + "7"], "one in all rows"),
    "fiscal year unreadable": ("cbp", edit(1, "2023,OCT", "FY23,OCT"), "fiscal year"),
    "another table": ("cbp", lambda t: ["a,b,c", "1,2,3"], "not a file of a known provider"),
    "nothing": ("cbp", lambda t: [""], "is empty"),
    "a header alone": ("cbp", lambda t: t[:1], "holds no month"),
    "a column twice": ("cbp", lambda t: [x + "," + x.rsplit(",", 1)[1] for x in t], "occurs twice"),
    "semicolons": ("sesnsp", lambda t: [x.replace(",", ";") for x in t], "semicolons"),
    "a comma for a point": ("cbp", ending('"12,5"'), "'12,5', not a number"),
    "an underscore": ("cbp", ending("1_000"), "'1_000', not a number"),
    "a sign for a year": ("sesnsp", edit(1, "2015,", "201²,"), "'201²', not a year"),
    "by state too": ("wonder", lambda t: [*t[:2], t[1], *t[2:]], "group results by month alone"),
    "a quote left open": ("cbp", edit(5, "Fentanyl", '"Fentanyl'), "cut off"),
    "a web page": ("cbp", lambda t: ["<!DOCTYPE html>", "<p>Sign in</p>"], "web page"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_refused_with_the_reason(case, lines, file_of):
    name, change, message = WRONG[case]
    with pytest.raises(DataError, match=message):
        providers.read(file_of(change(lines[name]())))


def test_an_excel_file_is_told_apart(tmp_path):
    path = tmp_path / "data.xlsx"
    path.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(DataError, match="Excel"):
        providers.read(path)
    with pytest.raises(DataError, match="cannot be read"):
        providers.read(tmp_path / "absent.csv")


ENCODED = [("utf-8-sig", "sesnsp"), ("utf-16", "sesnsp"), ("cp1252", "sesnsp"), ("utf-16", "wonder"), ("utf-8", "vsrr")]


@pytest.mark.parametrize(("encoding", "name"), ENCODED)
def test_encodings_and_line_ends_make_no_difference(encoding, name, lines, tmp_path):
    plain, other = tmp_path / "plain", tmp_path / "other"
    plain.write_bytes(("\n".join(lines[name]()) + "\n").encode())
    other.write_bytes(("\r\n".join(lines[name]()) + "\r\n").encode(encoding))
    assert providers.read(other) == providers.read(plain)


def test_numbers_may_have_commas_between_thousands(lines, file_of):
    plain = lines["vsrr"]()
    commas = [re.sub(r'",(\d+)(\d{3}),', r'","\1,\2",', line) for line in plain]
    assert commas != plain
    assert providers.read(file_of(commas)).points == providers.read(file_of(plain)).points


@pytest.mark.parametrize("cut", [1, 2, 7, 200])
@pytest.mark.parametrize("name", list(EXPECTED))
def test_a_file_cut_anywhere_near_its_end_is_refused_or_loses_only_what_is_not_read(name, cut, lines, tmp_path):
    path = tmp_path / "cut.csv"
    content = ("\n".join(lines[name]()) + "\n").encode()
    path.write_bytes(content)
    whole = providers.read(path)
    path.write_bytes(content[:-cut])
    if name == "wonder":  # ends with caveats, which nothing is read from
        assert providers.read(path) == whole
        return
    with pytest.raises(DataError, match="cut off|status_id is ''"):
        providers.read(path)


def test_a_folder_and_what_is_no_text_are_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        providers.read(tmp_path)
    path = tmp_path / "data.csv"
    for content, message in ((b"a,b\x00c\n1,2\n", "no text"), ("a,b\n1,2\n".encode("utf-16")[:-1], "cut off within")):
        path.write_bytes(content)
        with pytest.raises(DataError, match=message):
            providers.read(path)


def test_counts_that_certificates_had_a_year_to_reach_are_complete(lines, file_of):
    points = providers.read(file_of(lines["vsrr"](until="2025-03"))).points
    for drug in ("all_drugs", "synthetic_opioids"):
        factors = {p.start: p.factor for p in points[f"us.deaths.{drug}.monthly"]}
        assert {f for at, f in factors.items() if at <= "2024-03"} == {1.0}
        assert all(f < 1 for at, f in factors.items() if at >= "2024-04")
    years = {p.start[:4]: p.factor for p in points["us.deaths.all_drugs.annual"]}
    assert years["2023"] == 1.0 and years["2024"] == pytest.approx(1 / 1.005, abs=1e-3)


def test_single_figures_are_read_for_any_series(lines, file_of):
    reading = providers.read(file_of(lines["figures"]()))
    assert not reading.whole
    homicides, purity = reading.points["mx.homicides.inegi.annual"], reading.points["us.market.fentanyl_powder_purity"]
    assert [(p.start, p.end, p.value, p.source) for p in homicides] == [
        ("2025-01", "2025-12", 31000, evidence.load().series["mx.homicides.inegi.annual"].rows[-1].source)
    ]
    assert [(p.value, p.weight, p.note, p.source) for p in purity] == [(0.12, 700, "whole quarter", "dea_ndta_2025")]


def test_persons_in_months_derived_from_longer_windows_may_be_fractions(lines, file_of):
    name = "us.deaths.synthetic_opioids.monthly"
    reading = providers.read(file_of(lines["figures"](f"{name},2025-01,2025-01,2800.5,,,")))
    assert [p.value for p in reading.points[name]] == [2800.5]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("mx.homicides.inegi.anual,2025-01,2025-12,31000,,,", "did you mean 'mx.homicides.inegi.annual'"),
        ("mx.homicides.inegi.annual,2025-01,2025-06,15000,,,", "is no year"),
        ("mx.homicides.inegi.annual,2025-02,2026-01,31000,,,", "is no year"),
        ("mx.homicides.inegi.annual,2025-12,2025-01,31000,,,", "before it begins"),
        ("mx.homicides.inegi.annual,2025,2025,31000,,,", "write YYYY-MM"),
        ("mx.homicides.inegi.annual,2025-01,2025-12,31 000,,,", "not a number"),
        ("mx.homicides.inegi.annual,2025-01,2025-12,25000.7,,,", "whole persons: 25000.7 cannot be; write 25001"),
        ("mx.homicides.inegi.annual,2025-01,2025-12,31000,nobody,,", "no source 'nobody'"),
        ("us.market.fentanyl_powder_purity,2025-01,2025-03,11.2,,,", "is a share"),
        ("us.market.fentanyl_powder_purity,2025-01,2025-03,0.11,,,0", "weight cannot be 0"),
        ("us.market.heroin_price,2019-01,2019-12,0,,,", "cannot be 0"),
        ("mx.homicides.inegi.annual,1950-01,1950-12,10000,,,", "before 2000-01"),
        ('mx.homicides.inegi.annual,2025-01,2025-12,31000,"open,,', "quote left open"),
    ],
)
def test_a_wrong_figure_is_refused(row, message, lines, file_of):
    with pytest.raises(DataError, match=message):
        providers.read(file_of(lines["figures"](row)))


def test_no_report_counts_more_than_the_complete_figure(file_of):
    path = file_of(["series,start,end,value,factor", "mx.homicides.inegi.annual,2025-01,2025-12,31000,1.2"])
    with pytest.raises(DataError, match="no more than the complete"):
        providers.read(path)


def test_a_figure_given_twice_is_refused(lines, file_of):
    row = "mx.homicides.inegi.annual,2025-01,2025-12,31000,,,"
    with pytest.raises(DataError, match="occurs twice"):
        providers.read(file_of(lines["figures"](row, row)))
    with pytest.raises(DataError, match="no such column: unit"):
        providers.read(file_of(["series,start,end,value,unit", "mx.homicides.inegi.annual,2025-01,2025-12,3,person"]))
