"""Numbers in words, and the rule that turns a probability into a verdict."""

import pytest

from contraflow.report.wording import (
    Said,
    amount,
    bayes_factor,
    month,
    probability,
    share_percent,
    signed,
    significant,
    verdict,
)

WIDE = {"q05": -0.2, "q95": 0.1}


@pytest.mark.parametrize(
    ("p", "strength", "direction"),
    [
        (1.0, "clear", "lower"),
        (0.95, "clear", "lower"),
        (0.94, "leaning", "lower"),
        (0.80, "leaning", "lower"),
        (0.79, "undecided", "none"),
        (0.50, "undecided", "none"),
        (0.21, "undecided", "none"),
        (0.20, "leaning", "higher"),
        (0.06, "leaning", "higher"),
        (0.05, "clear", "higher"),
        (0.0, "clear", "higher"),
    ],
)
def test_the_sign_is_clear_from_95_leaning_from_80_and_undecided_between(p, strength, direction):
    found = verdict(p, WIDE)
    assert (found.strength, found.direction) == (strength, direction)


def test_an_effect_of_exactly_nothing_is_not_a_clear_rise():
    assert verdict(0.0, {"q05": 0.0, "q95": 0.0}).text == "no effect worth naming"


def test_a_tiny_effect_of_certain_sign_is_not_worth_naming():
    assert verdict(1.0, {"q05": -0.0009, "q95": -0.0001}).strength == "negligible"
    assert verdict(1.0, {"q05": -0.0011, "q95": -0.0001}).strength == "clear"


def test_what_is_not_worth_naming_follows_from_nothing():
    assert verdict(0.4, {"q05": -0.0009, "q95": 0.0009}, from_assumption=True).text == "no effect worth naming"


def test_a_verdict_says_when_it_follows_from_assumption_in_both_languages():
    found = verdict(0.99, WIDE, from_assumption=True)
    assert found.text == "clearly lower; follows from assumption"
    assert found.text_es == "claro, a la baja; se sigue de supuestos"


def test_a_sign_that_is_clear_by_less_than_the_noise_of_draws_says_so():
    for p, text in ((0.952, "only just clearly lower"), (0.048, "only just clearly higher"), (0.97, "clearly lower")):
        assert verdict(p, WIDE).text == text
    assert verdict(0.048, WIDE).text_es == "claro por muy poco, al alza"
    assert verdict(0.945, WIDE).text == "leaning lower"
    assert [probability(p, 500) for p in (0.048, 0.054, 0.952, 0.97)] == ["0.048", "0.054", "0.952", "0.97"]


def test_less_than_half_of_a_person_is_nobody():
    assert [amount(x) for x in (-0.017, 0.00019, 0.5, -240.0)] == ["0", "0", "+0.50", "−240"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (0.999, "1.0"), (99.6, "100"), (12345, "12,000"), (-0.0123, "−0.012"), (1.4e6, "1,400,000")],
)
def test_numbers_have_two_significant_figures(number, text):
    assert significant(number) == text


def test_differences_carry_their_sign_and_shares_are_percentages():
    assert signed(1234) == "+1,200"
    assert signed(0) == "0"
    assert share_percent(-0.0473, sign=True) == "−4.7\N{NO-BREAK SPACE}%"
    assert share_percent(1e-9) == "0\N{NO-BREAK SPACE}%"


def test_a_probability_is_never_surer_than_its_draws_allow():
    assert probability(1.0, 500) == ">0.99"
    assert probability(0.0, 20) == "<0.05"
    assert probability(0.85, 20) == "0.85"
    assert probability(0.996, 500) == ">0.99"


@pytest.mark.parametrize(("factor", "text"), [(None, "–"), (1e9, ">100"), (3.14159, "3.1"), (1e-4, "<0.01")])
def test_a_bayes_factor_is_no_surer_than_draws_allow(factor, text):
    assert bayes_factor(factor) == text


def test_a_month_in_words():
    assert month(2025 - 1 / 12) == Said("December 2024", "diciembre de 2024")
    assert month(2025.25 - 1 / 12).en == "March 2025" and month(2025.0).es == "enero de 2025"
