"""Priors keep the numbers they are written with; records refuse what they do not know."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from contraflow.evidence import Driver, DriverRow, Observation, Prior, SourceRef
from contraflow.evidence.schema import Z95


def prior(**written):
    return Prior.model_validate(written)


def test_normal_quantiles_become_mean_and_sd():
    read = prior(normal={"q05": -1, "q95": 3})
    assert read.arguments == {"mean": 1.0, "sd": pytest.approx(2 / Z95)}


def test_lognormal_keeps_its_median_and_the_distance_of_its_quantiles():
    read = prior(lognormal={"median": 5, "q05": 2, "q95": 13})
    assert read.arguments["mu"] == pytest.approx(math.log(5))
    assert read.arguments["sigma"] == pytest.approx(math.log(13 / 2) / (2 * Z95))


def test_lognormal_without_median_reproduces_both_quantiles():
    read = prior(lognormal={"q05": 90_000, "q95": 360_000})
    mu, sigma = read.arguments["mu"], read.arguments["sigma"]
    assert math.exp(mu - Z95 * sigma) == pytest.approx(90_000)
    assert math.exp(mu + Z95 * sigma) == pytest.approx(360_000)


def test_logit_normal_respects_its_bounds():
    read = prior(logit_normal={"median": 3, "sd": 0.5, "low": 1, "high": 5})
    assert read.arguments == {"mu": 0.0, "sigma": 0.5, "low": 1.0, "high": 5.0}


@pytest.mark.parametrize("written", [{"fixed": 0.15}, {"fixed": {"value": 0.15}}])
def test_fixed_takes_a_number(written):
    assert Prior.model_validate(written).arguments == {"value": 0.15}
    assert Prior.model_validate(written).is_fixed


@pytest.mark.parametrize("read", [prior(beta={"a": 7, "b": 3}), prior(half_normal={"sd": 1})])
def test_a_prior_survives_a_round_trip(read):
    assert Prior.model_validate(read.model_dump()) == read


@pytest.mark.parametrize(
    ("written", "fragment"),
    [
        ({"gaussian": {"mean": 0}}, "unknown prior family 'gaussian'"),
        ({"normal": {"mean": 0}}, "normal takes {mean, sd} or {q05, q95}"),
        ({"normal": {"mean": 0, "sd": 0}}, "sd must be above 0"),
        ({"lognormal": {"median": -1, "sd": 1}}, "median must be above 0"),
        ({"lognormal": {"median": 9, "q05": 1, "q95": 3}}, "q05 < median < q95"),
        ({"logit_normal": {"median": 1.2, "sd": 1}}, "not between 0 and 1"),
        ({"uniform": {"low": 1, "high": 1}}, "low must be below high"),
        ({"normal": {"mean": 0, "sd": 1}, "beta": {"a": 1, "b": 1}}, "exactly one of"),
        ({"fixed": "today"}, "must be a finite number"),
        ({"normal": 3}, "`name: number` pairs"),
    ],
)
def test_a_malformed_prior_says_what_it_takes(written, fragment):
    with pytest.raises(ValidationError) as caught:
        Prior.model_validate(written)
    assert fragment in caught.value.errors()[0]["msg"]


def test_an_assumption_needs_a_reason():
    with pytest.raises(ValidationError, match="reason"):
        SourceRef(id="assumption", value=1)
    assert SourceRef(id="assumption", reason="nothing was found").reason


def test_an_observation_needs_its_spread():
    with pytest.raises(ValidationError, match="size"):
        Observation(family="negative_binomial")


def driver(interpolation):
    rows = (DriverRow(2000.0, 1.0, "x"), DriverRow(2002.0, 3.0, "x"), DriverRow(2003.0, 0.0, "x"))
    label = {"en": "Driver", "es": "Entrada"}
    return Driver(id="driver", label=label, unit="1", interpolation=interpolation, rows=rows)


def test_a_linear_driver_interpolates_and_holds_both_ends():
    times = np.array([[1990.0, 2001.0], [2002.5, 2050.0]])
    np.testing.assert_allclose(driver("linear").at(times), [[1.0, 2.0], [1.5, 0.0]])


def test_a_step_driver_keeps_the_last_value():
    np.testing.assert_allclose(driver("step").at([1990.0, 2001.9, 2002.0, 2050.0]), [1.0, 1.0, 3.0, 0.0])


def test_driver_dates_must_increase():
    with pytest.raises(ValidationError, match="dates must increase"):
        Driver(
            id="driver",
            label={"en": "Driver", "es": "Entrada"},
            unit="1",
            rows=(DriverRow(2001.0, 1.0, "x"), DriverRow(2000.0, 1.0, "x")),
        )
