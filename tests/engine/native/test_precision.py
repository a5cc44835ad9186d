"""Single precision where it would lose digits: the same kernel in double is the measure."""

import platform

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from contraflow.engine import Grid, assemble, auxiliary, boundary, flow, native, series, stock
from contraflow.engine import operations as op
from contraflow.engine.native import build

GRID = Grid(2000, 360)
DRAWS = 21


@pytest.fixture(params=["this processor", "any processor"], autouse=True)
def instructions(request, monkeypatch):
    if request.param == "any processor":
        if platform.machine() != "x86_64":
            pytest.skip("the oldest instructions are named for x86-64 only")
        monkeypatch.setattr(build, "PROCESSOR", "-march=x86-64")


def errors(equations, parameters, stocks=()):
    """The largest error of each equation in single precision, against its largest magnitude in the draw's run."""

    @auxiliary("1")
    def time(years):
        """What reads the input, if nothing else does."""
        return years

    declared = {
        "years": series("1", role="driver", doc="Time, as a bare number."),
        "time": time,
        **{n: stock("1", initial=first, doc="A stock.", ledger="l") for n, first in stocks},
        **({"outside": boundary("1", ledger="l", doc="Outside.")} if stocks else {}),
        **equations,
    }
    model = assemble(declared, dict.fromkeys(parameters, "1"), units=False)
    arguments = parameters, {"years": GRID.step_times}, GRID, list(equations)
    double, single = (native.simulate(model, *arguments, single=s).values for s in (False, True))
    found = {n: np.max(np.abs(double[n] - single[n]) / np.max(np.abs(double[n]), axis=0)) for n in equations}
    assert max(found.values()) > 1e-10  # else the kernel failed, and the reference ran
    return found


def test_what_is_left_of_a_share_near_one_keeps_its_digits():
    @flow("1/year", source="outside", destination="odds")
    def spreading(speed, odds):
        """Spread."""
        return speed + 0.0 * odds

    @auxiliary("1")
    def share(odds, weight):
        """A mean of two logistic shares."""
        return weight * op.logistic(odds) + (1 - weight) * op.logistic(0.9 * odds)

    @auxiliary("1")
    def rest(share):
        """What is left of it, in logs."""
        return jnp.log(1 - share)

    rng = np.random.default_rng(1)
    parameters = {"speed": rng.uniform(0.3, 0.6, DRAWS), "weight": rng.uniform(0.2, 0.8, DRAWS)}
    found = errors({"spreading": spreading, "share": share, "rest": rest}, parameters, [("odds", 0.0)])
    assert max(found.values()) < 1e-6


def test_time_since_a_date_and_the_sum_of_many_steps_keep_their_digits():
    @flow("1/year", source="outside", destination="level")
    def growth(level, rate):
        """Slow growth."""
        return rate * level

    @auxiliary("1")
    def trend(years, rate, level):
        """A trend since a date, in proportion to the level."""
        return jnp.exp(10 * rate * (years - 2015.0)) * level

    @auxiliary("1")
    def grown(level):
        """Relative growth since the start."""
        return level - 1.0

    rng = np.random.default_rng(2)
    equations = {"growth": growth, "trend": trend, "grown": grown}
    assert max(errors(equations, {"rate": rng.uniform(1e-3, 1e-2, DRAWS)}, [("level", 1.0)]).values()) < 1e-6


def test_the_logarithm_of_a_ratio_near_one_keeps_its_digits():
    @flow("1/year", source="outside", destination="level")
    def growth(level, rate):
        """Slow growth."""
        return rate * level

    @auxiliary("1")
    def gap(level, offset):
        """The ratio of two shares, in logs."""
        return jnp.log(op.logistic(level + offset) / op.logistic(level))

    rng = np.random.default_rng(3)
    parameters = {"rate": rng.uniform(0.01, 0.02, DRAWS), "offset": 10.0 ** rng.uniform(-6, -3, DRAWS)}
    assert max(errors({"growth": growth, "gap": gap}, parameters, [("level", 1.0)]).values()) < 1e-6


FUNCTIONS = [
    jnp.exp, jnp.log, jnp.log1p, jnp.expm1, jnp.tanh, lax.logistic, lax.erf, lax.erfc, lax.erf_inv, jnp.sqrt, jnp.abs,
    jnp.sign, lambda x: x**3, lambda x: (x - 2) ** -2, lambda x: x**0.37, lambda x: jnp.maximum(x, 0.5), lambda x: -x,
    lambda x: jnp.minimum(x, 0.5), lambda x: jnp.where(x > 0.4, x, 1 / x), lambda x: (x + 0.1) ** x,
    lambda x: (-x - 1) ** jnp.where(x > 0.5, 2.0, 3.0),
]  # fmt: skip


def test_every_function_has_its_form_in_double():
    # Of a parameter, so computed in double; the remainder against a rounded value shows the digits beyond single.
    def made(function):
        def value(x):
            """A constant of each draw, to twelve digits: what is beyond its sixth, a million times over."""
            y = function(x)
            return (y - jnp.where(jnp.abs(y) > 0, y * (1 - 1e-6), 0.0)) * 1e6

        return auxiliary("1")(value)

    x = np.random.default_rng(4).uniform(0.05, 0.95, DRAWS)
    found = errors({f"f{k}": made(f) for k, f in enumerate(FUNCTIONS)}, {"x": x})
    assert max(found.values()) < 1e-6
