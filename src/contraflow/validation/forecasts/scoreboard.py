"""The scoreboard: every scoring of an entry that was kept, oldest first. Rows are added and never changed."""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contraflow.errors import ContraflowError
from contraflow.validation.forecasts import history
from contraflow.validation.forecasts.file import Entry, table
from contraflow.validation.forecasts.observations import Observations
from contraflow.validation.forecasts.scores import MODEL
from contraflow.validation.rivals import RIVALS
from contraflow.validation.scoring import INTERVALS

TABLE, PAGE = "SCOREBOARD.csv", "SCOREBOARD.md"
_WHO = (MODEL, *RIVALS)
COLUMNS = (
    "scored", "entry", "posterior_hash", "observations", "target", "forecasts", "first", "last",
    *(f"crps_{who}" for who in _WHO), *(f"covered_{p}" for p in INTERVALS), "pit_inside_bands", "standing", "evidence",
)  # fmt: skip
#: Columns of boards begun before the last two were added.
_OLDER = COLUMNS[:-2]
_PIT = {True: "yes", False: "no", None: "too few"}
_HEAD = """# Scoreboard

Forecasts of the register against what came, beside rivals from the same origin. Written by
`contraflow forecast score --record`; rows are added and never changed: of an entry and target, the last one counts.
`observations` tells one set of outcomes from another, `evidence` one set of figures that rivals started from. Scores
are log-CRPS, smaller is better; coverage is that of the model's central intervals; `pit_inside_bands` is "too few"
where nothing could fall outside.

Of several entries from one origin the first counts: it is *of record*. Later ones are revisions, numbered in the order
in which they were made; they are scored beside it and never replace it.
"""


def fingerprint(figures: Observations) -> str:
    """Tells one set of figures from another."""
    content = "\n".join(f"{t},{p},{v!r}" for (t, p), v in sorted(figures.items()))
    return hashlib.sha256(content.encode()).hexdigest()[:8]


def rows(
    entry: Entry, standing: str, observations: Observations, summary: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """Rows of the scoreboard from a summary of scores; ``standing`` is that of the entry in the register."""
    shared = {
        "scored": datetime.date.today().isoformat(),
        "entry": entry.name,
        "posterior_hash": entry.posterior_hash,
        "observations": fingerprint(observations),
        "standing": standing,
        "evidence": fingerprint(history.figures(entry.origin, entry.made)),
    }
    return [
        shared
        | {"target": r["target"], "forecasts": str(r["forecasts"]), "first": r["first"], "last": r["last"]}
        | {f"crps_{who}": f"{r['crps'][who]:.4f}" for who in _WHO}
        | {f"covered_{p}": f"{r['coverage'][str(p)]:.2f}" for p in INTERVALS}
        | {"pit_inside_bands": _PIT[r["pit_inside_bands"]]}
        for r in summary
    ]


def contents(folder: Path, new: Sequence[Mapping[str, str]]) -> dict[str, bytes] | None:
    """Table and page of a folder with these rows added, by file name; None where none of them is new.

    Raises:
        ContraflowError: the table that is there is not one, or lacks rows that its page holds.
    """
    path, shown = folder / TABLE, folder / PAGE
    rows_held = table(path, COLUMNS, _OLDER) if path.exists() else []
    held = [dict.fromkeys(COLUMNS, "") | cells for _, cells in rows_held]
    if shown.exists() and not _grew(_lines(shown.read_text(encoding="utf-8")), _lines(_page(held))):
        raise ContraflowError(f"{path} or {shown} was changed by hand; put it back as it was, rows are only added")

    def key(row: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(row[c] for c in COLUMNS[1:])

    known = {key(row) for row in held}
    added = [row for row in new if key(row) not in known]
    if not added:
        return None
    page = io.StringIO()
    writer = csv.DictWriter(page, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows([*held, *added])
    text = page.getvalue()
    if path.exists() and not _grew(path.read_text(encoding="utf-8").splitlines(), text.splitlines()):
        raise ContraflowError(f"{path} was changed by hand; put it back as it was, rows are only added")
    return {TABLE: text.encode(), PAGE: _page([*held, *added]).encode()}


def _grew(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether lines were added at the end, and columns at the end of lines, and nothing else was done."""
    return len(before) <= len(after) and all(a.startswith(b) for b, a in zip(before, after, strict=False))


def _lines(page: str) -> list[str]:
    """The table of a page; the words above it may change."""
    return [line for line in page.splitlines() if line.startswith("|")]


def _page(held: Sequence[Mapping[str, str]]) -> str:
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    lines += [f"| {' | '.join(row[c] for c in COLUMNS)} |" for row in held]
    return _HEAD + "\n" + "\n".join(lines) + "\n"
