"""Errors a user can act on: every message says what was wrong and what to type instead.

Any layer except `engine` may import this module; it imports nothing of the package.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class ContraflowError(Exception):
    """Base of every error that is the user's to repair.

    Attributes:
        exit_code: status with which the command line ends when the error reaches it.
    """

    exit_code: int = 2


class LocatedError(ContraflowError):
    """Something wrong at one line of one file; its text is `path:line: message`.

    Args:
        path: the file that was read.
        line: line in it, counted from 1; 0 where the whole file is meant.
        message: what is wrong and what was expected.
    """

    def __init__(self, path: Path | str, line: int, message: str) -> None:
        self.path = Path(path)
        self.line = line
        self.message = message
        super().__init__(f"{self.path}:{line}: {message}" if line else f"{self.path}: {message}")


class UnknownName(ContraflowError):
    """A lever, parameter, hypothesis, outcome, source or scenario that does not exist.

    Args:
        kind: what was looked up, in the singular ("lever").
        name: what the user typed.
        nearest: the valid name closest to it, or None.
        reason: why a name that the design foresees is not available yet, or None.
    """

    def __init__(self, kind: str, name: str, nearest: str | None = None, reason: str | None = None) -> None:
        self.kind = kind
        self.name = name
        self.nearest = nearest
        self.reason = reason
        text = f"unknown {kind} '{name}'"
        if reason:
            text += f": {reason}"
        if nearest:
            text += f"; did you mean '{nearest}'?"
        super().__init__(text)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The member of `names` most like `name`, or None where nothing resembles it.

    Names with dots are compared as a whole first, then by their last part, so that `lab_raid` finds
    `mx.security.lab_raids`.
    """
    candidates = sorted(names)
    whole = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    if whole:
        return whole[0]
    last_parts: dict[str, str] = {}
    for candidate in candidates:
        last_parts.setdefault(candidate.rsplit(".", 1)[-1], candidate)
    by_part = difflib.get_close_matches(name.rsplit(".", 1)[-1], list(last_parts), n=1, cutoff=0.6)
    return last_parts[by_part[0]] if by_part else None
