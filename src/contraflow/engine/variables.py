"""Declarations: what a model variable is, and the decorators that turn a documented function into one.

A variable's parameter names are its inputs. Nothing here runs a model (see ``simulate``) or checks it as a
whole (see ``model``); nothing here knows what a model is about.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from contraflow.engine.axes import Axis

Kind = Literal["stock", "flow", "auxiliary", "smooth", "series", "boundary"]
Function = Callable[..., Any]


class ModelError(Exception):
    """A model that cannot be assembled or run. The message names the variable, its file and line, and the cure."""


@dataclass(frozen=True, eq=False)
class Variable:
    """One declared variable. ``name`` and ``sector`` are filled in when the model is assembled."""

    kind: Kind
    unit: str
    doc: str
    file: str
    line: int
    dims: tuple[str, ...] = ()
    function: Function | None = None
    inputs: tuple[str, ...] = ()
    source: str | None = None
    destination: str | None = None
    initial: str | float | None = None
    of: str | None = None
    time: str | None = None
    ledger: str | None = None
    role: str | None = None
    extension: str | None = None
    off: float | None = None
    name: str = ""
    sector: str = ""

    @property
    def label(self) -> str:
        """First sentence of the documentation, without its full stop."""
        first = self.doc.strip().split("\n\n")[0].replace("\n", " ")
        return re.split(r"(?<=[a-z0-9)])[.:] ", first + " ")[0].strip().rstrip(".")

    @property
    def where(self) -> str:
        """``file:line`` of the declaration, for messages."""
        return f"{self.file}:{self.line}"

    @property
    def is_state(self) -> bool:
        """Whether the variable is carried from one step to the next."""
        return self.kind in ("stock", "smooth")

    def named(self, name: str, sector: str) -> Variable:
        """The same declaration under its name in its module."""
        return replace(self, name=name, sector=sector)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.function is None:
            raise ModelError(f"{self.name or self.kind} at {self.where} has no equation to call")
        return self.function(*args, **kwargs)


def _caller() -> tuple[str, int]:
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    if frame is None:  # pragma: no cover - the interpreter always has a caller here
        return "<unknown>", 0
    return frame.f_code.co_filename, frame.f_lineno


def _inputs(function: Function) -> tuple[str, ...]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(function).parameters.values()
    bad = [p.name for p in parameters if p.kind not in kinds or p.default is not inspect.Parameter.empty]
    if bad:
        code = function.__code__
        raise ModelError(
            f"{function.__name__} at {code.co_filename}:{code.co_firstlineno}: inputs must be plain names, without "
            f"defaults or stars; found {', '.join(bad)}. A constant belongs in the evidence base as a parameter."
        )
    return tuple(p.name for p in parameters)


def _equation(function: Function, **fields: Any) -> Variable:
    code = function.__code__
    if not (function.__doc__ or "").strip():
        raise ModelError(f"{function.__name__} at {code.co_filename}:{code.co_firstlineno} needs a docstring")
    return Variable(
        doc=inspect.cleandoc(function.__doc__ or ""),
        file=code.co_filename,
        line=code.co_firstlineno,
        function=function,
        inputs=_inputs(function),
        **fields,
    )


def auxiliary(
    unit: str, *, dims: tuple[str, ...] = (), extension: str | None = None, off: float | None = None
) -> Callable[[Function], Variable]:
    """Declare a quantity computed from others at the same instant.

    ``dims`` names the axes it carries. With ``extension``, the variable takes the constant ``off`` unless that
    extension is on.
    """
    if (extension is None) != (off is None):
        file, line = _caller()
        raise ModelError(
            f"the auxiliary at {file}:{line} needs both extension= and off=, the value it takes when switched off"
        )
    return lambda function: _equation(function, kind="auxiliary", unit=unit, dims=dims, extension=extension, off=off)


def flow(unit: str, *, source: str, destination: str, dims: tuple[str, ...] = ()) -> Callable[[Function], Variable]:
    """Declare a movement from one account to another, each a stock or a named boundary.

    A flow may carry more axes than the stock it leaves or enters; it is summed over them on the way.
    """
    return lambda function: _equation(
        function, kind="flow", unit=unit, dims=dims, source=source, destination=destination
    )


def stock(
    unit: str, *, initial: str | float, doc: str, dims: tuple[str, ...] = (), ledger: str | None = None
) -> Variable:
    """Declare an accumulation, changed only by the flows that name it. ``initial`` is a number or a variable."""
    file, line = _caller()
    return Variable("stock", unit, doc, file, line, dims, initial=initial, ledger=ledger)


def boundary(unit: str, *, ledger: str, doc: str) -> Variable:
    """Declare a named account outside the model, where flows may start or end; only its balance is kept."""
    file, line = _caller()
    return Variable("boundary", unit, doc, file, line, ledger=ledger)


def smooth(unit: str, *, of: str, time: str, initial: str | float, doc: str, dims: tuple[str, ...] = ()) -> Variable:
    """Declare an exponentially lagged copy of another variable: dx/dt = (of − x)/time."""
    file, line = _caller()
    return Variable("smooth", unit, doc, file, line, dims, initial=initial, of=of, time=time)


def series(unit: str, *, role: str, doc: str) -> Variable:
    """Declare an input given from outside over time. ``role`` says by whom: driver, lever, latent or switch."""
    file, line = _caller()
    return Variable("series", unit, doc, file, line, role=role)


def delay(
    unit: str, *, of: str, time: str, initial: str | float, order: int, name: str, doc: str
) -> dict[str, Variable]:
    """Declare an ``order``-th order information delay as a chain of smooths; ``name`` is its last stage.

    Returns the variables by name, to be merged into the module's namespace. The stages share the delay, so
    ``time`` must name the time of ONE stage: the whole delay divided by ``order``.
    """
    file, line = _caller()
    stages: dict[str, Variable] = {}
    previous = of
    for k in range(1, order + 1):
        stage = name if k == order else f"{name}_stage_{k}"
        stages[stage] = Variable("smooth", unit, doc, file, line, initial=initial, of=previous, time=time)
        previous = stage
    return stages


def syntax(function: Function) -> str:
    """What the model hash is made of: the function's code, and that of the helpers and constants it names.

    Docstrings, comments, annotations and decorators are left out. Helpers count when they belong to the function's
    own package; constants when they are numbers, texts, tuples or ``Axis``.
    """
    found: dict[str, str] = {}

    def visit(f: Function) -> None:
        key = f"{f.__module__}.{f.__qualname__}"
        if key in found:
            return
        found[key] = _code(f)
        named = inspect.getclosurevars(f)
        for name, value in sorted({**named.globals, **named.nonlocals}.items()):
            helper = (
                value.function if isinstance(value, Variable) else inspect.unwrap(value) if callable(value) else None
            )
            if inspect.isfunction(helper):
                if helper.__module__.split(".")[0] == f.__module__.split(".")[0]:
                    visit(helper)
            elif isinstance(value, (int, float, str, tuple, Axis)):
                found[f"{key}: {name}"] = repr(value)

    visit(function)
    own = found.pop(f"{function.__module__}.{function.__qualname__}")
    return "\n".join([own, *(found[k] for k in sorted(found))])


@functools.lru_cache(maxsize=4096)
def _code(function: Function) -> str:
    definition = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(definition, ast.FunctionDef):
        where = f"{function.__code__.co_filename}:{function.__code__.co_firstlineno}"
        raise ModelError(
            f"{function.__name__} at {where}: a variable, and any helper it calls, must be a plain function"
        )
    if ast.get_docstring(definition) is not None:
        definition.body = definition.body[1:]
    definition.decorator_list = []
    definition.returns = None
    for argument in [*definition.args.args, *definition.args.kwonlyargs]:
        argument.annotation = None
    return ast.unparse(definition)
