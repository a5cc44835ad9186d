"""Numbers that README and model card give of the model itself, against the model."""

import re
from collections import Counter
from pathlib import Path

import pytest

from contraflow import evidence
from contraflow.inference.posterior import load_posterior
from contraflow.policy import Scenario
from contraflow.report.findings import learned_table
from contraflow.system import EXTENSIONS, reference_model
from contraflow.system.hypotheses import HYPOTHESES
from contraflow.system.latents import LATENTS
from contraflow.system.levers import LEVERS
from contraflow.system.loops import LOOPS
from contraflow.validation import record

ROOT = Path(__file__).parents[1]
CARD, README = ((ROOT / name).read_text(encoding="utf-8") for name in ("MODEL_CARD.md", "README.md"))


def row(label: str) -> str:
    """The row of the model card with this label."""
    return re.search(rf"^\| {re.escape(label)} \|.*$", CARD, re.MULTILINE).group()


def test_the_size_of_the_model():
    kinds = Counter(v.kind for v in reference_model().variables.values())
    assert row("size") == (
        f"| size | {kinds['stock']} stocks, {kinds['flow']} flows, {kinds['auxiliary']} auxiliaries, "
        f"{kinds['smooth']} lags; {len(load_posterior().coordinates)} uncertain parameters, {len(LATENTS)} latent "
        f"drivers, {len(HYPOTHESES)} hypotheses, {len(LEVERS)} levers, {len(LOOPS)} named loops, "
        f"{len(EXTENSIONS)} extensions |"
    )
    told, policies = " ".join(README.split()), set(Scenario.shipped()) - {"baseline"}
    assert f"{len(LEVERS)} levers, {len(policies)} scenarios, {len(HYPOTHESES)} hypotheses" in told


def test_what_the_stored_fit_and_tests_say():
    extreme = [r for r in record.load("barlas").result["barlas"] if r["id"].startswith("extreme:")]
    assert row("extreme conditions") == f"| extreme conditions | {len(extreme)}, each a test |"
    coverage = load_posterior().report["coverage"]
    points = sum(r["points"] for r in coverage)
    without, own = (sum(r["points"] * r[k] for r in coverage) / points for k in ("inside_left_out", "inside"))
    told = row("observations inside the 90 % predictive band, each predicted without itself")
    assert f"| {100 * without:.0f} % of {points} ({100 * own:.0f} % with their own help)" in told


def test_the_grades_of_parameters():
    known = evidence.load()
    grades = Counter(str(p.grade) for p in known.parameters.values())
    told = ", ".join(f"{g} {grades[g]}" for g in "ABCDE")
    about = f"Parameters: {len(known.parameters)} with {len(known.sources)} sources"
    assert f"{about}; by the worst source that each prior uses, {told}." in " ".join(CARD.split())


def test_how_many_parameters_have_left_their_priors():
    rows = learned_table(load_posterior())
    outside = sum(r.outside for r in rows)
    assert f"Of {len(rows)} parameters {outside} have posterior medians outside their priors' 90 %" in " ".join(
        CARD.split()
    )


@pytest.mark.parametrize("text", [CARD, README], ids=["card", "README"])
def test_the_pooled_score_of_backtests(text):
    skill = record.load("backtests").result["skill"]["persistence"]
    assert f"{100 * skill['value']:.0f} % better" in text
    low, high = (round(100 * skill[k]) for k in ("q05", "q95"))
    assert f"({low} to {high})" in text or f"(90 %: {low} to {high})" in text
