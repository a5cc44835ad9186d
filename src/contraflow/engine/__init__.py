"""A domain-free engine: declare variables as functions, assemble and check them, simulate ensembles."""

from contraflow.engine.axes import Axis
from contraflow.engine.model import Model, assemble
from contraflow.engine.simulate import Grid, NonFiniteError, Trajectory, simulate, simulator
from contraflow.engine.variables import ModelError, Variable, auxiliary, boundary, delay, flow, series, smooth, stock

__all__ = [
    "Axis", "Grid", "Model", "ModelError", "NonFiniteError", "Trajectory", "Variable", "assemble", "auxiliary",
    "boundary", "delay", "flow", "series", "simulate", "simulator", "smooth", "stock",
]  # fmt: skip
