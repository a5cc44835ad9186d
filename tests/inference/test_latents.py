"""Latent drivers: the path that innovations make, and that policies share it."""

from collections import Counter

import jax.numpy as jnp
import numpy as np
import pytest

from contraflow import evidence
from contraflow.system.latents import LATENT_PARAMETERS, LATENTS, Latent, interpolation, walk


def test_a_latent_is_the_autoregressive_walk_of_its_innovations():
    latent, rng = Latent("walk", start=2000.0, step=0.5), np.random.default_rng(1)
    innovations, knots = rng.standard_normal(8), latent.knots(2004.0)
    level, path = 0.0, []
    for e in innovations:
        level = 0.9 * level + e
        path.append(level)
    assert len(knots) == 8
    drawn = walk(np.stack([innovations, 2 * innovations], axis=1), np.array([0.9, 0.0]))
    assert np.allclose(drawn[:, 0], path) and np.allclose(drawn[:, 1], 2 * innovations)
    assert np.allclose(interpolation(latent, knots, 2004.0) @ drawn, drawn)
    assert np.allclose(np.asarray(walk(jnp.asarray(innovations)[:, None], jnp.full(1, 0.9)))[:, 0], path)


def test_a_latent_is_zero_before_its_start_and_linear_between_knots():
    latent = Latent("walk", start=2010.0, step=1.0)
    matrix = interpolation(latent, np.array([2005.0, 2010.0, 2010.5, 2011.0, 2013.0]), 2012.0)
    assert not matrix[:2].any()
    assert matrix[2] == pytest.approx([0.5, 0.0]) and matrix[3] == pytest.approx([1.0, 0.0])
    assert matrix[4] == pytest.approx([0.0, 1.0])


def test_a_latent_that_begins_at_the_end_has_no_knots():
    latent = Latent("walk", start=2013.0, step=0.5)
    assert interpolation(latent, np.array([2012.0]), 2013.0).shape == (1, 0)
    assert walk(np.zeros((0, 3)), np.full(3, 0.9)).shape == (0, 3)


def test_each_driver_has_a_scale_and_a_memory_in_the_evidence():
    known = evidence.load().parameters
    assert set(LATENT_PARAMETERS) <= set(known) and Counter(LATENT_PARAMETERS.values()) == dict.fromkeys(LATENTS, 2)


def test_there_are_at_most_five_latents():
    assert 1 <= len(LATENTS) <= 5
