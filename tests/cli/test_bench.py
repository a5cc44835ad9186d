"""The benchmark: the shape of its report, and that nothing with wrong outputs is timed."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from contraflow.bench import benchmark as bench
from contraflow.bench import bound, cases, interactive, python_text, synthetic
from contraflow.bench.aims import AIMS, judged
from contraflow.bench.contest import Contestant, RefusedError, admitted, difference, one_core
from contraflow.bench.rivals import generated
from contraflow.bench.rivals.engine import reference_contestant
from contraflow.cli import app
from contraflow.engine.native.program import program

RATIOS = {
    "native_f32_vs_reference", "native_f32_vs_numba", "native_f32_vs_numpy", "native_f32_vs_diffrax",
    "native_f32_vs_pysd", "native_f32_vs_pysd_patched", "native_f32_vs_ema", "gradient_native_vs_reference",
    "adjoint_over_forward", "over_vector_math_bound",
}  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A quick run of the synthetic model beside NumPy, which needs nothing installed."""
    file = tmp_path_factory.mktemp("bench") / "made" / "bench.json"
    arguments = ["bench", "--quick", "--models", "synthetic", "--rivals", "numpy", "--json", "--out", str(file)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(file.read_text()) == json.loads(result.stdout)
    return json.loads(result.stdout)


def test_the_report_has_every_number_and_a_reason_for_each_that_is_missing(report):
    model = report["models"]["synthetic"]
    assert set(model["ratios"]) >= RATIOS
    measured = {name for name, value in model["ratios"].items() if value is not None}
    assert {"native_f32_vs_numpy", "over_vector_math_bound", "adjoint_over_forward"} <= measured
    assert all(model["ratios"][name] > 0 for name in measured)
    assert model["trajectories_per_second"] > 0
    assert set(model["not_measured"]) == set(model["ratios"]) - measured
    assert all(model["not_measured"].values())
    assert report["interactive_ms"] is report["cold_start_s"] is None
    assert set(report["not_measured"]) == {"interactive_ms", "cold_start_s"}
    assert report["versions"]["numpy"] == np.__version__


def test_every_aim_that_is_missed_or_not_measured_has_a_reason(report):
    assert {row["model"] for row in report["aims"]} == {"synthetic", None}
    assert all((row["reason"] is None) == bool(row["met"]) for row in report["aims"])


def judged_at(ratio):
    part = {"ratios": dict.fromkeys((aim.number for aim in AIMS), ratio), "not_measured": {}}
    whole = {"interactive_ms": None, "cold_start_s": None, "not_measured": {"interactive_ms": "left out"}}
    return {row["number"]: row for row in judged({"models": {"synthetic": part}, **whole})}


def test_an_aim_is_missed_on_its_own_side_of_the_bound():
    low, high = judged_at(1.0), judged_at(1e9)
    assert not low["native_f32_vs_pysd"]["met"] and high["native_f32_vs_pysd"]["met"]
    assert low["native_f32_vs_pysd"]["reason"] and low["gradient_native_vs_reference"]["reason"]
    assert low["adjoint_over_forward"]["met"] and not high["adjoint_over_forward"]["met"]
    assert low["interactive_ms"]["met"] is None and low["interactive_ms"]["reason"] == "left out"


def test_nothing_is_timed_whose_outputs_were_not_compared(report):
    model = report["models"]["synthetic"]
    timed = {name for name in model["microseconds_per_trajectory"] if not name.startswith("vector_math_bound")}
    assert timed == set(model["differences"])
    assert max(model["differences"].values()) < 1e-4


def test_a_rival_with_wrong_outputs_is_refused(monkeypatch):
    def wrong(case):
        right = generated.numpy_run(case)
        return Contestant("numpy", lambda: {k: v * 1.0001 for k, v in right().items()}, case.draws)

    monkeypatch.setattr(bench, "numpy_contestant", wrong)
    monkeypatch.setattr(bench.bound, "measured_speeds", lambda single: refuse())
    monkeypatch.setattr(bench, "gradient_contestants", lambda case: refuse())
    found = bench.benchmark(["synthetic"], ["numpy"], quick=True, begin=lambda part: None)["models"]["synthetic"]
    assert found["ratios"]["native_f32_vs_numpy"] is None
    assert "outputs differ by 1.0e-04" in found["not_measured"]["native_f32_vs_numpy"]
    assert "numpy" not in found["microseconds_per_trajectory"]
    assert "no compiler" in found["not_measured"]["over_vector_math_bound"]
    assert "no compiler" in found["not_measured"]["adjoint_over_forward"]


def refuse():
    raise RefusedError("no compiler")


@pytest.mark.parametrize("broken", [np.nan, np.inf, 2.0])
def test_a_difference_in_one_number_is_enough_to_be_refused(broken):
    right = {"a": np.ones((3, 2)), "b": np.ones((3, 2))}
    wrong = {"a": np.ones((3, 2)), "b": np.array([[1.0, 1.0], [1.0, broken], [1.0, 1.0]])}
    assert difference(right, right) == 0
    with pytest.raises(RefusedError, match="outputs differ"):
        admitted(Contestant("b", lambda: wrong, 2), {"midpoint": right})


def test_a_rival_that_fails_is_refused_with_what_it_says():
    with pytest.raises(RefusedError, match="ValueError: no such thing"):
        admitted(Contestant("b", fail, 2), {"midpoint": {}})


def fail():
    raise ValueError("no such thing")


def test_unknown_models_and_rivals_are_refused_with_the_valid_ones():
    for option, valid in (("--models", "synthetic"), ("--rivals", "diffrax")):
        result = CliRunner().invoke(app, ["bench", option, "nothing"])
        assert result.exit_code == 2
        assert valid in result.stderr


# The synthetic model


def test_the_synthetic_model_has_the_size_that_is_promised_and_all_of_it_matters():
    model = synthetic.model()
    counts = [len(model.states), len(model.of_kind("auxiliary")), len(synthetic.equations().tables)]
    assert [*counts, len(model.parameters), len(model.of_kind("series"))] == [60, 200, 20, 60, 15]
    assert model.upstream(v.name for v in model.states) >= set(model.variables) - {"outside"}


def test_numpy_runs_the_reference_models_equations_by_the_midpoint_rule():
    case = cases.reference(2, 3)
    assert difference(generated.numpy_run(case)(), reference_contestant(case).call()) < 1e-9


def test_euler_with_as_many_evaluations_goes_to_the_same_place_less_exactly():
    case = cases.synthetic_case(2, 24)
    middle, euler = generated.numpy_run(case)(), generated.numpy_run(case, euler=True)()
    assert 1e-5 < difference(euler, middle) < 0.05


def test_python_in_pieces_is_the_same_as_in_one():
    case = cases.synthetic_case(2, 2)
    made = program(case.model, case.record)
    whole, _ = python_text.source(made, python_text.NUMPY)
    pieces, kept = python_text.source(made, python_text.Dialect(python_text.NUMPY.calls, 40))
    assert pieces.count("def rates_") > whole.count("def rates_") == 1
    assert kept > 0


# The bound, and what a person waits for


def test_the_bound_counts_each_step_and_nothing_for_what_only_moves_numbers():
    case = cases.synthetic_case(1, 10)
    made = program(case.model, case.record)
    once, twice = bound.operations(made, 20), bound.operations(made, 40)
    assert twice["exp"] == 2 * once["exp"] > 0
    speeds = dict.fromkeys([*once, "arithmetic", "choice"], 1.0)
    counted = sum(n for name, n in once.items() if name not in ("const", "leaf"))
    assert 0 < bound.seconds(case, speeds) < counted


def test_an_answer_is_made_of_ordered_quantiles_of_every_outcome():
    milliseconds, text = interactive.answer_ms(8, 6, rounds=1)
    assert milliseconds > 0
    outcomes = json.loads(text)["outcomes"]
    assert len(outcomes) == 29
    assert all(np.shape(rows) == (6, len(interactive.LEVELS)) for rows in outcomes.values())
    assert all((np.diff(rows, axis=1) >= 0).all() for rows in outcomes.values())


def test_one_core_is_given_back():
    import os

    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system does not pin threads to cores")
    before = os.sched_getaffinity(0)
    with one_core() as pinned:
        assert pinned and len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before
