"""Files of statistical offices, as they publish them: recognised by their columns, checked, and read into series.

What no office publishes as a file is read from rows of single figures.

A file is read whole or refused; nothing here writes.
"""

from __future__ import annotations

from pathlib import Path

from contraflow.evidence.providers import cbp, figures, rnpdno, sesnsp, vsrr, wonder
from contraflow.evidence.providers.reading import DataError, Point, Reading
from contraflow.evidence.providers.sheet import Sheet, open_sheet

__all__ = ["PROVIDERS", "DataError", "Point", "Reading", "read"]

PROVIDERS = (vsrr, wonder, sesnsp, cbp, rnpdno, figures)


def read(path: Path) -> Reading:
    """Read a provider's file.

    Raises:
        DataError: not a file of a known provider, cut off, or holding what cannot be; the text starts `path:line:`.
    """
    sheet = open_sheet(path)
    for provider in PROVIDERS:
        if set(provider.COLUMNS) <= set(sheet.header):
            return provider.read(sheet)
    raise DataError(path, 1, _unknown(sheet))


def _unknown(sheet: Sheet) -> str:
    shared = {p: len(set(p.COLUMNS) & set(sheet.header)) / len(p.COLUMNS) for p in PROVIDERS}
    likely = max(PROVIDERS, key=lambda p: shared[p])
    if shared[likely] < 0.5:
        names = "; ".join(p.LABEL for p in PROVIDERS)
        return f"columns are {', '.join(sheet.header)[:200]}: not a file of a known provider ({names})"
    missing = [c for c in likely.COLUMNS if c not in sheet.header]
    return f"looks like {likely.LABEL}, but these columns are missing: {', '.join(missing)}"
