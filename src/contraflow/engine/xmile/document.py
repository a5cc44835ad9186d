"""The file as XML: variables with their equations, units and documentation, and sectors as groups of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from contraflow.engine import units
from contraflow.engine.simulate import Grid
from contraflow.engine.xmile.expressions import number
from contraflow.engine.xmile.names import quoted

NAMESPACE = "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
TIME_UNIT = "year"


class Document:
    """What has been written so far. ``without_unit`` names the variables whose unit XMILE cannot write."""

    def __init__(self) -> None:
        self.without_unit: list[str] = []
        self._variables: list[ElementTree.Element] = []
        self._groups: dict[str, list[str]] = {}

    def __len__(self) -> int:
        """Number of variables."""
        return len(self._variables)

    def add(
        self,
        kind: str,
        name: str,
        equation: str,
        *,
        sector: str,
        about: str,
        unit: str | None = None,
        table: tuple[Iterable[float], Iterable[float]] | None = None,
        entering: Sequence[str] = (),
        leaving: Sequence[str] = (),
    ) -> None:
        """Write a variable: an ``aux``, a ``flow``, or a ``stock`` with the flows that enter and leave it.

        ``table`` is a function of the equation's value, as its x and y.
        """
        element = ElementTree.Element(kind, name=name)
        if about:
            _text(element, "doc", " ".join(about.split()).replace("\\", "\\\\"))
        _text(element, "eqn", equation)
        for tag, flows in (("inflow", entering), ("outflow", leaving)):
            for flow in flows:
                _text(element, tag, quoted(flow))
        if table is not None:
            function = ElementTree.SubElement(element, "gf")
            for tag, points in zip(("xpts", "ypts"), table, strict=True):
                _text(function, tag, ",".join(map(number, points)))
        if unit is not None:
            self._add_unit(element, name, unit)
        self._variables.append(element)
        if sector:
            self._groups.setdefault(sector, []).append(name)

    def text(self, grid: Grid, method: str, title: str, product: tuple[str, str]) -> str:
        """The whole file. ``method`` is the rule of integration, ``product`` the name and version of what writes it."""
        root = ElementTree.Element("xmile", version="1.0", xmlns=NAMESPACE)
        header = ElementTree.SubElement(root, "header")
        _text(header, "vendor", product[0])
        _text(header, "product", product[0]).set("version", product[1])
        _text(header, "name", title)
        specifications = ElementTree.SubElement(root, "sim_specs", method=method, time_units=TIME_UNIT)
        _text(specifications, "start", number(grid.start))
        _text(specifications, "stop", number(grid.start + grid.periods / grid.per_year))
        _text(specifications, "dt", str(grid.per_year * grid.substeps)).set("reciprocal", "true")
        variables = ElementTree.SubElement(ElementTree.SubElement(root, "model"), "variables")
        variables.extend(self._variables)
        for sector, members in self._groups.items():
            group = ElementTree.SubElement(variables, "group", name=sector)
            for member in members:
                ElementTree.SubElement(group, "entity", name=member)
        ElementTree.indent(root)
        return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"

    def _add_unit(self, element: ElementTree.Element, name: str, unit: str) -> None:
        parsed = units.parse(unit)
        if all(power.denominator == 1 for _, power in parsed.powers):
            _text(element, "units", str(parsed))
        else:
            self.without_unit.append(name)


def _text(parent: ElementTree.Element, tag: str, text: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag)
    element.text = text
    return element
