"""A table in a text file, with its lines: comma- or tab-separated, in UTF-8 or Latin-1."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contraflow.evidence.providers.reading import DataError

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOT_TEXT = {b"PK": "an Excel or zip file", b"\xd0\xcf": "an old Excel file", b"%PDF": "a PDF", b"\x1f\x8b": "packed"}


@dataclass(frozen=True)
class Sheet:
    """Header and lines of a table; ``lines`` are (line number, cells), not checked yet."""

    path: Path
    header: tuple[str, ...]
    lines: tuple[tuple[int, tuple[str, ...]], ...]
    ends_with_newline: bool

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Line and cells by column.

        Raises:
            DataError: a line with more or fewer cells than the header.
        """
        for line, cells in self.lines:
            if len(cells) != len(self.header):
                raise DataError(
                    self.path, line, f"expected {len(self.header)} cells, found {len(cells)}: is the file cut off?"
                )
            yield line, dict(zip(self.header, cells, strict=True))


def open_sheet(path: Path) -> Sheet:
    """Read a file as a table.

    Raises:
        DataError: it cannot be read, is no text, or is empty.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(path, 0, f"cannot be read: {error.strerror or error}") from None
    for start, kind in _NOT_TEXT.items():
        if content.startswith(start):
            raise DataError(path, 0, f"is {kind}: give the provider's text file (CSV or tab-separated)")
    if content.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
        raise DataError(path, 0, "is a web page: download the data file that the page offers")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = text.splitlines()
    if not lines or not lines[0].strip():
        raise DataError(path, 0, "is empty")
    tabs = "\t" in lines[0]
    reader = csv.reader(lines, delimiter="\t" if tabs else ",")
    try:
        table = [(reader.line_num, tuple(c.strip() for c in cells)) for cells in reader if cells]
    except csv.Error as error:
        raise DataError(path, reader.line_num, f"is no table: {error}") from None
    return Sheet(path, table[0][1], tuple(table[1:]), text.endswith(("\n", "\r")))


def number(sheet: Sheet, line: int, column: str, cell: str, whole: bool = False) -> float:
    """A number of at least 0, with or without commas between thousands.

    Raises:
        DataError: it is none, negative, or a fraction where counts are wanted.
    """
    try:
        value = float(cell.replace(",", ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(sheet.path, line, f"{column} is '{cell}', not a number")
    if value < 0 or (whole and value != int(value)):
        raise DataError(sheet.path, line, f"{column} is {cell}: {'a count' if whole else 'it'} cannot be that")
    return value


def year(sheet: Sheet, line: int, column: str, cell: str) -> int:
    """A year from 1990 to 2100.

    Raises:
        DataError: it is none.
    """
    if not (cell.isdigit() and 1990 <= int(cell) <= 2100):
        raise DataError(sheet.path, line, f"{column} is '{cell}', not a year")
    return int(cell)
