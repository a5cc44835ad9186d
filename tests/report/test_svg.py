"""Drawings made small: what is dropped shows nothing, what stays is where it was."""

import re
from xml.etree import ElementTree as XML

import numpy as np
import pytest
from matplotlib.figure import Figure

from contraflow.report.figures import drawn, framed
from contraflow.report.svg import compact

POINTS = np.random.default_rng(2).uniform(0, 1, (400, 2))


def draw(figure: Figure) -> None:
    axes = figure.subplots()
    axes.plot(*POINTS.T, color="red")
    axes.plot([0, 1], [0.5, 0.5], "o", clip_on=True)
    axes.set_title("one & <two>")


@pytest.fixture(scope="module")
def drawing():
    return drawn("plot", draw, (4.0, 3.0))


def elements(drawing) -> XML.Element:
    return XML.fromstring(f"<svg>{drawing.body}</svg>")


def corners(data: str) -> np.ndarray:
    """The points of a relative path of straight lines."""
    steps = np.array(re.findall(r"-?(?:\d+\.?\d*|\.\d+)", data), float).reshape(-1, 2)
    return steps.cumsum(axis=0)


def test_a_long_line_stays_where_it_was_to_a_hundredth_of_a_point():
    raw = "M 1.23456 2.34567 " + " ".join(f"L {x:.6f} {y:.6f}" for x, y in 300 * POINTS)
    svg = f'<svg viewBox="0 0 300 300"><path d="{raw}" style="fill: none; stroke: #ff0000"/></svg>'
    (path,) = elements(compact(svg, "p", {}))
    expected = np.vstack([[1.23456, 2.34567], 300 * POINTS])
    np.testing.assert_allclose(corners(path.get("d")), expected, atol=0.0051)
    assert len(path.get("d")) < 0.6 * len(raw)


def test_a_path_of_several_parts_keeps_them_apart():
    svg = '<svg viewBox="0 0 9 9"><path d="M 1 1 L 2 1 L 2 2 z M 5 5 L 6 5 C 7 5 7 6 7 7 " style="stroke: red"/></svg>'
    (path,) = elements(compact(svg, "p", {}))
    assert path.get("d") == "m1 1l1 0 0 1zm4 4l1 0c1 0 1 1 1 2"


def test_what_shows_nothing_is_dropped_and_every_reference_has_its_end(drawing):
    root = elements(drawing)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids)) and all(i.startswith("plot-") for i in ids)
    wanted = set(re.findall(r"url\(#([^)]+)\)", drawing.body)) | {
        e.get("href").removeprefix("#") for e in root.iter("use")
    }
    assert wanted == set(ids) and any(e.tag == "clipPath" for e in root.iter())
    assert not any(e.get("style") == "fill:none" for e in root.iter("path"))
    assert "font-family" not in drawing.body and "metadata" not in drawing.body
    assert not [e for e in root.iter("g") if not e.attrib]


def test_a_page_gets_an_accessible_name_and_a_file_its_words(drawing):
    made = framed("plot", "A title <so>", 'alt "words"', "caption", "model m", drawing)
    root = XML.fromstring(made.inline)
    assert root.get("aria-label") == 'alt "words"' and root.get("width") is None
    file = XML.fromstring(made.file)
    texts = ["".join(e.itertext()) for e in file.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "A title <so>" and texts[-2:] == ["caption", "model m"] and "one & <two>" in texts
    height = float(file.get("viewBox").split()[3])
    assert drawing.height < max(float(e.get("y")) for e in file if e.get("y")) < height


def test_the_same_drawing_says_other_words_under_other_ids(drawing):
    other = drawing.worded({"0.2": "", "0.4": "zwei < drei"}).named("plot", "plot-es")
    texts = ["".join(e.itertext()) for e in elements(other).iter("text")]
    assert "zwei < drei" in texts and "0.2" not in texts and "one & <two>" in texts
    own, of_other = (re.findall(r'(?:id="|#)(plot-[^")]+)', d.body) for d in (drawing, other))
    assert len(own) == len(of_other) and not set(own) & set(of_other)
