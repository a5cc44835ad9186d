"""Trajectories of an ensemble as plain arrays with named axes: what a run keeps, and ``xarray`` shows.

``xarray`` is slow to import, and windows and quantiles do without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Monthly values of variables.

    Attributes:
        variables: name → (axes, array, attributes); the first axis is "time", the last "draw".
        coordinates: axis → labels; "time" has the start of each month in decimal years.
    """

    variables: Mapping[str, tuple[tuple[str, ...], np.ndarray, Mapping[str, Any]]]
    coordinates: Mapping[str, Any]

    @cached_property
    def dataset(self) -> xr.Dataset:
        """The same as an ``xarray`` dataset."""
        import xarray as xr

        return xr.Dataset(self.variables, self.coordinates)

    @property
    def times(self) -> np.ndarray:
        """Start of each month in decimal years (months,)."""
        return np.asarray(self.coordinates["time"])

    @property
    def draws(self) -> int:
        """Number of draws."""
        return int(next(iter(self.variables.values()))[1].shape[-1])

    def values(self, name: str) -> np.ndarray:
        """A variable's array (months, ..., draws)."""
        return self.variables[name][1]

    def since(self, date: float) -> Trajectories:
        """The months that begin at or after a date, copied, so that the others can be let go."""
        later = self.times >= date
        kept = {n: (axes, array[later], about) for n, (axes, array, about) in self.variables.items()}
        return Trajectories(kept, {**self.coordinates, "time": self.times[later]})

    def only(self, names: Iterable[str]) -> Trajectories:
        """These variables alone."""
        return Trajectories({n: self.variables[n] for n in names}, self.coordinates)

    def block(self, draws: slice) -> Trajectories:
        """These draws alone."""
        kept = {n: (axes, array[..., draws], about) for n, (axes, array, about) in self.variables.items()}
        return Trajectories(kept, self.coordinates)


def quantiles(values: np.ndarray, levels: Iterable[float]) -> np.ndarray:
    """Quantiles (level, ...) over the last axis, linear between order statistics; faster than NumPy's own."""
    ordered = np.sort(values, axis=-1)
    places = np.asarray(list(levels), dtype=float) * (values.shape[-1] - 1)
    below = np.floor(places).astype(int)
    above = np.minimum(below + 1, values.shape[-1] - 1)
    found = ordered[..., below] + (places - below) * (ordered[..., above] - ordered[..., below])
    return np.moveaxis(found, -1, 0)
