"""Named axes: how a variable carries groups, drugs or regions beside its ensemble of draws.

Arrays hold the draws on their last axis. Each named axis has a fixed place counted from the end, and a variable
without an axis has length one (or nothing) there, so that any two variables broadcast correctly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

Array = Any


@dataclass(frozen=True)
class Axis:
    """A named axis with labels. ``place`` is its position from the end; draws have place -1.

    ``conserved`` says that nothing passes from one label to another, so that ledgers close label by label.
    """

    name: str
    labels: tuple[str, ...]
    place: int
    conserved: bool = False

    def __len__(self) -> int:
        return len(self.labels)

    def _expand(self, x: Array) -> Array:
        x = jnp.asarray(x)
        return x.reshape((1,) * (-self.place - x.ndim) + x.shape) if x.ndim < -self.place else x

    def _own(self, x: Array) -> Array:
        x = jnp.asarray(x)
        if x.ndim < -self.place or x.shape[self.place] != len(self):
            raise ValueError(f"a value of shape {x.shape} does not carry the axis {self.name}, of length {len(self)}")
        return x

    def stack(self, **parts: Array) -> Array:
        """One array along this axis from one value a label."""
        if set(parts) != set(self.labels):
            raise ValueError(f"axis {self.name} needs exactly {', '.join(self.labels)}; got {', '.join(parts)}")
        arrays = [self._expand(parts[label]) for label in self.labels]
        shape = jnp.broadcast_shapes(*(a.shape for a in arrays))
        return jnp.concatenate([jnp.broadcast_to(a, shape) for a in arrays], axis=self.place)

    def pick(self, x: Array, label: str) -> Array:
        """The values of one label; the axis stays with length one."""
        if label not in self.labels:
            raise ValueError(f"axis {self.name} has no {label!r}; it has {', '.join(self.labels)}")
        k = self.labels.index(label)
        x = self._own(x)
        index: list[slice] = [slice(None)] * x.ndim
        index[x.ndim + self.place] = slice(k, k + 1)
        return x[tuple(index)]

    def total(self, x: Array) -> Array:
        """The sum over this axis; the axis stays with length one."""
        return jnp.sum(self._own(x), axis=self.place, keepdims=True)

    def couple(self, weights: Sequence[Sequence[float]], x: Array) -> Array:
        """Weighted sums over this axis: place ``i`` of the result holds the sum over ``j`` of ``weights[i][j]`` x_j.

        ``weights`` is a square matrix of constants, dimensionless. Give it as a tuple of tuples, so that the model
        hash sees it. Raises ``ValueError`` when its sides differ from the length of the axis.
        """
        x = self._own(x)
        matrix = jnp.asarray(weights, dtype=x.dtype)
        if matrix.shape != (len(self), len(self)):
            raise ValueError(
                f"weights of shape {matrix.shape} do not couple the axis {self.name}, of length {len(self)}"
            )
        summed = jnp.tensordot(matrix, x, axes=(1, x.ndim + self.place))
        return jnp.moveaxis(summed, 0, x.ndim + self.place)


def shape_of(dims: tuple[str, ...], axes: dict[str, Axis], draws: int) -> tuple[int, ...]:
    """The canonical array shape of a variable with these axes."""
    if not dims:
        return (draws,)
    depth = max(-axes[d].place for d in dims)
    shape = [1] * depth
    for d in dims:
        shape[depth + axes[d].place] = len(axes[d])
    shape[-1] = draws
    return tuple(shape)
