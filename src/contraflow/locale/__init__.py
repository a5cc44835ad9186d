"""Spanish names of the model's variables, sectors and axes, from the catalogue ``es.yaml``.

English stands in the docstrings of the model; that the catalogue has an entry for each of them is a test.
"""

from __future__ import annotations

import functools
from pathlib import Path

from contraflow.errors import UnknownName, nearest
from contraflow.evidence.yaml_reader import Mapping, read_yaml

__all__ = ["spanish"]

#: Section of the catalogue for each kind of name.
SECTIONS = {"variable": "variables", "sector": "sectors", "axis": "axes"}


@functools.cache
def catalogue() -> Mapping:
    """The whole catalogue, section to name to Spanish label; read once."""
    return read_yaml(Path(__file__).with_name("es.yaml"))


def spanish(kind: str, name: str) -> str:
    """The Spanish label of `name`, a noun phrase without a full stop.

    Args:
        kind: "variable", "sector" or "axis".
        name: name of the variable, sector or axis; a label of an axis is written `axis.label` ("group.low").

    Raises:
        UnknownName: no such kind, or no entry of that name; with the nearest one.
    """
    if kind not in SECTIONS:
        raise UnknownName("kind of name", kind, nearest(kind, SECTIONS))
    labels: dict[str, str] = catalogue()[SECTIONS[kind]]
    if name not in labels:
        raise UnknownName(kind, name, nearest(name, labels))
    return labels[name]
