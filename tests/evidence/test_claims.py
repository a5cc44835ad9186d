"""The table of public claims: complete, in words of its own, without names of persons, each row linked or explained."""

import csv
import re
from pathlib import Path

import pytest

from contraflow.evidence import load

CLAIMS = load().claims
SEED = Path(__file__).parents[2].parent / "shared" / "evidence" / "seed_claims.csv"

# Places, organisations, agencies, programmes and months that may stand with a capital inside a sentence, and the
# letters of ids of claims and loops. A new word here must not be the name of a person.
PROPER_WORDS = set(
    """
    Afghanistan Americas Arizona China City Massachusetts Matamoros Mexican Mexico Missouri Texas Venezuela US
    Army CDC CIA Command FBI Federal Guard House National Northern Police SAMHSA Senate Taliban White
    Initiative Medicaid Mérida February September A B C D E R
    """.split()
)


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    folded = words(text.casefold())
    return {tuple(folded[i : i + length]) for i in range(len(folded) - length + 1)}


def capitalised_inside_sentences(text: str) -> set[str]:
    found = set()
    for sentence in re.split(r"(?<=[.:;]) ", text):
        found |= {word for word in re.findall(r"[^\W\d_]+", sentence)[1:] if word[0].isupper()}
    return found


def seed_rows() -> list[dict[str, str]]:
    if not SEED.exists():
        pytest.skip("the list that the claims were drawn from is not beside this checkout")
    with SEED.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_there_are_307_claims_each_about_a_subject_of_its_own():
    assert len(CLAIMS) == 307
    assert len({claim.subject for claim in CLAIMS.values()}) == 307
    assert len({claim.statement for claim in CLAIMS.values()}) == 307


def test_a_testable_claim_names_what_is_read_and_what_is_switched():
    for claim in CLAIMS.values():
        if claim.testable == "no":
            assert not (claim.variables or claim.levers or claim.hypotheses), claim.id
        else:
            assert claim.variables, claim.id
    causal = [c for c in CLAIMS.values() if c.testable == "yes" and c.kind in ("causal_claim", "mechanism", "policy")]
    assert [claim.id for claim in causal if not (claim.levers or claim.hypotheses)] == []


def test_every_claim_says_why_it_can_or_cannot_be_tested():
    for claim in CLAIMS.values():
        assert 3 <= len(claim.reason.split()) <= 25, claim.id
        assert claim.reason.endswith("."), claim.id
        assert claim.reason != claim.statement, claim.id


def test_statements_are_one_short_sentence():
    for claim in CLAIMS.values():
        assert len(claim.statement.split()) <= 20, claim.id
        assert claim.statement.endswith("."), claim.id
        assert len(re.split(r"(?<=[a-z]{2}[.!?]) (?=[A-Z])", claim.statement)) == 1, claim.id


def test_reasons_refer_to_claims_that_exist():
    for claim in CLAIMS.values():
        assert set(re.findall(r"\b[A-E]\d{3}\b", claim.reason)) <= set(CLAIMS) - {claim.id}, claim.id


def test_no_word_inside_a_sentence_could_be_a_persons_name():
    for claim in CLAIMS.values():
        for text in (claim.statement, claim.reason):
            assert capitalised_inside_sentences(text) <= PROPER_WORDS, claim.id


def test_every_claim_of_the_list_is_carried_over_and_no_other():
    assert set(CLAIMS) == {row["id"] for row in seed_rows()}


def test_no_statement_repeats_eight_words_of_the_list_in_a_row():
    taken = set().union(*(runs(cell, 8) for row in seed_rows() for cell in row.values()))
    for claim in CLAIMS.values():
        assert not (runs(claim.statement, 8) | runs(claim.reason, 8)) & taken, claim.id


def test_no_claim_names_a_person_of_the_list():
    rows = seed_rows()
    listed = set().union(*(capitalised_inside_sentences(row["statement"]) for row in rows))
    listed |= {
        word for row in rows for name in re.findall(r"\b[A-Z]\. ([A-Z][\w-]+(?: [A-Z][\w-]+)?)", row["attributed_to"])
        for word in re.split(r"[ -]", name)
    }  # fmt: skip
    sentences = [row["statement"] for row in rows] + [f"{claim.statement} {claim.reason}" for claim in CLAIMS.values()]
    common = {word for sentence in sentences for word in words(sentence) if word[0].islower()}
    names = {word for word in listed - PROPER_WORDS if word.casefold() not in common and len(word) > 2}
    assert len(names) > 30
    for claim in CLAIMS.values():
        assert not set(words(f"{claim.statement} {claim.reason}")) & names, claim.id
        assert not set(claim.subject.split("_")) & {name.casefold() for name in names}, claim.id
