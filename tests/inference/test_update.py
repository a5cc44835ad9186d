"""Refitting to data that a user adds: what is in force, and where the chains begin."""

from types import SimpleNamespace

import numpy as np
import pytest

from contraflow import evidence
from contraflow.cli import comparisons, production
from contraflow.errors import ContraflowError
from contraflow.evidence import vintages
from contraflow.evidence.providers import Point, Reading
from contraflow.inference import posterior as inference
from contraflow.inference.likelihood import NO_MEMORY, targets
from contraflow.inference.posterior import PROJECTION_END, Posterior, data_end, fit_hash
from contraflow.inference.problem import problem
from contraflow.system.calendar import monthly_grid
from contraflow.system.latents import LATENTS

SERIES = "border.seized.fentanyl.half_year"


@pytest.fixture
def added(tmp_path, monkeypatch):
    """One made-up half-year of 2025, held but not in force."""
    monkeypatch.setenv("CONTRAFLOW_DATA", str(tmp_path / "data"))
    evidence.load.cache_clear()
    path = tmp_path / "file.csv"
    path.write_text("a file\n")
    vintages.add(path, Reading("cbp", "cbp", {SERIES: (Point("2025-01", "2025-06", 4000.0),)}), evidence.load())
    yield vintages.newest()
    monkeypatch.undo()
    evidence.load.cache_clear()


def test_added_figures_are_in_force_only_once_they_were_fitted(added, tmp_path):
    shipped = fit_hash()
    with vintages.trial(added):
        fitted = fit_hash()
        assert data_end() == pytest.approx(2025.5)
    assert fit_hash() == shipped != fitted
    posterior = tmp_path / "update.nc"
    posterior.write_bytes(b"draws")
    vintages.put_in_force(added, posterior)
    evidence.load.cache_clear()
    assert fit_hash() == fitted
    assert vintages.posterior_path().read_bytes() == b"draws"


def test_runs_begin_where_the_data_in_force_end(added):
    for seen, begins in (((), "2025-01"), (added, "2025-07")):
        with vintages.trial(seen), pytest.raises(ContraflowError, match=f"begins in {begins}"):
            comparisons._scenarios([], [], ["depletion=off"], [], "2024-12")


def test_figures_that_no_fit_takes_are_no_reason_to_refit(tmp_path, monkeypatch):
    monkeypatch.setenv("CONTRAFLOW_DATA", str(tmp_path / "data"))
    evidence.load.cache_clear()
    path = tmp_path / "file.csv"
    path.write_text("a file\n")
    month = {"border.seized.fentanyl.monthly": (Point("2025-01", "2025-01", 500.0),)}
    vintages.add(path, Reading("cbp", "cbp", month), evidence.load())
    monkeypatch.setattr(production, "_last", lambda: SimpleNamespace(attributes={"model_hash": fit_hash()}))
    with pytest.raises(ContraflowError, match="no figure that the fit takes"):
        production._update(1)
    assert vintages.posterior_path() is None


def test_rows_past_the_end_of_an_observable_neither_ask_for_a_fit_nor_move_the_end_of_data(tmp_path, monkeypatch):
    """Annual deaths with synthetic opioids are fitted to 2017: half-years take their place."""
    monkeypatch.setenv("CONTRAFLOW_DATA", str(tmp_path / "data"))
    evidence.load.cache_clear()
    shipped, path = fit_hash(), tmp_path / "file.csv"
    path.write_text("a file\n")
    years = (Point("2024-01", "2024-12", 48_000.0), Point("2025-01", "2025-12", 40_000.0))
    reading = Reading("cdc_vsrr", "vsrr_monthly_derived", {"us.deaths.synthetic_opioids.annual": years})
    vintages.add(path, reading, evidence.load(), accept=True)
    with vintages.trial(vintages.newest()):
        assert evidence.load().series["us.deaths.synthetic_opioids.annual"].rows[-1].value == 40_000
        assert fit_hash() == shipped and data_end() == pytest.approx(2025)
        fitted = targets(monthly_grid(2026.0), 2026.0)["us.deaths.synthetic_opioids.annual"]
        assert fitted.spans[-1].tolist() == [2017, 2018]
    earlier = {"us.deaths.synthetic_opioids.annual": (Point("2016-01", "2016-12", 19_400.0),)}
    vintages.add(path, Reading("figures", "vsrr_2026_06", earlier, whole=False), evidence.load())
    with vintages.trial(vintages.newest()):
        assert fit_hash() != shipped


def test_a_posterior_of_another_model_is_left_for_the_one_that_ships(added, tmp_path, monkeypatch, capsys):
    (tmp_path / "update.nc").write_bytes(b"no posterior")
    vintages.put_in_force(added, tmp_path / "update.nc")
    shipped, real = object(), inference.load_posterior
    monkeypatch.setattr(
        inference, "load_posterior", lambda path=None: shipped if path == inference.shipped_path() else real(path)
    )
    assert production._last() is shipped
    assert "beginning from the posterior that ships" in capsys.readouterr().err


def test_vintages_in_force_that_are_gone_are_an_error(added, tmp_path):
    posterior = tmp_path / "update.nc"
    posterior.write_bytes(b"draws")
    vintages.put_in_force(added, posterior)
    added[0].folder.rename(tmp_path / "elsewhere")
    with pytest.raises(ContraflowError, match="fit --update"):
        vintages.in_force()


def test_a_fit_to_later_data_begins_from_the_draws_of_the_last_one(added):
    rng = np.random.default_rng(0)
    before = problem()
    y = rng.standard_normal((before.size, 3))
    innovations = {n: rng.standard_normal((len(x.knots(PROJECTION_END)), 3)) for n, x in LATENTS.items()}
    for name, count in before.innovations.items():
        first = before.index(f"{name}[0]")
        innovations[name][:count] = y[first : first + count]
    discrepancy = {
        s: np.stack(
            [
                0.03 * np.exp(0.8 * y[before.index(f"discrepancy:{s}")]),
                np.exp(y[before.index(f"memory:{s}")]) if t.remembers else np.full(3, NO_MEMORY),
            ]
        )
        for s, t in before.prepared.items()
    }
    last = Posterior({n: y[before.index(n)] for n in before.parameters}, innovations, discrepancy, {})
    assert before.coordinates(last) == pytest.approx(y)
    with vintages.trial(added):
        later = problem(data_end())
        assert len(later.prepared[SERIES].observed) == len(before.prepared[SERIES].observed) + 1
        begun = dict(zip(later.names, later.coordinates(last), strict=True))
    assert later.size > before.size
    for name, row in zip(before.names, y, strict=True):
        assert begun[name] == pytest.approx(row)
