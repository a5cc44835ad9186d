"""Reads YAML files whose errors can name a line: YAML 1.2, no tags, no aliases, no duplicate keys.

Evidence files and scenario files both come through here. YAML 1.2 matters: `off` stays a word and `1e3` is a
number, where YAML 1.1 readers make them False and text. Reading is slow, so what a text means is kept between runs.
"""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Sequence
from importlib import metadata
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.scalarbool import ScalarBoolean

from contraflow.engine import cache
from contraflow.errors import LocatedError


class EvidenceError(LocatedError):
    """An evidence file is malformed; the text is `path:line: message`."""


class Mapping(dict[Any, Any]):
    """A plain dict that remembers the line of each of its keys (`lines`) and its own (`line`)."""

    def __init__(self, items: dict[Any, Any], line: int, lines: dict[Any, int]) -> None:
        super().__init__(items)
        self.line = line
        self.lines = lines


class Items(list[Any]):
    """A plain list that remembers the line of each of its items (`lines`) and its own (`line`)."""

    def __init__(self, items: list[Any], line: int, lines: dict[int, int]) -> None:
        super().__init__(items)
        self.line = line
        self.lines = lines


def read_yaml(path: Path | str, error: type[LocatedError] = EvidenceError) -> Mapping:
    """The mapping at the top of the YAML file `path`, with line numbers kept.

    Values are plain `str`, `int`, `float`, `bool`, `datetime.date`, None, and nested `Mapping` and `Items`.

    Args:
        path: file to read, UTF-8.
        error: error to raise; a `LocatedError` subclass.

    Raises:
        EvidenceError: (or `error`) unreadable file, syntax error, tag, alias, duplicate key, or no mapping at the top.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise error(path, 0, f"cannot read the file: {cause}") from None
    return parse_yaml(text, path, error)


def parse_yaml(text: str, path: Path | str, error: type[LocatedError] = EvidenceError) -> Mapping:
    """As `read_yaml`, from `text`; `path` is used in messages only."""
    parsed = cache.kept("yaml", (text, *_reader()), lambda: json.dumps(_parsed(text, Path(path), error)).encode())
    document: Mapping = _nodes(json.loads(parsed))
    return document


def line_of(node: Any, key: Any = None) -> int:
    """Line (from 1) of `key` in `node`, of `node` itself where the key is None or absent, 0 where unknown."""
    if isinstance(node, Mapping | Items):
        return int(node.lines.get(key, node.line))
    return 0


def line_at(node: Any, location: Sequence[Any]) -> int:
    """Line of the deepest part of `location` (keys and indices from `node` inwards) that exists in the file."""
    line = line_of(node)
    for key in location:
        if isinstance(node, Mapping) and key in node:
            line, node = line_of(node, key), node[key]
        elif isinstance(node, Items) and isinstance(key, int) and key < len(node):
            line, node = line_of(node, key), node[key]
        else:
            break
    return line


@functools.cache
def _reader() -> tuple[str, str]:
    """What the meaning of a text depends on beside the text."""
    return Path(__file__).read_text(encoding="utf-8"), metadata.version("ruamel.yaml")


def _parsed(text: str, path: Path, error: type[LocatedError]) -> Any:
    """The text as plain JSON values: numbers, texts, booleans, None, and lists that begin with what they stand for."""
    try:
        _refuse_tags_and_aliases(text, path, error)
        document = YAML(typ="rt", pure=True).load(StringIO(text))
    except MarkedYAMLError as cause:
        mark = cause.problem_mark or cause.context_mark
        problem = (cause.problem or str(cause)).strip().splitlines()[0]
        raise error(path, mark.line + 1 if mark else 0, problem) from None
    except YAMLError as cause:
        raise error(path, 0, str(cause)) from None
    if not isinstance(document, CommentedMap):
        raise error(path, 1, "expected `key: value` pairs at the top of the file")
    return _plain(document)


def _refuse_tags_and_aliases(text: str, path: Path, error: type[LocatedError]) -> None:
    for event in YAML(typ="rt", pure=True).parse(StringIO(text)):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise error(path, line, "anchors and aliases are not allowed: write the value out")
        tag = getattr(event, "ctag", None) or getattr(event, "tag", None)
        if tag is not None and str(tag) not in ("", "None"):
            raise error(path, line, f"tags are not allowed: remove '{tag}'")


def _plain(value: Any) -> Any:
    if isinstance(value, CommentedMap):
        keys, values = list(value), list(value.values())
        return ["map", value.lc.line + 1, [value.lc.key(k)[0] + 1 for k in keys], _each(keys), _each(values)]
    if isinstance(value, CommentedSeq):
        return ["list", value.lc.line + 1, [value.lc.item(k)[0] + 1 for k in range(len(value))], _each(value)]
    if isinstance(value, bool | ScalarBoolean):
        return bool(value)
    if isinstance(value, datetime.date):  # a datetime is one too
        return ["date", value.year, value.month, value.day]
    for plain in (int, float, str):
        if isinstance(value, plain):
            return plain(value)
    return None if value is None else str(value)  # a key of several parts, say; what reads the file will refuse it


def _each(values: Sequence[Any]) -> list[Any]:
    return [_plain(value) for value in values]


def _nodes(packed: Any) -> Any:
    """The value that `_plain` packed."""
    if not isinstance(packed, list):
        return packed
    kind, line, *rest = packed
    if kind == "date":
        return datetime.date(line, *rest)
    lines, *parts = rest
    values = [_nodes(value) for value in parts[-1]]
    if kind == "list":
        return Items(values, line, dict(enumerate(lines)))
    keys = [_nodes(key) for key in parts[0]]
    return Mapping(dict(zip(keys, values, strict=True)), line, dict(zip(keys, lines, strict=True)))
