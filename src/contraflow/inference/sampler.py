"""Hamiltonian Monte Carlo over many chains at once, in coordinates whitened by a Laplace approximation.

Every chain may hold some coordinates at values of its own (the cut posterior needs that), so the target differs by
chain and one compiled step serves every stage: what is free and which series count are arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Array = Any


@dataclass(frozen=True, eq=False)
class Sampler:
    """A target over y (size, chains): ``log_density(y, weights)`` → (chains,), weights one a series."""

    size: int
    chains: int
    gradient: Callable[[Array, Array], tuple[Array, Array]]
    transition: Callable[..., tuple[Array, Array, Array]]

    def curvature(self, y: np.ndarray, weights: np.ndarray, step: float = 1e-3) -> np.ndarray:
        """Hessian (size, size) of minus the log density at y (size,), by central differences of the gradient."""
        columns = []
        for first in range(0, self.size, self.chains // 2):
            chosen = np.arange(first, min(first + self.chains // 2, self.size))
            points = np.repeat(y[:, None], self.chains, axis=1)
            points[chosen, np.arange(len(chosen))] += step
            points[chosen, self.chains // 2 + np.arange(len(chosen))] -= step
            slopes = np.asarray(self.gradient(jnp.asarray(points), jnp.asarray(weights))[1])
            half = self.chains // 2
            columns.append((slopes[:, : len(chosen)] - slopes[:, half : half + len(chosen)]) / (2 * step))
        hessian = -np.concatenate(columns, axis=1)
        return 0.5 * (hessian + hessian.T)


def sampler(log_density: Callable[[Array, Array], Array], size: int, chains: int, leapfrogs: int = 10) -> Sampler:
    """Compile gradient and transition for this many chains."""

    def total(y: Array, weights: Array) -> tuple[Array, Array]:
        value = log_density(y, weights)
        return jnp.sum(value), value

    def gradient(y: Array, weights: Array) -> tuple[Array, Array]:
        (_, value), slope = jax.value_and_grad(total, has_aux=True)(y, weights)
        return value, slope

    def transition(
        y: Array, value: Array, slope: Array, factor: Array, weights: Array, step: Array, key: Array
    ) -> tuple[Array, Array, Array, Array]:
        momentum_key, accept_key = jax.random.split(key)
        momentum = jax.random.normal(momentum_key, (size, chains))

        def leap(carry: Any, _: None) -> tuple[Any, None]:
            position, p, g, _value = carry
            p = p + 0.5 * step * (factor.T @ g)
            position = position + step * (factor @ p)
            _value, g = gradient(position, weights)
            p = p + 0.5 * step * (factor.T @ g)
            return (position, p, g, _value), None

        (proposal, p, g, proposed), _ = jax.lax.scan(leap, (y, momentum, slope, value), None, length=leapfrogs)
        energy = value - 0.5 * jnp.sum(momentum**2, axis=0)
        log_ratio = proposed - 0.5 * jnp.sum(p**2, axis=0) - energy
        log_ratio = jnp.where(jnp.isfinite(log_ratio), log_ratio, -jnp.inf)
        chance = jnp.exp(jnp.minimum(log_ratio, 0.0))
        accepted = jax.random.uniform(accept_key, (chains,)) < chance
        keep = accepted[None, :]
        return jnp.where(keep, proposal, y), jnp.where(accepted, proposed, value), jnp.where(keep, g, slope), chance

    return Sampler(size, chains, jax.jit(gradient), jax.jit(transition))


def whitening(hessian: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Factor F (size, size) with F Fᵀ = inverse Hessian of the free block, zero elsewhere."""
    block = hessian[np.ix_(free, free)]
    eigenvalues, vectors = np.linalg.eigh(block)
    root = vectors / np.sqrt(np.maximum(eigenvalues, 0.2))
    factor = np.zeros_like(hessian)
    factor[np.ix_(free, free)] = root
    return factor


def descend(target: Sampler, y: np.ndarray, factor: np.ndarray, weights: np.ndarray, steps: int) -> np.ndarray:
    """Move every chain towards its own mode by damped Newton steps, keeping the best point of each."""
    f, w = jnp.asarray(factor), jnp.asarray(weights)
    best, best_value = np.array(y), np.full(target.chains, -np.inf)
    point, size = np.array(y), np.full(target.chains, 0.5)
    last = np.zeros_like(best)
    for _ in range(steps):
        value, slope = (np.asarray(a) for a in target.gradient(jnp.asarray(point), w))
        good = np.isfinite(value) & (value > best_value)
        best, best_value = np.where(good, point, best), np.where(good, value, best_value)
        size = np.where(good, np.minimum(size * 1.2, 0.9), size * 0.4)
        if good.any():
            direction = np.asarray(f @ (f.T @ jnp.asarray(np.nan_to_num(slope))))
            norm = np.sqrt((direction**2).sum(axis=0, keepdims=True))
            direction = direction * np.minimum(1.0, 4.0 / np.maximum(norm, 1e-9))
            last = np.where(good, direction, last)
        point = best + size * last
    return best


def sample(
    target: Sampler,
    y: np.ndarray,
    factor: np.ndarray,
    weights: np.ndarray,
    *,
    warmup: int,
    kept: int,
    thin: int,
    seed: int,
    log: Callable[[str], None],
) -> tuple[np.ndarray, dict[str, float]]:
    """Draws (kept, size, chains) after ``warmup`` transitions, every ``thin``-th kept; and how the sampling went.

    The step is tuned to 80 % acceptance during the warm-up and jittered by 20 %.
    """
    f, w = jnp.asarray(factor), jnp.asarray(weights)
    rng = np.random.default_rng(seed)
    value, slope = target.gradient(jnp.asarray(y), w)
    position, step = jnp.asarray(y), 0.1
    chances: list[np.ndarray] = []
    draws = []
    for i in range(warmup + kept * thin):
        key = jax.random.PRNGKey(int(rng.integers(2**31)))
        jittered = jnp.asarray(step * rng.uniform(0.8, 1.2))
        position, value, slope, chance = target.transition(position, value, slope, f, w, jittered, key)
        mean = float(jnp.mean(chance))
        if i < warmup:
            step *= float(np.exp((mean - 0.8) / (1 + i / 5) ** 0.6))
        else:
            chances.append(np.asarray(chance))
            if (i - warmup + 1) % thin == 0:
                draws.append(np.asarray(position))
        if i % 10 == 9:
            log(f"  transition {i + 1} of {warmup + kept * thin}, acceptance {mean:.2f}, step {step:.3f}")
    by_chain = np.mean(chances, axis=0)
    return np.stack(draws), {
        "acceptance": float(by_chain.mean()),
        "stuck_chains": float(np.mean(by_chain < 0.1)),
        "step": step,
        "transitions": warmup + kept * thin,
    }
