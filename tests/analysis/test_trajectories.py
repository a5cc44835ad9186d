"""Trajectories as plain arrays say the same as the dataset that they are shown as."""

import numpy as np
import pytest

from contraflow.analysis.trajectories import Trajectories, quantiles

TIMES = 2024 + np.arange(6) / 12


@pytest.fixture
def trajectories() -> Trajectories:
    rng = np.random.default_rng(2)
    return Trajectories(
        {
            "deaths": (("time", "draw"), rng.random((6, 4)), {"units": "person/year"}),
            "flow": (("time", "drug", "draw"), rng.random((6, 2, 4)), {"units": "kg/year"}),
        },
        {"time": TIMES, "drug": ["heroin", "fentanyl"]},
    )


def test_the_dataset_has_the_names_units_and_labels(trajectories):
    data = trajectories.dataset
    assert dict(data.sizes) == {"time": 6, "draw": 4, "drug": 2} and trajectories.draws == 4
    assert data["flow"].attrs == {"units": "kg/year"}
    assert np.array_equal(data["flow"].sel(drug="fentanyl").values, trajectories.values("flow")[:, 1])


def test_parts_are_those_of_the_dataset(trajectories):
    whole = trajectories.dataset
    assert trajectories.since(TIMES[2]).dataset.identical(whole.sel(time=slice(TIMES[2], None)))
    assert trajectories.block(slice(1, 3)).dataset.identical(whole.isel(draw=slice(1, 3)))
    assert trajectories.only(["deaths"]).dataset["deaths"].identical(whole["deaths"])


def test_later_months_do_not_hold_the_earlier_ones_in_memory(trajectories):
    later = trajectories.since(TIMES[2])
    assert all(not np.shares_memory(later.values(n), trajectories.values(n)) for n in ("deaths", "flow"))


@pytest.mark.parametrize("draws", [1, 2, 5, 500])
def test_quantiles_are_those_of_numpy(draws):
    values = np.random.default_rng(draws).normal(size=(3, 2, draws))
    levels = [0.0, 0.05, 0.25, 0.5, 0.77, 1.0]
    np.testing.assert_allclose(quantiles(values, levels), np.quantile(values, levels, axis=-1), rtol=1e-12)
