"""The posterior as a file: NetCDF that ArviZ reads, with the seed and the model hash that made it.

Draws are stored as standard-normal coordinates (group ``coordinates``) and as parameter values (group
``posterior``). Innovations of latent drivers run beyond the data to the end of projections, drawn beforehand, so
that every run and every policy shares them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5netcdf
import numpy as np

from contraflow import evidence
from contraflow.errors import ContraflowError
from contraflow.evidence import vintages
from contraflow.inference import priors
from contraflow.inference.likelihood import FORM
from contraflow.system import model_parameters, reference_model
from contraflow.system.latents import LATENT_PARAMETERS, LATENTS, interpolation, walk
from contraflow.system.levers import LEVERS
from contraflow.system.observations import OBSERVABLES, Observable

if TYPE_CHECKING:
    import xarray as xr

PROJECTION_END = 2041.0
FILE = "reference.nc"
#: Largest Bayes factor that a few hundred draws can tell.
BAYES_LIMIT = 100.0
#: Groups that hold the two parts of the discrepancies.
_MISSES = ("discrepancy", "memory")


class PosteriorError(ContraflowError):
    """A posterior file that is missing, damaged or made by another model; the text says what to do."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of everything uncertain.

    ``coordinates``: parameter → (draws,) standard-normal. ``innovations``: latent → (knots, draws) to
    ``PROJECTION_END``. ``discrepancy``: series → (2, draws), sd and memory in years of what the model misses of it.
    ``attributes``: seed, model hash, method, date. ``origins``: ``lineage``, where the draws no longer tell it.
    """

    coordinates: Mapping[str, np.ndarray]
    innovations: Mapping[str, np.ndarray]
    discrepancy: Mapping[str, np.ndarray]
    attributes: Mapping[str, Any]
    origins: np.ndarray | None = None

    @property
    def draws(self) -> int:
        """Number of draws."""
        return len(next(iter(self.coordinates.values())))

    @property
    def hash(self) -> str:
        """Fingerprint of the draws."""
        digest = hashlib.sha256()
        for table in (self.coordinates, self.innovations, self.discrepancy):
            for name in sorted(table):
                digest.update(name.encode())
                digest.update(np.ascontiguousarray(table[name], dtype="<f4").tobytes())
        return digest.hexdigest()[:16]

    def parameters(self) -> dict[str, np.ndarray]:
        """Value of every parameter, (draws,)."""
        return {name: self.value(name) for name in (*model_parameters(), *LATENT_PARAMETERS)}

    def value(self, name: str) -> np.ndarray:
        """Value of one parameter, (draws,)."""
        y = self.coordinates.get(name, np.zeros(self.draws))
        return np.asarray(priors.value(evidence.load().parameters[name].prior, y))

    def latents(self, times: np.ndarray) -> dict[str, np.ndarray]:
        """Path of every latent driver at these times, (times, draws)."""
        paths = {}
        for name, latent in LATENTS.items():
            levels = walk(self.innovations[name], self.value(latent.memory))
            paths[name] = self.value(latent.sd) * (interpolation(latent, times, PROJECTION_END) @ levels)
        return paths

    def contraction(self, name: str) -> float:
        """How much data have narrowed a parameter: 1 − posterior variance / prior variance, on its coordinate.

        Of what the first stage hands on, over all draws of that stage, where the fit recorded it: few are handed on.
        """
        return float(self.report.get("contraction", {}).get(name, 1 - np.var(self.coordinates[name])))

    @cached_property
    def report(self) -> Mapping[str, Any]:
        """What the fit wrote down of itself, empty where it did not."""
        written: Mapping[str, Any] = json.loads(self.attributes.get("report", "{}"))
        return written

    @cached_property
    def lineage(self) -> np.ndarray:
        """Which draws (draws,) were given the same draw of the first stage: a number for each of those, from 0.

        They share all that it hands on, and so are no independent draws.
        """
        if self.origins is not None:
            return self.origins
        known = evidence.load().parameters
        handed_on = [y for name, y in self.coordinates.items() if known[name].block == "trials"]
        if not handed_on:
            return np.arange(self.draws)
        return np.asarray(np.unique(np.stack(handed_on), axis=1, return_inverse=True)[1]).reshape(-1)

    def bayes_factor(self, name: str, null: float) -> float | None:
        """Evidence against ``parameter = null``, as Savage and Dickey have it: prior over posterior density there.

        In two stages it says how far data moved the belief, not how two models compare. None when the null lies at the
        edge of the prior, where the ratio means nothing, and where the fit held the parameter still. ``BAYES_LIMIT`` at
        most: beyond it the density at the null is the tail of one draw.
        """
        at = float(priors.coordinate(evidence.load().parameters[name].prior, null))
        if abs(at) > 3.5 or not np.ptp(self.coordinates[name]):
            return None
        return min(float(_normal(at) / max(_smoothed(self.coordinates[name], at), 1e-300)), BAYES_LIMIT)

    def take(self, chosen: np.ndarray) -> Posterior:
        """These draws, by index."""
        return Posterior(
            {k: v[chosen] for k, v in self.coordinates.items()},
            {k: v[:, chosen] for k, v in self.innovations.items()},
            {k: v[:, chosen] for k, v in self.discrepancy.items()},
            self.attributes,
            None if self.origins is None else np.unique(self.origins[chosen], return_inverse=True)[1],
        )

    def thin(self, draws: int) -> Posterior:
        """``draws`` of the draws, evenly spaced and always the same ones.

        Raises:
            PosteriorError: more draws than there are.
        """
        if draws > self.draws:
            raise PosteriorError(f"the posterior has {self.draws} draws, {draws} were asked for; ask for fewer")
        return self.take(np.floor(np.arange(draws) * self.draws / draws).astype(int))

    def save(self, path: Path) -> None:
        """Write NetCDF, whole or not at all."""
        import xarray as xr  # slow to import, and a run only reads

        values = self.parameters()
        groups = {
            "posterior": xr.Dataset({k: (("chain", "draw"), _short(values[k])[None]) for k in values}),
            "coordinates": _table("coordinates", self.coordinates),
            "innovations": xr.Dataset(
                {k: (("chain", "draw", f"{k}_knot"), _short(v).T[None]) for k, v in self.innovations.items()}
            ),
            **{part: _table(part, {k: v[i] for k, v in self.discrepancy.items()}) for i, part in enumerate(_MISSES)},
        }
        partial = path.with_suffix(".partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            xr.Dataset(attrs=dict(self.attributes)).to_netcdf(partial, mode="w", engine="h5netcdf")
            for name, data in groups.items():
                packed = {v: {"zlib": True, "complevel": 9, "shuffle": True} for v in data.data_vars}
                data.to_netcdf(partial, mode="a", group=name, engine="h5netcdf", encoding=packed)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def _normal(x: Any) -> Any:
    return np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)


def _smoothed(draws: np.ndarray, at: float) -> float:
    """Density of draws at a point, smoothed by a normal kernel of Scott's width."""
    width = draws.std(ddof=1) * len(draws) ** -0.2
    return float(_normal((at - draws) / width).mean() / width)


def _short(x: np.ndarray) -> np.ndarray:
    """Single precision with the last 14 bits of the fraction at zero: within 0.1 %, and half the size in a file."""
    bits = np.ascontiguousarray(x, dtype="<f4").view("<u4")
    return ((bits + np.uint32(1 << 13)) & np.uint32(0xFFFFFFFF ^ ((1 << 14) - 1))).view("<f4")


def _table(name: str, columns: Mapping[str, np.ndarray]) -> xr.Dataset:
    """Many numbers a draw as one array (chain, draw, name)."""
    import xarray as xr

    values = np.stack([_short(v) for v in columns.values()], axis=-1)[None]
    return xr.Dataset({name: (("chain", "draw", "name"), values)}, {"name": list(columns)})


def _columns(file: h5netcdf.File, group: str) -> dict[str, np.ndarray]:
    values = np.asarray(file[group].variables[group][0], dtype=float)
    return {str(name): values[:, k] for k, name in enumerate(file[group].variables["name"][:])}


def shipped_path() -> Path:
    """Where the shipped posterior lies."""
    return Path(str(resources.files("contraflow").joinpath("posterior", FILE)))


def load_posterior(
    path: Path | None = None, *, check: bool = True, fixed: Mapping[str, float] | None = None
) -> Posterior:
    """Read a posterior, the shipped one by default. ``check`` refuses one that another model made.

    ``fixed``: the parameters that the fit held still, as a structural alternative does; none by default.

    Raises:
        PosteriorError: no such file, not a posterior, or made by a model with other equations or priors.
    """
    path = path or vintages.posterior_path() or shipped_path()
    if not path.exists():
        raise PosteriorError(f"no posterior at {path}: make one with `contraflow fit`")
    try:
        with h5netcdf.File(path, "r", decode_vlen_strings=True) as file:
            attributes = dict(file.attrs)
            coordinates, (sd, memory) = _columns(file, "coordinates"), (_columns(file, part) for part in _MISSES)
            innovations = {
                name: np.asarray(variable[0], dtype=float).T
                for name, variable in file["innovations"].variables.items()
                if variable.ndim == 3
            }
    except (OSError, KeyError, ValueError) as error:
        raise PosteriorError(
            f"{path} is not a posterior that this version reads ({error}); make one with `contraflow fit`"
        ) from None
    discrepancy = {name: np.stack([sd[name], memory[name]]) for name in sd}
    posterior = Posterior(coordinates, innovations, discrepancy, attributes)
    if check and attributes.get("model_hash") != fit_hash():
        raise PosteriorError(
            f"{path} was fitted to model {attributes.get('model_hash')}, this is model {fit_hash()}: "
            f"equations, priors or data have changed; refit with `contraflow fit{_option(path)}`"
        )
    stood = json.loads(attributes.get("fixed", "{}"))
    if check and stood != dict(fixed or {}):
        raise PosteriorError(f"{path} holds {stood or 'nothing'} still, {fixed or 'nothing'} was asked for")
    return posterior


def _option(path: Path) -> str:
    return " --update" if path == vintages.posterior_path() else ""


def fit_hash() -> str:
    """Fingerprint of all that a posterior depends on: equations, priors, likelihood, data, drivers, today's levers."""
    known = evidence.load()
    content = [
        reference_model().hash,
        {p.id: [p.prior.family, sorted(p.prior.arguments.items()), p.block] for p in known.parameters.values()},
        {
            s: [dataclasses.astuple(o), known.series[s].observation.model_dump(), _rows(o)]
            for s, o in OBSERVABLES.items()
        },
        {d.id: [d.interpolation, [[r.date, r.value] for r in d.rows]] for d in known.drivers.values()},
        {name: dataclasses.astuple(latent) for name, latent in LATENTS.items()},
        {lever.id: [lever.today, lever.history] for lever in LEVERS.values()},
        FORM,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def data_end() -> float:
    """End of the last row that the fit takes, a decimal year: where the data of the evidence in force end."""
    known = evidence.load().series
    return max(r.end for s, o in OBSERVABLES.items() for r in known[s].rows if o.takes(r.end))


def _rows(observable: Observable) -> list[list[float | None]]:
    """Rows of a series: those that the fit takes, and those that it leaves out as they ship, so that none added or
    revised among these is a reason to refit.
    """
    fitted = [r for r in evidence.load().series[observable.series].rows if observable.takes(r.end)]
    left = [r for r in evidence.shipped().series[observable.series].rows if not observable.takes(r.end)]
    return [[r.start, r.end, r.value, r.weight, r.factor] for r in sorted(fitted + left, key=lambda r: r.start)]
