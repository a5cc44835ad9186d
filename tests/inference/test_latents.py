"""Latent drivers: the path that innovations make, and that policies share it."""

import numpy as np
import pytest

from contraflow.system.latents import LATENTS, Latent, basis


def test_a_latent_is_the_autoregressive_walk_of_its_innovations():
    latent, rng = Latent("walk", start=2000.0, step=0.5), np.random.default_rng(1)
    innovations, knots = rng.standard_normal(8), latent.knots(2004.0)
    level, path = 0.0, []
    for e in innovations:
        level = 0.9 * level + e
        path.append(level)
    assert len(knots) == 8
    assert np.allclose(basis(latent, 0.9, knots, 2004.0) @ innovations, path)


def test_a_latent_is_zero_before_its_start_and_linear_between_knots():
    latent = Latent("walk", start=2010.0, step=1.0)
    matrix = basis(latent, 0.5, np.array([2005.0, 2010.0, 2010.5, 2011.0]), 2012.0)
    assert not matrix[:2].any()
    assert matrix[2, 0] == pytest.approx(0.5 * matrix[3, 0])


def test_there_are_at_most_five_latents():
    assert 1 <= len(LATENTS) <= 5
