"""Finished work of a fit, kept in a folder until the fit ends: one that was stopped goes on from there.

Work is used only by the fit that did it: every file holds the key of its fit, and one with another key, or damaged,
counts as absent.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contraflow.errors import ContraflowError

_SUFFIX, _PARTIAL = ".npz", ".partial"


@dataclass(frozen=True)
class Checkpoint:
    """One piece of work in a file of its own.

    Args:
        path: the file; need not exist.
        key: text that tells one fit from another.
    """

    path: Path
    key: str

    def load(self) -> dict[str, np.ndarray] | None:
        """The arrays saved by this fit, or None."""
        try:
            with np.load(self.path, allow_pickle=False) as held:
                if str(held["key"]) == self.key:
                    return {name: held[name] for name in held.files if name != "key"}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            pass
        return None

    def save(self, **arrays: Any) -> None:
        """Put these arrays in place of what was saved before, whole or not at all.

        Raises:
            ContraflowError: the file cannot be written.
        """
        partial = self.path.with_suffix(_PARTIAL)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                np.savez(file, key=np.array(self.key), **arrays)
            partial.replace(self.path)
        except OSError as error:
            raise ContraflowError(
                f"cannot save the work done in {self.path.parent}: {error.strerror or error}"
            ) from None


@dataclass(frozen=True)
class Checkpoints:
    """The work of one fit, in ``folder``; ``key`` is everything that the work depends on, as plain values."""

    folder: Path
    key: Mapping[str, Any]

    def of(self, piece: str) -> Checkpoint:
        """The checkpoint of one piece of the work."""
        return Checkpoint(self.folder / f"{piece}{_SUFFIX}", json.dumps(self.key, sort_keys=True))

    def remove(self) -> None:
        """Remove what was saved, by whatever fit, and the folder if it holds nothing else."""
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if path.suffix in (_SUFFIX, _PARTIAL):
                path.unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()
