"""The folder of the register: entries written once, and which of those from one origin counts.

The first entry of an origin is its entry of record; later ones are revisions, scored as such, and never replace it.
Entries come in the order of the days on which they were made; ``ORDER`` beside them lists those of one day too.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from pathlib import Path

from contraflow.errors import ContraflowError
from contraflow.validation.forecasts.file import Entry, ForecastError, read

#: Names of the entries in the order in which they were written, one a line.
ORDER = "ORDER.txt"
OF_RECORD = "of record"


def write(entry: Entry, folder: Path) -> tuple[Path, bool]:
    """Write an entry into ``folder``, whole or not at all; returns its path and whether it is new.

    An entry that is there already, made on whatever day, is left as it is. Where another posterior of the same model
    has the name, the name of this one holds the posterior's hash too.

    Raises:
        ContraflowError: other forecasts of this posterior have the name, the entry that has it is damaged, or the
            folder cannot be written to.
    """
    path = folder / entry.name
    if path.exists() and read(path).posterior_hash != entry.posterior_hash:
        entry = dataclasses.replace(entry, redrawn=True)
        path = folder / entry.name
    if path.exists():
        _refuse_other(path, entry)
        return path, False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(entry.text())
            Path(partial).chmod(0o644)
            _list(folder / ORDER, path.name)
            os.link(partial, path)  # fails where a file has appeared meanwhile, which a rename would replace
        finally:
            Path(partial).unlink()
    except FileExistsError:
        _refuse_other(path, entry)
        return path, False
    except OSError as error:
        raise ContraflowError(f"cannot write to {folder}: {error.strerror or error}") from None
    return path, True


def standing(path: Path) -> str:
    """What an entry is among those from its origin beside it: ``of record``, or ``revision`` and its number.

    Raises:
        LocatedError: one of them is damaged, or nothing tells which of two that were made on one day came first.
    """
    order, origin = _listed(path.parent / ORDER), path.name[: len("YYYY-MM")]
    made = {other.name: read(other).made for other in path.parent.glob(f"{origin}-*.csv")}
    for name in made:
        if name not in order and any(made[name] == day for other, day in made.items() if other != name):
            raise ForecastError(
                path.parent / ORDER,
                0,
                f"{name} is not listed, and another entry from {origin} was made on the same day: add its name where "
                "it belongs, one name a line, the first one first",
            )
    first_to_last = sorted(made, key=lambda name: (made[name], order.index(name) if name in order else -1))
    number = first_to_last.index(path.name)
    return f"revision {number}" if number else OF_RECORD


def _listed(order: Path) -> list[str]:
    return order.read_text(encoding="utf-8").split() if order.exists() else []


def _list(order: Path, name: str) -> None:
    if name not in _listed(order):
        with order.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")


def _refuse_other(path: Path, entry: Entry) -> None:
    cut = [line.rsplit(",", 1)[0] for line in entry.text().splitlines()]
    if [line.rsplit(",", 1)[0] for line in path.read_text(encoding="utf-8").splitlines()] != cut:
        raise ContraflowError(
            f"{path} holds another forecast and is never rewritten: name another folder with --out, "
            "or keep the model and posterior that made it"
        )
