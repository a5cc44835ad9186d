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

from contraflow.inference.checkpoint import Checkpoint

Array = Any

#: Transitions between two checkpoints, and between two lines of the log.
SAVE_EVERY = 10


def _unheard(_: int) -> None:
    return None


@dataclass(frozen=True, eq=False)
class Sampler:
    """A target over y (size, chains): ``log_density(y, weights)`` → (chains,), weights one a series.

    ``advance`` is told of work as it is done, in evaluations of the gradient.
    """

    size: int
    chains: int
    leapfrogs: int
    gradient: Callable[[Array, Array], tuple[Array, Array]]
    transition: Callable[..., tuple[Array, Array, Array, Array]]
    advance: Callable[[int], None] = _unheard

    def curvature(self, y: np.ndarray, weights: np.ndarray, free: np.ndarray, step: float = 1e-3) -> np.ndarray:
        """Hessian (chains, free, free) of minus the log density at every chain's own point y (size, chains)."""
        at, w = jnp.asarray(y), jnp.asarray(weights)
        slope = np.asarray(self.gradient(at, w)[1])
        places = np.flatnonzero(free)
        columns = []
        for place in places:
            moved = np.asarray(self.gradient(at.at[place].add(step), w)[1])
            columns.append((slope[places] - moved[places]) / step)
            self.advance(1)
        hessian = np.transpose(np.stack(columns), (2, 0, 1))
        return 0.5 * (hessian + np.transpose(hessian, (0, 2, 1)))


def push(factor: Array, z: Array) -> Array:
    """Whitened (size, chains) to coordinates, by every chain's own factor (chains, size, size)."""
    return jnp.einsum("cij,jc->ic", factor, z)


def pull(factor: Array, slope: Array) -> Array:
    """A slope in coordinates to whitened ones: the transpose of ``push``."""
    return jnp.einsum("cij,ic->jc", factor, slope)


def sampler(
    log_density: Callable[[Array, Array], Array],
    size: int,
    chains: int,
    leapfrogs: int = 10,
    advance: Callable[[int], None] = _unheard,
) -> Sampler:
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
            p = p + 0.5 * step * pull(factor, g)
            position = position + step * push(factor, p)
            _value, g = gradient(position, weights)
            p = p + 0.5 * step * pull(factor, g)
            return (position, p, g, _value), None

        (proposal, p, g, proposed), _ = jax.lax.scan(leap, (y, momentum, slope, value), None, length=leapfrogs)
        energy = value - 0.5 * jnp.sum(momentum**2, axis=0)
        log_ratio = proposed - 0.5 * jnp.sum(p**2, axis=0) - energy
        log_ratio = jnp.where(jnp.isfinite(log_ratio), log_ratio, -jnp.inf)
        chance = jnp.exp(jnp.minimum(log_ratio, 0.0))
        accepted = jax.random.uniform(accept_key, (chains,)) < chance
        keep = accepted[None, :]
        return jnp.where(keep, proposal, y), jnp.where(accepted, proposed, value), jnp.where(keep, g, slope), chance

    return Sampler(size, chains, leapfrogs, jax.jit(gradient), jax.jit(transition), advance)


def whitening(hessian: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Factors F (chains, size, size) with F Fᵀ the inverse of |Hessian| on the free block, zero elsewhere.

    Directions of small or negative curvature are given that of a prior widened by √3.
    """
    eigenvalues, vectors = np.linalg.eigh(hessian)
    root = vectors / np.sqrt(np.maximum(np.abs(eigenvalues), 1 / 3))[:, None, :]
    places = np.flatnonzero(free)
    factor = np.zeros((len(hessian), len(free), len(free)))
    factor[:, places[:, None], places[None, :]] = root
    return factor


def descend(target: Sampler, y: np.ndarray, factor: np.ndarray, weights: np.ndarray, steps: int) -> np.ndarray:
    """Move every chain towards its own mode by damped Newton steps, keeping the best point of each."""
    f, w = jnp.asarray(factor), jnp.asarray(weights)
    best, best_value = np.array(y), np.full(target.chains, -np.inf)
    point, size = np.array(y), np.full(target.chains, 0.5)
    direction = np.zeros_like(best)
    for _ in range(steps):
        value, slope = (np.asarray(a) for a in target.gradient(jnp.asarray(point), w))
        better = np.isfinite(value) & (value > best_value)
        best, best_value = np.where(better, point, best), np.where(better, value, best_value)
        newton = np.array(push(f, pull(f, jnp.asarray(np.nan_to_num(slope)))))
        newton *= np.minimum(1.0, 3.0 / np.maximum(np.sqrt((newton**2).sum(axis=0)), 1e-9))
        direction = np.where(better, newton, direction)
        size = np.where(better, np.minimum(size * 1.5, 1.0), size * 0.3)
        point = best + size * direction
        target.advance(1)
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
    saved: Checkpoint | None = None,
) -> tuple[np.ndarray, dict[str, float]]:
    """Draws (kept, size, chains) after ``warmup`` transitions, every ``thin``-th kept; and how the sampling went.

    Each chain's step is tuned to 80 % acceptance during the warm-up and jittered by 20 %. With ``saved``, the work is
    saved as it goes, and goes on from what was saved: the draws are those of a run without a stop.
    """
    f, w = jnp.asarray(factor), jnp.asarray(weights)
    state = (saved.load() if saved else None) or _beginning(target, y, w)
    position, value, slope = (jnp.asarray(state[k]) for k in ("position", "value", "slope"))
    step, chances, draws = state["step"], list(state["chances"]), list(state["draws"])
    done, transitions = int(state["done"]), warmup + kept * thin
    target.advance(done * target.leapfrogs)
    for i in range(done, transitions):
        # Random numbers of their own for each transition, so that none depends on where a run was stopped.
        rng = np.random.default_rng([seed, i + 1])
        key = jax.random.PRNGKey(int(rng.integers(2**31)))
        jittered = jnp.asarray(step * rng.uniform(0.8, 1.2, target.chains))
        position, value, slope, chance = target.transition(position, value, slope, f, w, jittered, key)
        if i < warmup:
            step = np.clip(step * np.exp(0.8 * (np.asarray(chance) - 0.8) / (1 + i / 8) ** 0.6), 0.005, 0.5)
        else:
            chances.append(np.asarray(chance))
            if (i - warmup + 1) % thin == 0:
                draws.append(np.asarray(position))
        target.advance(target.leapfrogs)
        if (i + 1) % SAVE_EVERY == 0:
            log(
                f"  transition {i + 1} of {transitions}, acceptance {float(jnp.mean(chance)):.2f}, "
                f"step {np.median(step):.3f}, log density {float(jnp.nanmedian(value)):.0f} "
                f"({float(jnp.nanquantile(value, 0.05)):.0f} to {float(jnp.nanquantile(value, 0.95)):.0f})"
            )
        if saved and ((i + 1) % SAVE_EVERY == 0 or i + 1 == transitions):
            saved.save(
                done=i + 1,
                position=position,
                value=value,
                slope=slope,
                step=step,
                chances=np.reshape(chances, (-1, target.chains)),
                draws=np.reshape(draws, (-1, target.size, target.chains)),
            )
    by_chain = np.mean(chances, axis=0)
    return np.stack(draws), {
        "acceptance": float(by_chain.mean()),
        "stuck_chains": float(np.mean(by_chain < 0.1)),
        "step": float(np.median(step)),
        "log_density_spread": float(jnp.nanquantile(value, 0.95) - jnp.nanquantile(value, 0.05)),
        "transitions": transitions,
    }


def _beginning(target: Sampler, y: np.ndarray, weights: Array) -> dict[str, Any]:
    """The state of a sampling that has not begun, under the names in which it is saved."""
    value, slope = target.gradient(jnp.asarray(y), weights)
    step = np.full(target.chains, 0.15)
    return {"done": 0, "position": y, "value": value, "slope": slope, "step": step, "chances": (), "draws": ()}


def effective_draws(draws: np.ndarray) -> np.ndarray:
    """Number (size,) of independent draws whose mean would be as uncertain as that of these (kept, size, chains).

    Chains are independent of each other, so the scatter of their means shows how much the draws of one repeat each
    other, be it by slow moves or by values that the chain holds. Lies between the number of chains and that of draws;
    says nothing of whether the chains have arrived at the target.
    """
    kept, _, chains = draws.shape
    between = draws.mean(axis=0).var(axis=1)
    return np.minimum(chains * draws.var(axis=(0, 2)) / np.maximum(between, 1e-12), kept * chains)
