"""Every id that a public claim is linked to exists in the model."""

import re

from contraflow.evidence import load
from contraflow.system import EXTENSIONS, hypotheses, levers, loops, outcomes, reference_model

CLAIMS = load().claims


def test_claims_are_linked_to_what_the_model_has():
    known = {
        "variables": {*outcomes.OUTCOMES, *reference_model(EXTENSIONS).variables},
        "levers": set(levers.LEVERS),
        "hypotheses": set(hypotheses.HYPOTHESES),
    }
    for field, ids in known.items():
        missing = {claim.id: set(getattr(claim, field)) - ids for claim in CLAIMS.values()}
        assert {id: names for id, names in missing.items() if names} == {}, field


def test_loops_and_levers_named_in_reasons_exist():
    for claim in CLAIMS.values():
        assert set(re.findall(r"\b[RB]\d{1,2}\b", claim.reason)) <= set(loops.LOOPS), claim.id
        named = set(re.findall(r"\b(?:us|mx|bilateral|border|precursors|market)\.[a-z_]+(?:\.[a-z_]+)?", claim.reason))
        assert named <= {*levers.LEVERS, *outcomes.OUTCOMES}, claim.id
