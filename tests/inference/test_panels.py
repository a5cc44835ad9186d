"""The panels: their tables, the likelihood given totals, the placebo rule, and what is stored of them."""

import ast
from pathlib import Path

import numpy as np
import pytest

from contraflow import evidence
from contraflow.evidence.panel_build import build
from contraflow.evidence.panels import FOLDER, load_panels
from contraflow.evidence.yaml_reader import EvidenceError
from contraflow.inference import panels
from contraflow.inference.panels import mapping, overdose, removals
from contraflow.inference.panels.allocation import LIMIT, Panel, Spread, estimate, mode, strata
from contraflow.inference.panels.placebo import adopts, allowance, placebo

TABLES = load_panels().tables
SPREAD = Spread(sd=0.3, memory=0.97, noise=0.03)


def synthetic(seed: int, coefficients: tuple[float, ...], months=48, places=24, level=90.0, totals=None):
    """A panel drawn from the likelihood itself: covariates that wander, deviations that last, counts."""
    rng = np.random.default_rng(seed)
    covariates = np.cumsum(0.1 * rng.standard_normal((months, places, len(coefficients))), axis=0)
    deviation = np.zeros((months, places))
    deviation[0] = SPREAD.sd * rng.standard_normal(places)
    for t in range(1, months):
        step = SPREAD.sd * np.sqrt(1 - SPREAD.memory**2) * rng.standard_normal(places)
        deviation[t] = SPREAD.memory * deviation[t - 1] + step
    common = np.cumsum(0.05 * rng.standard_normal(months))[:, None] if totals is None else totals
    rates = np.log(level) + rng.normal(0, 0.7, places) + common + covariates @ np.array(coefficients) + deviation
    counts = rng.poisson(np.exp(rates + SPREAD.noise * rng.standard_normal(rates.shape))).astype(float)
    counts = np.where(counts < LIMIT, np.nan, counts)
    names = tuple(f"x{k}" for k in range(len(coefficients)))
    return Panel(
        counts, np.ones_like(counts, dtype=bool), strata(months, np.zeros(places)), np.zeros_like(counts), covariates,
        names, np.full(len(names), 10.0), np.zeros(months),
    )  # fmt: skip


def test_known_coefficients_are_recovered_with_suppressed_counts():
    """Over synthetic panels the mean error is small against its own standard error, and intervals cover."""
    truth = np.array([0.4, -0.3])
    standardised = []
    for seed in range(12):
        found = mode(synthetic(seed, tuple(truth), level=25.0), SPREAD)
        standardised.append((found.coefficients - truth) / np.sqrt(np.diag(found.covariance)))
    errors = np.array(standardised)
    assert np.isnan(synthetic(0, tuple(truth), level=25.0).counts).mean() > 0.05
    assert np.all(np.abs(errors.mean(axis=0)) < 3 / np.sqrt(12))
    assert 0.5 < errors.std() < 1.5
    assert np.mean(np.abs(errors) < 1.645) > 0.7


def test_leaving_out_places_widens_but_does_not_move_the_estimate():
    found = estimate(synthetic(3, (0.4,), months=30, places=10), SPREAD)
    alone = mode(synthetic(3, (0.4,), months=30, places=10), SPREAD)
    assert found.mean == pytest.approx(alone.coefficients)
    assert found.curvature == pytest.approx(alone.covariance)
    larger = max(found.curvature[0, 0], found.between[0, 0])
    assert found.of("x0")[1] == pytest.approx(np.sqrt(larger)) and found.between[0, 0] > 0


def test_nothing_common_to_a_month_moves_a_coefficient():
    """A national driver of any size, added to every place's rate as an offset or a covariate, changes nothing."""
    panel = synthetic(5, (0.4,))
    wave = np.sin(np.arange(48) / 3)[:, None] * np.ones((1, 24))
    plain = mode(panel, SPREAD)
    moved = mode(Panel(**{**vars(panel), "offset": 2.0 * wave}), SPREAD)
    assert moved.coefficients == pytest.approx(plain.coefficients, abs=1e-6)
    shifted = mode(Panel(**{**vars(panel), "covariates": panel.covariates + 5.0 * wave[:, :, None]}), SPREAD)
    assert shifted.coefficients == pytest.approx(plain.coefficients, abs=1e-4)


def test_national_totals_of_any_path_leave_the_coefficient_where_it_is():
    """Histories that differ in their national totals only, eightfold, agree within their own error."""
    found = []
    for totals in (np.zeros((48, 1)), np.linspace(0, 2, 48)[:, None], np.linspace(1.5, -0.5, 48)[:, None]):
        at = mode(synthetic(7, (0.4,), totals=totals), SPREAD)
        found.append((at.coefficients[0], np.sqrt(at.covariance[0, 0])))
    means, sds = np.array(found).T
    assert np.ptp(means) < 2 * sds.max()


def test_a_month_s_deaths_are_reproduced_in_total():
    """The effects of strata carry the totals: fitted and observed counts of every month agree exactly."""
    panel = synthetic(9, (0.4,), level=400.0)
    assert not np.isnan(panel.counts).any()
    fitted = np.exp(mode(panel, SPREAD).log_rates).sum(axis=1)
    assert fitted == pytest.approx(panel.counts.sum(axis=1), rel=1e-5)


def with_lead(seed: int, planted: float):
    """A panel whose outcome moves with the next year's covariate by ``planted``, and the lead as a term."""
    rng = np.random.default_rng(seed)
    base = synthetic(seed, (0.4,))
    path = np.cumsum(0.1 * rng.standard_normal((60, 24)), axis=0)
    now, ahead = path[:48], path[12:] - path[:48]
    counts = rng.poisson(np.exp(np.log(90) + 0.4 * now + planted * ahead)).astype(float)
    covariates = np.stack([now, ahead], axis=2)
    changed = {"counts": counts, "covariates": covariates, "names": ("now", "ahead"), "sds": np.full(2, 10.0)}
    return Panel(**{**vars(base), **changed})


def test_the_placebo_fires_on_a_planted_pre_trend_and_not_without():
    spread = Spread(0.05, 0.9, 0.02)
    planted = placebo(estimate(with_lead(1, 0.3), spread), ("ahead",), 0.4)
    clean = placebo(estimate(with_lead(1, 0.0), spread), ("ahead",), 0.4)
    assert planted.verdict == "fails" and planted.p_value < 0.001
    assert clean.verdict == "passes" and clean.p_value > 0.05


def test_a_placebo_that_could_not_see_the_effect_is_no_licence():
    found = estimate(with_lead(1, 0.0), Spread(0.05, 0.9, 0.02))
    assert placebo(found, ("ahead",), 0.001).verdict == "no power"


def test_a_prior_is_set_only_by_a_panel_that_narrows_it_and_does_not_fail():
    assert adopts(0.3, ("passes",))[0] and adopts(0.3, ("no power",))[0]
    assert not adopts(0.3, ("fails",))[0]
    assert not adopts(0.19, ("passes",))[0]
    assert allowance(0.0, 2.0) == 2.0 and allowance(3.0, 4.0) == 5.0


def test_pre_trends_of_removals_are_found_where_they_are_planted():
    """Homicides rise a year before each drawn event: the months before stand out, and the contrast does not."""
    data = removals.states()
    events = removals.events()["where_removed"]
    rng = np.random.default_rng(4)
    counts = removals.windows(data, events)
    base = np.log(np.maximum(data.homicides.mean(axis=0), 5.0))
    rates = base + 0.5 * counts[:, :, 1:5].sum(axis=2)
    planted = removals.States(
        data.names, data.starts, rng.poisson(np.exp(rates)).astype(float), data.log_population, data.block
    )
    found = mode(removals.panel(planted, events), Spread(0.05, 0.9, 0.02))
    assert found.coefficients[1:5] == pytest.approx(np.full(4, 0.5), abs=0.1)
    weights = removals.contrast_weights(removals.FIRST_YEAR)
    assert weights.sum() == pytest.approx(0) and abs(weights @ found.coefficients) < 0.05


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.header.id)
def test_tables_hold_whole_positive_figures_to_2024(table):
    values = table.values[~np.isnan(table.values)]
    assert np.all(values >= 0) and max(table.periods) < "2025"
    if table.header.unit in ("person", "1") and table.header.step != "period":
        assert np.all(values == np.round(values))
    if table.header.sums_to is None or table.header.id.startswith("mx"):
        assert not np.isnan(table.values).any()


@pytest.mark.parametrize("id", [id for id, table in TABLES.items() if table.header.sums_to])
def test_tables_add_up_to_the_national_series(id):
    """Year by year within the stated tolerance: what is missing is suppressed or counted on another basis."""
    table = TABLES[id]
    link = table.header.sums_to
    rows = evidence.load().series[link.series].rows
    compared = 0
    for year in sorted({int(p[:4]) for p in table.periods}):
        inside = np.array([p.startswith(str(year)) for p in table.periods])
        national = sum(r.value for r in rows if year <= r.start < year + 1)
        if inside.sum() < 12 or not national:
            continue
        ratio = np.nansum(table.values[inside]) / national
        assert link.low <= ratio <= link.high, f"{id} {year}: {ratio:.3f}"
        compared += 1
    assert compared >= 5


def test_suppressed_counts_are_below_ten_and_empty():
    for id in ("us_deaths_synthetic", "us_deaths_all_drugs"):
        assert np.nanmin(TABLES[id].values) >= LIMIT
        assert np.isnan(TABLES[id].values).any()


#: Organisations that an event may name.
ORGANISATIONS = {
    "Beltran Leyva", "Caborca", "Gulf", "Jalisco", "Juarez", "Knights Templar", "La Familia Michoacana",
    "Santa Rosa de Lima", "Sinaloa", "Tijuana", "Zetas",
}  # fmt: skip
KINDS = {"captured", "killed", "arrested in the United States"}


def test_events_name_states_and_no_persons():
    places = set(TABLES["mx_homicides_files"].places)
    events = load_panels().removals
    assert len(events) > 25
    for event in events:
        assert set(event.home) <= places and (event.state is None or event.state in places)
        assert event.kind in KINDS
        assert set(event.group.split(" and ")) <= ORGANISATIONS
    header = (FOLDER / "mx_leader_removals.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "month,state,home,kind,group"


def test_every_state_has_one_region():
    for regions, places in (
        (overdose.REGIONS, TABLES["us_population"].places),
        (removals.REGIONS, TABLES["mx_population"].places),
    ):
        named = " ".join(regions.values()).split()
        assert sorted(named) == sorted(places)


def test_a_table_after_2024_is_refused(tmp_path):
    for path in FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    table = tmp_path / "us_population.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("\n2024,", "\n2025,"), encoding="utf-8")
    from contraflow.evidence.panels import read_panels

    with pytest.raises(EvidenceError, match="2025 is after 2024"):
        read_panels(tmp_path)


def test_the_tables_are_what_the_build_makes_of_the_publishers_files(tmp_path):
    folder = Path(__file__).parents[2].parent / "shared" / "data"
    if not folder.exists():
        pytest.skip("the publishers' files are not beside this checkout")
    for made in build(folder, tmp_path):
        assert made.read_bytes() == (FOLDER / made.name).read_bytes(), made.name


def test_stored_results_belong_to_these_tables_and_this_code():
    assert panels.results()["stale"] is False, "run `python -m contraflow.inference.panels`"


#: Parameter of the United States → the placebo that decides over it.
DECIDES = {"naloxone_effect": "naloxone", "treatment_mortality": "buprenorphine", "risk_ratio": "past_deaths"}
PRODUCT = "first-year national effect of a removal"
OF_REMOVALS = (PRODUCT, "kingpin", "succession_time")


def test_stored_results_follow_the_rule_and_give_intervals():
    stored = panels.results()
    for panel in (stored["overdose"], stored["removals"]):
        for run in panel["runs"].values():
            for term in run["terms"].values():
                assert term["q05"] < term["mean"] < term["q95"]
                assert term["sd"] == pytest.approx(max(term["curvature_sd"], term["place_sd"]), rel=1e-3)
    for panel, decides in (("overdose", DECIDES), ("removals", dict.fromkeys(OF_REMOVALS, "where_removed"))):
        proposals = stored[panel]["proposals"]
        assert set(proposals) == {*decides, *(["removal_weight"] if panel == "removals" else [])}
        for name, decider in decides.items():
            failed = stored[panel]["placebos"][decider]["verdict"] == "fails"
            assert proposals[name]["adopt"] == (not failed and proposals[name]["contraction"] >= 0.2), name
    carried = stored["removals"]["proposals"]
    assert carried["removal_weight"]["adopt"] == carried[PRODUCT]["adopt"]


def test_one_run_of_the_stored_results_is_reproduced():
    """The mode of one run, with its stored spread, gives the stored coefficients."""
    stored = panels.results()["overdose"]["runs"]["services"]
    run = overdose.RUNS["services"]
    found = mode(overdose.panel(overdose.states(run.first, run.end), run.terms), Spread(**stored["spread"]))
    for name, value in zip(run.terms, found.coefficients, strict=True):
        assert value == pytest.approx(stored["terms"][name]["mean"], rel=1e-3, abs=1e-4)


@pytest.fixture
def fingerprinted(monkeypatch):
    """The fingerprint with another prior of this parameter of the national model, or as it is."""
    known = evidence.load().parameters

    def of(parameter: str | None = None) -> str:
        changed = dict(known)
        if parameter:
            prior = changed[parameter].prior
            name = sorted(prior.arguments)[0]
            moved = prior.model_copy(update={"arguments": {**prior.arguments, name: prior.arguments[name] + 0.01}})
            changed[parameter] = changed[parameter].model_copy(update={"prior": moved})
        monkeypatch.setattr(panels.evidence, "load", lambda: type("Known", (), {"parameters": changed}))
        return panels.fingerprint()

    return of


@pytest.mark.parametrize("parameter", mapping.NATIONAL)
def test_another_prior_of_the_national_model_makes_results_stale(fingerprinted, parameter):
    assert fingerprinted(parameter) != fingerprinted()


def test_a_parameter_of_neither_list_is_refused():
    with pytest.raises(KeyError, match="titration"):
        mapping._prior("titration")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('"""Another."""\ndef f(x):\n    """Other."""\n    return  x + 1  # one\n', True),
        ('"""Module."""\ndef f(x):\n    """Of f."""\n    return x + 2\n', False),
        ('"""Module."""\ndef f(y):\n    """Of f."""\n    return y + 1\n', False),
    ],
)
def test_words_and_layout_are_no_part_of_the_code(text, same):
    own = '"""Module."""\ndef f(x):\n    """Of f."""\n    return x + 1\n'
    assert (panels._code(ast.parse(text)) == panels._code(ast.parse(own))) == same


def test_an_event_within_a_month_counts_from_that_month_on():
    data = removals.states()
    day = data.starts[60] + 0.9 / 12
    (months,) = np.nonzero(removals.windows(data, [(day, ("SIN",))])[:, data.names.index("SIN"), 3])
    assert months.tolist() == list(range(60, 66))
