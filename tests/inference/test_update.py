"""Refitting to data that a user adds: what is in force, and where the chains begin."""

import numpy as np
import pytest

from contraflow import evidence
from contraflow.errors import ContraflowError
from contraflow.evidence import vintages
from contraflow.evidence.providers import Point, Reading
from contraflow.inference.fit import coordinates
from contraflow.inference.posterior import PROJECTION_END, Posterior, fit_hash
from contraflow.inference.problem import problem
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
        assert vintages.reach(evidence.load()) == pytest.approx(2025.5)
    assert fit_hash() == shipped != fitted
    posterior = tmp_path / "update.nc"
    posterior.write_bytes(b"draws")
    vintages.put_in_force(added, posterior)
    evidence.load.cache_clear()
    assert fit_hash() == fitted
    assert vintages.posterior_path().read_bytes() == b"draws"


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
    discrepancy = {s: 0.03 * np.exp(0.8 * y[before.index(f"discrepancy:{s}")]) for s in before.prepared}
    last = Posterior({n: y[before.index(n)] for n in before.parameters}, innovations, discrepancy, {})
    assert coordinates(before, last) == pytest.approx(y)
    with vintages.trial(added):
        later = problem(vintages.reach(evidence.load()))
        assert len(later.prepared[SERIES].observed) == len(before.prepared[SERIES].observed) + 1
        begun = dict(zip(later.names, coordinates(later, last), strict=True))
    assert later.size > before.size
    for name, row in zip(before.names, y, strict=True):
        assert begun[name] == pytest.approx(row)
