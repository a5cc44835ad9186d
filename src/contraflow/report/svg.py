"""Drawings as small SVG: what the drawing library writes, without what no reader sees, and with a frame for a file.

Coordinates are points of 1/72 inch, rounded to hundredths. Text inherits its fonts. Groups without a use are gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from xml.etree import ElementTree as XML

#: What the drawing library says of itself, and names of namespaces that a page knows.
_DROPPED = re.compile(r'<metadata>.*?</metadata>|\sxmlns="[^"]*"|xlink:|<!DOCTYPE[^>]*>', re.S)
_NUMBER = re.compile(r"-?\d+\.\d+")
_COMMAND = re.compile(r"([MLCQz])([^MLCQz]*)")
_REFERENCE = re.compile(r"(?<=url\(#)[^)]+|(?<=^#).+")
#: Parts of a style that hold by default, or that the root of the drawing sets.
_DEFAULT = re.compile(r"(font-family: [^;]*|stroke-linejoin: round|stroke-linecap: butt|text-anchor: start)(; |$)")
_LINES = "stroke-linejoin:round;stroke-linecap:butt"
_FONTS = "system-ui,'DejaVu Sans',Verdana,sans-serif"


@dataclass(frozen=True)
class Drawing:
    """A drawing without its root element: ``width`` and ``height`` in points, and what is inside as markup."""

    width: float
    height: float
    body: str = field(repr=False)

    def inline(self, alt: str) -> str:
        """For a page, which gives it its width and its fonts: with an accessible name and no title of its own."""
        return (
            f'<svg viewBox="0 0 {_short(self.width)} {_short(self.height)}" style="{_LINES}" role="img" '
            f'aria-label="{escape(alt)}">{self.body}</svg>'
        )

    def file(self, title: str, above: Sequence[str], below: Sequence[str]) -> str:
        """For a file: with its title, lines in bold above the drawing and small ones below."""
        head, foot = 15.0 * len(above) + 3, 9.4 * len(below) + 4
        bold, faint = "font-size:11px;font-weight:bold", "font-size:6.5px;opacity:.75"
        size = f"{_short(self.width)} {_short(self.height + head + foot)}"
        width, height = size.split()
        return "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" viewBox="0 0 {size}" '
                f'style="{_LINES};font-family:{_FONTS}">',
                f"<title>{escape(title)}</title>",
                *_lines(above, 12.0, 15.0, bold),
                f'<g transform="translate(0 {_short(head)})">{self.body}</g>',
                *_lines(below, head + self.height + 8, 9.4, faint),
                "</svg>\n",
            )
        )

    def worded(self, words: Mapping[str, str]) -> Drawing:
        """The same drawing with other texts, by the texts drawn; those not named stay, those named empty go."""

        def told(match: re.Match[str]) -> str:
            drawn = unescape(match[2])
            text = words.get(drawn, drawn)
            return f"{match[1]}{escape(text, quote=False)}</text>" if text else ""

        return Drawing(self.width, self.height, re.sub(r"(<text[^>]*>)([^<]*)</text>", told, self.body))

    def named(self, old: str, new: str) -> Drawing:
        """The same drawing with ids that begin with ``new``, so that both can stand on one page."""
        return Drawing(self.width, self.height, re.sub(rf'(id="|#){re.escape(old)}-', rf"\g<1>{new}-", self.body))


def compact(svg: str, name: str, colours: Mapping[str, str]) -> Drawing:
    """What matplotlib wrote, made small; ids begin with ``name``, and ``colours`` are replaced."""
    for written, shown in colours.items():
        svg = svg.replace(written.lower(), shown)
    root = XML.fromstring(
        re.sub(r"<metadata>.*?</metadata>|\sxmlns=\"[^\"]*\"|xlink:|<!DOCTYPE[^>]*>", "", svg, flags=re.S)
    )
    width, height = (float(x) for x in root.attrib["viewBox"].split()[2:])
    used = {ref for e in root.iter() for value in e.attrib.values() for ref in _REFERENCE.findall(value)}
    ids = {old: f"{name}-{k}" for k, old in enumerate(sorted(used))}
    kept = [small for child in root for small in _small(child, ids)]
    return Drawing(width, height, "".join(XML.tostring(e, encoding="unicode") for e in kept).replace(" />", "/>"))


def _small(e: XML.Element, ids: Mapping[str, str]) -> Iterator[XML.Element]:
    """The element made small: nothing where it shows nothing, its children where it only groups them."""
    if e.tag in ("title", "style"):
        return
    own = XML.Element(e.tag, _attributes(e, ids))
    own.text = e.text.strip() or None if e.text else None
    own.extend([small for child in e for small in _small(child, ids)])
    if e.tag in ("g", "defs"):
        _shared(own)
        if not len(own):
            return
        if e.tag == "g" and not own.attrib:
            yield from own
            return
    if e.tag == "path" and (own.get("style") == "fill:none" or not own.get("d")):
        return
    yield own


def _attributes(e: XML.Element, ids: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for key, value in e.attrib.items():
        if key == "d":
            value = _path(value)
        elif key == "id":
            value = ids.get(value, "")
        elif key == "style":
            value = _DEFAULT.sub("", value).strip("; ").replace(": ", ":").replace("; ", ";")
        elif key == "transform" and value.startswith("rotate(-0 "):
            value = ""
        else:
            value = _REFERENCE.sub(lambda m: ids.get(m[0], m[0]), value)
        if value:
            found[key] = value if key == "id" else _NUMBER.sub(lambda m: _short(float(m[0])), value)
    return found


def _shared(group: XML.Element) -> None:
    """A style that all elements of a group have is that of the group."""
    styles = {child.get("style") for child in group}
    if len(group) > 1 and len(styles) == 1 and None not in styles and not group.get("style"):
        if {child.tag for child in group} == {"use"}:
            group.set("style", styles.pop() or "")
            for child in group:
                del child.attrib["style"]


def _short(x: float) -> str:
    text = f"{x:.2f}".rstrip("0").rstrip(".")
    return {"-0": "0"}.get(text, re.sub(r"^(-?)0\.", r"\1.", text))


def _path(data: str) -> str:
    """A path relative to its points, in hundredths that do not add up their rounding."""
    made, last = "", ""
    here = start = (0, 0)
    for letter, rest in _COMMAND.findall(data):
        if letter == "z":
            made, last, here = f"{made}z", "z", start
            continue
        numbers = [round(100 * float(x)) for x in rest.split()]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        if letter == last == "L" and points == [here]:
            continue
        for text in (_short((p[k] - here[k]) / 100) for p in points for k in (0, 1)):
            if letter != last:
                made += letter.lower()
            made += text if letter != last or text[0] == "-" else f" {text}"
            last = letter
        here = points[-1]
        if letter == "M":
            start = here
    return made


def _lines(texts: Sequence[str], top: float, step: float, style: str) -> list[str]:
    return [
        f'<text x="4" y="{_short(top + step * k)}" style="{style};fill:currentColor">{escape(text, quote=False)}</text>'
        for k, text in enumerate(texts)
    ]
