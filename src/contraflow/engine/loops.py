"""Feedback loops: whether a named loop exists in the model, and the sign of each of its links over an ensemble."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from contraflow.engine.model import Model, unknown


@dataclass(frozen=True)
class Link:
    """One influence. ``positive`` is the share of draws in which raising the cause raises the effect."""

    cause: str
    effect: str
    positive: float
    negative: float

    @property
    def sign(self) -> str:
        """``+`` or ``-`` when at least 95 % of draws agree, ``±`` when they do not, ``0`` when nothing moves."""
        if self.positive + self.negative == 0:
            return "0"
        if self.positive >= 0.95:
            return "+"
        return "-" if self.negative >= 0.95 else "±"


def path(model: Model, waypoints: Sequence[str]) -> list[str] | None:
    """Shortest closed path through the waypoints in order, as variable names; None when a leg is missing."""
    for name in waypoints:
        if name not in model.variables:
            raise unknown("variable", name, "a loop", model.variables)
    effects: dict[str, list[str]] = {}
    for name in model.variables:
        for cause in model.inputs_of(name):
            effects.setdefault(cause, []).append(name)
    route: list[str] = []
    for here, there in zip(waypoints, [*waypoints[1:], waypoints[0]], strict=True):
        leg = _shortest(effects, here, there)
        if leg is None:
            return None
        route += leg[:-1]
    return route


def _shortest(effects: Mapping[str, Sequence[str]], here: str, there: str) -> list[str] | None:
    queue = deque([[here]])
    seen: set[str] = set()
    while queue:
        trail = queue.popleft()
        for following in effects.get(trail[-1], ()):
            if following == there:
                return [*trail, following]
            if following not in seen:
                seen.add(following)
                queue.append([*trail, following])
    return None


def links(model: Model, route: Sequence[str], values: Mapping[str, Any]) -> list[Link]:
    """The signed links of a closed path, from derivatives at the given values of all variables (name → array)."""
    draws = max(np.shape(v)[-1] for v in values.values() if np.ndim(v))
    result = []
    for cause, effect in zip(route, [*route[1:], route[0]], strict=True):
        change = _change(model, cause, effect, values, draws)
        result.append(Link(cause, effect, float(np.mean(change > 0)), float(np.mean(change < 0))))
    return result


def _change(model: Model, cause: str, effect: str, values: Mapping[str, Any], draws: int) -> np.ndarray:
    target = model.variables[effect]
    if target.kind in ("stock", "boundary"):
        flow = model.variables[cause]
        sign = float(flow.destination == effect) - float(flow.source == effect)
        return np.full(draws, sign)
    if target.kind == "smooth":
        if cause == target.of:
            return np.ones(draws)
        gap = jnp.asarray(values[str(target.of)]) - jnp.asarray(values[effect])
        shape = model.shape(effect, draws)
        return _by_draw(-jnp.sign(jnp.broadcast_to(gap, shape)))

    def respond(x: Any) -> Any:
        return model.evaluate(effect, {**values, cause: x}, draws)

    x = jnp.asarray(values[cause], dtype=jnp.float64)
    x = jnp.broadcast_to(x, model.shape(cause, draws))
    _, tangent = jax.jvp(respond, (x,), (jnp.abs(x) + 1e-12,))
    return _by_draw(tangent)


def _by_draw(value: Any) -> np.ndarray:
    array = np.asarray(value)
    summed: np.ndarray = array.reshape(-1, array.shape[-1]).sum(axis=0)
    return summed


def loop_sign(route_links: Sequence[Link]) -> str:
    """Polarity of the loop: R reinforcing, B balancing, ± when a link's sign is uncertain."""
    signs = [link.sign for link in route_links]
    if any(s in ("±", "0") for s in signs):
        return "±"
    return "R" if signs.count("-") % 2 == 0 else "B"
