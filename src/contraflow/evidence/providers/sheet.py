"""A table in a text file, with its lines: comma- or tab-separated, in UTF-8, UTF-16 or Windows-1252."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contraflow.evidence.providers.reading import DataError

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOT_TEXT = {b"PK": "an Excel or zip file", b"\xd0\xcf": "an old Excel file", b"%PDF": "a PDF", b"\x1f\x8b": "packed"}
#: Digits with a point, an exponent, or commas between all thousands: ``12,5`` is none, it may mean twelve and a half.
_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?([eE][+-]?\d{1,2})?|[+-]?\.\d+", re.ASCII)


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
            DataError: a column that occurs twice, a line with more or fewer cells than the header, or a last line
                without an end, whose last cell may be cut.
        """
        twice = [name for name, count in Counter(self.header).items() if count > 1]
        if twice:
            raise DataError(self.path, 1, f"the column '{twice[0]}' occurs twice")
        for line, cells in self.lines:
            if len(cells) != len(self.header):
                raise DataError(
                    self.path, line, f"expected {len(self.header)} cells, found {len(cells)}: is the file cut off?"
                )
            yield line, dict(zip(self.header, cells, strict=True))
        if not self.ends_with_newline:
            last = self.lines[-1][0] if self.lines else 1
            raise DataError(
                self.path, last, "the last line has no end: is the file cut off? If it is whole, add a line break"
            )


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
    text = _decoded(path, content)
    first = text.split("\n", 1)[0]
    if not text.strip():
        raise DataError(path, 0, "is empty")
    if ";" in first and "," not in first and "\t" not in first:
        raise DataError(path, 1, "cells are parted by semicolons: give the provider's own file, with commas or tabs")
    # Only \r and \n end a line: text.splitlines() would also break at signs that stand inside names.
    # A quote left open would swallow the rows below. The notes under WONDER's tables are free with quotes.
    parted = {"delimiter": "\t"} if "\t" in first else {"delimiter": ",", "strict": True}
    reader = csv.reader(io.StringIO(text, newline=""), **parted)
    try:
        stripped = ((reader.line_num, tuple(c.strip() for c in cells)) for cells in reader)
        table = [(line, cells) for line, cells in stripped if any(cells)]
    except csv.Error as error:
        raise DataError(
            path, reader.line_num, f"is no table ({error}): is a quote left open, or the file cut off?"
        ) from None
    return Sheet(path, table[0][1], tuple(table[1:]), text.endswith(("\n", "\r")))


def _decoded(path: Path, content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            raise DataError(path, 0, "is cut off within a character, or no text") from None
    if b"\x00" in content:
        raise DataError(path, 0, "is no text: give the provider's text file (CSV or tab-separated)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def number(sheet: Sheet, line: int, column: str, cell: str, whole: bool = False) -> float:
    """A number of at least 0, with or without commas between thousands.

    Raises:
        DataError: it is none, negative, or a fraction where counts are wanted.
    """
    if not _NUMBER.fullmatch(cell):
        raise DataError(sheet.path, line, f"{column} is '{cell}', not a number")
    value = float(cell.replace(",", ""))
    if value < 0 or (whole and value != int(value)):
        raise DataError(sheet.path, line, f"{column} is {cell}: {'a count' if whole else 'it'} cannot be that")
    return value


def year(sheet: Sheet, line: int, column: str, cell: str) -> int:
    """A year from 1990 to 2100.

    Raises:
        DataError: it is none.
    """
    if not (re.fullmatch(r"\d{4}", cell, re.ASCII) and 1990 <= int(cell) <= 2100):
        raise DataError(sheet.path, line, f"{column} is '{cell}', not a year")
    return int(cell)
