"""The report of a fit: in step with the posterior that ships, and in the words of a study's page."""

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from contraflow.inference.posterior import load_posterior, shipped_path
from contraflow.report.fit_record import hashes
from contraflow.report.fit_report import text
from contraflow.system import reference_model

CARD = Path(__file__).parents[2] / "MODEL_CARD.md"


@pytest.fixture(scope="module")
def shipped():
    return load_posterior(shipped_path())


@pytest.fixture(scope="module")
def study(invented):
    return invented({"strikes": (-0.05, 0.01)})


@pytest.fixture
def report(posterior):
    """The report of the fit of the invented study."""
    made = {"model_hash": "abc", "data_until": 2025.25, "made": "2026-11-22", "contraflow": "0.1.0", "jax": "0.10.2"}
    return text(replace(posterior, attributes=posterior.attributes | made))


def words(text):
    """Words and numbers, without tags, marks and brackets."""
    return re.findall(r"[\w.%/–−-]+", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def page_tables(part):
    return [
        [
            [words(c) for c in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)]
            for row in re.findall(r"<tr>.*?</tr>", t, re.S)
        ]
        for t in re.findall(r"<table.*?</table>", part, re.S)
    ]


def report_tables(report):
    """Tables by the words of their first row, whose rows hold the words of every cell."""
    found = {}
    for block in re.findall(r"(?:^\|.*\|\n)+", report, re.M):
        head, _, *rows = ([words(c) for c in line[1:-1].split("|")] for line in block.splitlines())
        found[str(head)] = [head, *rows]
    return found


def test_the_report_that_ships_is_of_the_posterior_that_ships(shipped):
    path = shipped_path().with_suffix(".md")
    again = "make it again: python -m contraflow.report.fit_report > src/contraflow/posterior/reference.md"
    assert path.read_text(encoding="utf-8") == text(shipped), again


def test_the_model_card_names_the_hashes_of_what_ships(shipped):
    made_by = hashes(reference_model().hash, shipped.attributes["model_hash"], shipped.hash)
    assert made_by in CARD.read_text(encoding="utf-8")


def test_the_report_and_the_page_of_a_study_hold_the_same_tables(report, page):
    mine = report_tables(report)
    judged = page[page.index("Of chains that can be compared") - 200 :]
    theirs = [*page_tables(re.search(r'<section id="fit">.*?</section>', page, re.S)[0]), page_tables(judged)[0]]
    assert [len(t) for t in theirs] == [3, 3, 2, 3, 5]  # with their heads, and a sum in the first
    for table in theirs:
        for row, shown in zip(mine[str(table[0])], table, strict=True):
            assert all(cell[: len(s)] == s for cell, s in zip(row, shown, strict=True)), (row, shown)


def test_the_report_and_the_page_of_a_study_say_the_same(report, page):
    said = " ".join(words(report))
    part = re.search(r'<section id="fit">.*?</section>', page, re.S)[0].replace(
        "Every parameter: <code>tables/used-and-joint.csv</code>.", ""
    )
    told = [" ".join(words(p)) for p in re.findall(r"<(?:p|h2|h3)\b.*?</(?:p|h2|h3)>", part, re.S)]
    assert len(told) == 9
    assert [p for p in told if p not in said] == []


def test_the_report_says_what_was_fitted_and_by_what(report):
    assert "fit abc (with priors, data and likelihood)" in report and reference_model().hash in report
    assert "| March 2025 | 1 | 400 | 2026-11-22 | contraflow 0.1.0, jax 0.10.2 |" in report


def test_counts_with_each_point_left_out_and_slow_quantities_are_told(report):
    assert "88\N{NO-BREAK SPACE}% (22) | yes |" in report
    assert "For 3 of 25 points the prediction without them rests on importance weights" in report
    assert "| supply | `titration` | 1.012 | 380 | 410 |" in report
