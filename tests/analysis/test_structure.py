"""Structure against latent drivers: the share of variance explained, and latent drivers set aside."""

import numpy as np
import pytest

from contraflow.analysis.structure import JUDGED, share_explained, without_latents
from contraflow.evidence import load
from contraflow.inference.posterior import Posterior

COUNTS = np.array([1.0, 2.0, 4.0, 5.0])


def test_a_model_that_follows_the_counts_explains_all_and_their_mean_explains_nothing():
    modelled = np.stack([COUNTS, np.full(4, 3.0), -COUNTS], axis=-1)
    explained = share_explained(modelled, COUNTS)
    assert explained[:2] == pytest.approx([1.0, 0.0])
    assert explained[2] < 0


def test_latent_drivers_are_at_zero_and_all_else_is_kept():
    posterior = Posterior({"a": np.ones(3)}, {"drift": np.ones((5, 3))}, {}, {"seed": 1})
    still = without_latents(posterior)
    assert not still.innovations["drift"].any() and still.innovations["drift"].shape == (5, 3)
    assert still.coordinates is posterior.coordinates


def test_what_structure_is_judged_by_has_one_count_a_year_from_2000_to_2024():
    for series in JUDGED.values():
        assert [int(r.start) for r in load().series[series].rows] == list(range(2000, 2025))
