"""Ensembles give the same however many chunks and cores they are spread over, and stop at what breaks."""

import json
import time

import numpy as np
import pytest

from contraflow import evidence
from contraflow.analysis import ensembles
from contraflow.analysis.ensembles import BrokenRun, chunks, stacked
from contraflow.engine import Grid, NonFiniteError
from contraflow.inference.posterior import PROJECTION_END, Posterior
from contraflow.policy import Scenario
from contraflow.system import model_parameters, reference_model
from contraflow.system.latents import LATENTS

DRAWS = 10
GRID = Grid(2000.0, 12)
RECORD = ("us_overdose_deaths", "mx_homicides")
POLICY = Scenario(policy={"us.health.naloxone": {"steps": {"2000-03": "high"}, "ramp": "0 months"}})


@pytest.fixture(scope="module")
def posterior() -> Posterior:
    """Draws close to the middle of the priors."""
    rng = np.random.default_rng(4)
    known = evidence.load().parameters
    coordinates = {
        n: 0.2 * rng.standard_normal(DRAWS) for n in model_parameters() if not known[n].prior.is_fixed
    }  # fmt: skip
    innovations = {n: 0.2 * rng.standard_normal((len(x.knots(PROJECTION_END)), DRAWS)) for n, x in LATENTS.items()}
    return Posterior(coordinates, innovations, {}, {})


def spread(posterior, monkeypatch, cores, chunk, **options):
    """Trajectories (policy, variable, months, draws) over so many cores, in chunks of at most so many draws."""
    monkeypatch.setattr(ensembles, "cores", lambda: cores)
    monkeypatch.setattr(ensembles, "CHUNK", chunk)
    found = list(chunks(reference_model(), posterior, {}, GRID, (None, POLICY), RECORD, **options))
    assert [place.start for place, _ in found] == sorted(place.start for place, _ in found)
    assert sum(place.stop - place.start for place, _ in found) == DRAWS
    parts = [np.stack([np.stack([of[n] for n in RECORD]) for of in results]) for _, results in found]
    return np.concatenate(parts, axis=-1)


@pytest.mark.parametrize(("cores", "chunk"), [(1, 4), (3, 100), (2, 3), (20, 100)])
def test_neither_cores_nor_chunks_change_a_number(posterior, monkeypatch, cores, chunk):
    whole = spread(posterior, monkeypatch, 1, 100)
    assert whole.shape == (2, len(RECORD), GRID.periods, DRAWS)
    assert np.any(whole[0] != whole[1])
    np.testing.assert_allclose(spread(posterior, monkeypatch, cores, chunk), whole, rtol=1e-12)


def test_progress_counts_every_trajectory_of_every_policy(posterior, monkeypatch):
    told = []
    spread(posterior, monkeypatch, 3, 3, progress=told.append)
    assert sum(told) == 2 * DRAWS


def test_a_broken_draw_is_named_by_its_place_among_all(posterior, monkeypatch, tmp_path):
    name = "fentanyl_per_user"
    values = np.array(posterior.coordinates[name])
    values[7] = np.nan
    broken = Posterior({**posterior.coordinates, name: values}, posterior.innovations, {}, {})
    with pytest.raises(BrokenRun, match="not a finite number"):
        spread(broken, monkeypatch, 2, 3, failures=tmp_path / "failure.json")
    assert json.loads((tmp_path / "failure.json").read_text())["draw"] == 7


def test_where_two_chunks_break_at_once_error_and_file_are_of_one_draw(posterior, monkeypatch, tmp_path):
    name, file = "fentanyl_per_user", tmp_path / "failure.json"
    opening = posterior.parameters()[name][0]

    def breaks(equations, parameters, *rest):
        if parameters[name][0] != opening:  # the second chunk breaks after the first was told
            until = time.monotonic() + 20
            while not file.exists() and time.monotonic() < until:
                time.sleep(0.01)
            raise NonFiniteError("mx_homicides", 2000.0, 1, {"second": 1.0})
        raise NonFiniteError("mx_homicides", 2000.0, 2, {"first": 1.0})

    monkeypatch.setattr(ensembles, "simulate", breaks)
    with pytest.raises(BrokenRun, match="draw 2"):
        spread(posterior, monkeypatch, 2, 3, failures=file)
    told = json.loads(file.read_text())
    assert (told["draw"], told["parameters"]) == (2, {"first": 1.0})


def test_stacked_posteriors_are_the_draws_of_one_after_the_other(posterior):
    both = stacked([posterior.take(np.arange(4)), posterior.take(np.arange(4, DRAWS))])
    assert both.hash == posterior.hash
