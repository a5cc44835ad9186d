"""Dimensional analysis: correct equations pass, and each kind of planted error is caught and named."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import pytest

from contraflow.engine import Axis, ModelError, assemble, auxiliary, boundary, flow, smooth, stock
from contraflow.engine import operations as op
from contraflow.engine.units import DRAWS, ONE, UnitError, infer, parse

KG, PERSON, YEAR = parse("kg"), parse("person"), parse("year")
DRUG = Axis("drug", ("heroin", "fentanyl"), -2)


def unit_of(function, *texts: str, shape: tuple[int, ...] = (DRAWS,)):
    return infer(function, [parse(t) for t in texts], [shape] * len(texts))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("person/year", "year^-1*person"),
        ("kg pure/(person*year)", "kg_pure/person/year"),
        ("m^(1/2)", "m^0.5"),
        ("m^(-1/2)", "1/m^(1/2)"),
        ("1", "kg/kg"),
        ("(kg*m)^2", "kg^2*m^2"),
        (" USD / ( g pure ) ", "USD/g_pure"),
    ],
)
def test_two_spellings_of_a_unit_are_equal_and_print_to_something_readable(text, same):
    assert parse(text) == parse(same)
    assert parse(str(parse(text))) == parse(text)


def test_pure_and_whole_kilograms_are_different_units():
    assert parse("kg pure") != parse("kg")


def test_units_multiply_divide_and_take_powers():
    assert KG * KG == KG**2
    assert KG / KG == ONE
    assert (KG**2) ** Fraction(1, 2) == KG
    assert (PERSON / YEAR) * YEAR == PERSON


@pytest.mark.parametrize(
    "text", ["", "kg)", "(kg", "2*kg", "kg^", "kg^x", "kg^(1/0)", "kg year", "kg//m", "kg & m", "*kg"]
)
def test_a_malformed_unit_is_refused_and_quoted(text):
    with pytest.raises(UnitError, match="unit|power"):
        parse(text)


@pytest.mark.parametrize(
    ("function", "inputs", "result"),
    [
        (lambda a, b: a + b, ("kg", "kg"), "kg"),
        (lambda a, b: a * b, ("person", "1/year"), "person/year"),
        (lambda a, b: a / b, ("kg", "person"), "kg/person"),
        (lambda a: jnp.sqrt(a), ("kg^2",), "kg"),
        (lambda a: a**2, ("kg",), "kg^2"),
        (lambda a: a**0.5, ("kg",), "kg^(1/2)"),
        (lambda a: a**-0.5, ("kg",), "kg^(-1/2)"),
        (lambda a: a ** (-jnp.asarray(0.5)), ("kg",), "kg^(-1/2)"),
        (lambda a, b: a**b, ("1", "1"), "1"),
        (lambda a, b: jnp.exp(-a / b), ("kg", "kg"), "1"),
        (lambda a: jnp.maximum(a, 0.0), ("kg",), "kg"),
        (lambda a: jnp.where(a > 0, a, 0.0), ("kg",), "kg"),
        (lambda a: jnp.clip(a, 0.0, op.quantity(5.0, "kg")), ("kg",), "kg"),
        (lambda a: 1 - op.logistic(a), ("1",), "1"),
        (lambda a: op.normal_quantile(op.normal_cdf(a)), ("1",), "1"),
        (lambda a, b: op.limited(a, b), ("kg/year", "kg/year"), "kg/year"),
        (lambda a, b, c: op.smooth_min(a, b, c), ("kg", "kg", "kg"), "kg"),
        (lambda a: op.lookup(a, (0.0, 1.0), (2.0, 3.0)), ("1",), "1"),
        (lambda a: op.safe_log(a / op.quantity(1.0, "kg")), ("kg",), "1"),
        (lambda a: a * op.quantity(1000.0, "g/kg"), ("kg",), "g"),
        (lambda a: jnp.tanh(a) * op.quantity(2.0, "kg"), ("1",), "kg"),
        (lambda a: jnp.abs(a) + jnp.zeros_like(a), ("kg",), "kg"),
    ],
)
def test_a_correct_equation_has_the_unit_of_its_formula(function, inputs, result):
    assert unit_of(function, *inputs) == parse(result)


@pytest.mark.parametrize(
    ("function", "inputs", "says"),
    [
        (lambda a, b: a + b, ("kg", "person"), "add of kg and person"),
        (lambda a, b: a - b, ("kg", "kg/year"), "sub of kg and kg/year"),
        (lambda a: a + 1.0, ("kg",), "add of kg and 1"),
        (lambda a: 1 - a, ("1/year",), "sub"),
        (lambda a: jnp.exp(a), ("kg",), "exp needs a dimensionless argument, got kg"),
        (lambda a: op.safe_log(a), ("kg",), "of kg and 1"),
        (lambda a, b: jnp.maximum(a, b), ("kg", "person"), "max of kg and person"),
        (lambda a, b: jnp.where(a > b, a, b), ("kg", "g"), "comparison"),
        (lambda a, b: jnp.where(a > 0, a, b), ("kg", "g"), "select_n of"),
        (lambda a, b: op.limited(a, b), ("kg", "kg/year"), "limited of kg and kg/year"),
        (lambda a, b, c: op.smooth_min(a, b, c), ("kg", "kg", "1"), "kg"),
        (lambda a, b: a**b, ("kg", "1"), "varying exponent needs a dimensionless base"),
        (lambda a, b: a**b, ("1", "kg"), "an exponent needs a dimensionless argument"),
        (lambda a: a + op.quantity(3.0, "g"), ("kg",), "add of kg and g"),
        (lambda a: op.lookup(a, (0.0, 1.0), (2.0, 3.0)), ("kg",), "kg"),
        (lambda a, b: DRUG.stack(heroin=a, fentanyl=b), ("kg", "person"), "joining of kg and person"),
    ],
)
def test_a_planted_unit_error_is_caught_and_named(function, inputs, says):
    with pytest.raises(UnitError, match=says.replace("(", r"\(")):
        unit_of(function, *inputs)


def test_zero_has_any_unit():
    assert unit_of(lambda a: 0.0 * a, "kg") is None
    assert unit_of(lambda a: a + 0.0, "kg") == KG
    assert unit_of(lambda a: jnp.where(a > 0, jnp.zeros_like(a), a), "kg") == KG


def test_an_operation_outside_the_language_is_refused_by_name():
    with pytest.raises(UnitError, match="'sort' is not in the model language"):
        unit_of(jnp.sort, "kg")
    with pytest.raises(UnitError, match="'cumsum' is not in the model language"):
        unit_of(jnp.cumsum, "kg")


@pytest.mark.parametrize(
    "function", [jnp.sum, jnp.mean, lambda a: a - jnp.max(a), lambda a: a[0], lambda a: a * jnp.dot(a / a, a / a)]
)
def test_an_equation_that_mixes_draws_is_refused(function):
    with pytest.raises(UnitError, match="mixes the draws"):
        unit_of(function, "kg")


def test_sums_over_a_named_axis_keep_their_unit():
    assert unit_of(DRUG.total, "kg", shape=(2, DRAWS)) == KG
    assert unit_of(lambda a: DRUG.pick(a, "heroin"), "kg", shape=(2, DRAWS)) == KG


def test_units_survive_nested_compilation_and_custom_derivatives():
    assert unit_of(jax.jit(lambda a, b: jnp.clip(a, 0, None) * b), "kg", "1/year") == parse("kg/year")
    assert unit_of(lambda a: jax.nn.softplus(a), "1") == ONE


def small_model(**wrong):
    people = stock(wrong.get("people", "person"), initial="first", doc="People.", ledger="people")
    outside = boundary("person", ledger="people", doc="Outside.")
    seen = smooth(wrong.get("seen", "person"), of="people", time="lag", initial=0.0, doc="People seen.")

    @flow(wrong.get("leaving", "person/year"), source="people", destination="outside")
    def leaving(people, rate):
        """Leaving."""
        return people * rate

    @auxiliary(wrong.get("share", "1"))
    def share(people, seen):
        """Share."""
        return people / seen

    parameters = {"rate": "1/year", "lag": wrong.get("lag", "year"), "first": wrong.get("first", "person")}
    named = {"people": people, "outside": outside, "seen": seen, "leaving": leaving, "share": share}
    return assemble(named, parameters)


def test_a_model_with_right_units_assembles():
    assert small_model().unit_of("leaving") == "person/year"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"leaving": "person"}, r"leaving \(.*test_units.py:\d+\): the equation gives person/year, declared person"),
        ({"share": "person"}, r"share \(.*test_units.py:\d+\): the equation gives 1, declared person"),
        ({"people": "kg"}, r"leaving \(.*\): person/year does not fill people, in kg|the equation gives kg/year"),
        ({"seen": "kg"}, r"seen \(.*test_units.py:\d+\): smooths people in person, declared kg"),
        ({"lag": "month"}, r"seen \(.*\): its time lag is in month, not year"),
        ({"first": "kg"}, r"people \(.*\): starts from first in kg, not person"),
        ({"share": "1//"}, r"share \(.*test_units.py:\d+\): expected a unit name"),
    ],
)
def test_a_model_with_a_wrong_unit_names_the_variable_its_line_and_both_units(wrong, says):
    with pytest.raises(ModelError, match=says):
        small_model(**wrong)


def test_every_unit_error_of_a_model_is_listed_at_once():
    with pytest.raises(ModelError) as failure:
        small_model(share="person", lag="month")
    assert "share" in str(failure.value) and "lag" in str(failure.value)
