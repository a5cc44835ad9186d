"""The table of docs/likelihood.md against the series that are fitted and the noise that they are fitted with."""

import re
from pathlib import Path

import pytest

from contraflow import evidence
from contraflow.inference.likelihood import FREE_LEVEL_SD
from contraflow.system.observations import OBSERVABLES

WORDS = {
    "negative_binomial": "negative binomial", "beta": "beta", "lognormal": "log-normal", "logit_normal": "logit-normal",
}  # fmt: skip
TEXT = (Path(__file__).parents[2] / "docs" / "likelihood.md").read_text(encoding="utf-8")
FITTED, LEFT_OUT = TEXT.split("**Not fitted**")


def rows(text):
    return [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]


ROWS = rows(FITTED)
TOLD = [(series, row[2]) for row in ROWS for series in re.findall("`([^`]+)`", row[1])]


def test_the_table_has_every_fitted_series_once_and_no_other():
    assert sorted(series for series, _ in TOLD) == sorted(OBSERVABLES)


def test_every_other_series_has_its_reason_and_only_one():
    told = [series for reason, named in rows(LEFT_OUT) for series in re.findall("`([^`]+)`", named) if reason]
    assert sorted(told) == sorted(set(evidence.load().series) - set(OBSERVABLES))


@pytest.mark.parametrize(("series", "told"), TOLD, ids=[series for series, _ in TOLD])
def test_the_table_tells_density_noise_and_level(series, told):
    observation = evidence.load().series[series].observation
    assert told.startswith(WORDS[observation.family])
    numbers = {float(x.replace(",", "")) for x in re.findall(r"\d[\d,]*(?:\.\d+)?", told)}
    expected = {observation.size, observation.sd, observation.precision, observation.level_sd, *observation.breaks}
    expected |= {observation.weight_reference}
    weight = OBSERVABLES[series].weight
    expected |= {weight} if weight != 1 else set()
    assert numbers == expected - {None}
    assert ("free level" in told) == (observation.scale == "free")


def test_the_width_of_a_free_level_is_told():
    assert f"prior sd of {FREE_LEVEL_SD:g}" in TEXT
