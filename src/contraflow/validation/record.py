"""What a part of the validation found, as a file with the model, posterior and settings that it belongs to.

Results ship with the package. A result of another model, posterior or settings is still readable, and is reported as
stale. A part of many fits keeps each finished piece beside the results until it is whole: fits are hours of work, and
the machine on which the part goes on may be another one.
"""

from __future__ import annotations

import datetime
import json
import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from contraflow.errors import ContraflowError

Result = Mapping[str, Any]
#: Called with the name of a piece and what makes it, returns the piece: one finished before, or made now.
Keep = Callable[[str, Callable[[], Result]], Result]
FIGURES = 5
#: Where pieces of parts that are not whole yet lie, under ``folder``.
PIECES = "pieces"


@dataclass(frozen=True)
class Made:
    """What a result belongs to: hashes of the model, as ``fit_hash``, of the posterior, and of its part's settings."""

    model: str
    posterior: str
    settings: str = ""


@dataclass(frozen=True)
class Record:
    """One part's result, as plain values, and what it belongs to. ``version`` of contraflow and date of the run."""

    part: str
    made: Made
    version: str
    date: str
    result: Result


def folder() -> Path:
    """Where the results that ship lie."""
    return Path(str(resources.files("contraflow.validation").joinpath("results")))


def load(part: str) -> Record | None:
    """The stored result of a part, or None.

    Raises:
        ContraflowError: a file that is not a result.
    """
    return _read(part, folder() / f"{part}.json")


def piece(part: str, name: str, made: Made, make: Callable[[], Result]) -> Result:
    """A finished piece of a part, made and stored if there is none that belongs to ``made``.

    Raises:
        ContraflowError: as ``load`` and ``save``.
    """
    path = folder() / PIECES / part / f"{name}.json"
    held = _read(part, path)
    if held and held.made == made:
        return held.result
    result: Result = rounded(make())
    _write(part, path, made, result)
    return result


def _read(part: str, path: Path) -> Record | None:
    if not path.exists():
        return None
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        made = Made(held["model"], held["posterior"], held.get("settings", ""))
        return Record(part, made, held["version"], held["date"], held["result"])
    except (ValueError, KeyError, TypeError) as error:
        raise ContraflowError(
            f"{path} is not a result of the validation ({error}); remove it and make it again with "
            f"`contraflow validate --part {part}`"
        ) from None


def save(part: str, made: Made, result: Result) -> Path:
    """Store a part's result, whole or not at all, in place of its pieces; numbers to five figures: files stay small.

    Raises:
        ContraflowError: the package's folder cannot be written to.
    """
    path = folder() / f"{part}.json"
    _write(part, path, made, result)
    shutil.rmtree(folder() / PIECES / part, ignore_errors=True)
    return path


def _write(part: str, path: Path, made: Made, result: Result) -> None:
    content = {
        "part": part,
        "model": made.model,
        "posterior": made.posterior,
        "settings": made.settings,
        "version": metadata.version("contraflow"),
        "date": datetime.date.today().isoformat(),
        "result": rounded(result),
    }
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise ContraflowError(f"cannot write to {path.parent}: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)


def rounded(value: Any) -> Any:
    """Plain values with every float to five significant figures; a number that is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(k): rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    if isinstance(value, float):
        return float(f"{value:.{FIGURES}g}") if math.isfinite(value) else None
    return value
