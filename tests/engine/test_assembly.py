"""Everything wrong with a model is found at assembly, and the message says what, where and what to type instead."""

import importlib.util
import textwrap

import jax.numpy as jnp
import numpy as np
import pytest

from contraflow.engine import (
    Axis,
    Grid,
    ModelError,
    assemble,
    auxiliary,
    boundary,
    flow,
    series,
    simulate,
    smooth,
    stock,
)
from contraflow.engine.model import check_units

DRUG = Axis("drug", ("heroin", "fentanyl"), -2)
PLACE = r"test_assembly\.py:\d+"


def people_model(**changes):
    """A sound model of people who arrive and leave; ``changes`` replace or add declarations."""
    people = stock("person", initial=10.0, doc="People.", ledger="people")
    outside = boundary("person", ledger="people", doc="Outside.")

    @flow("person/year", source="people", destination="outside")
    def leaving(people, leaving_rate):
        """Leaving."""
        return people * leaving_rate

    return {"people": people, "outside": outside, "leaving": leaving, **changes}


RATES = {"leaving_rate": "1/year"}


def refused(declared, parameters, says, **options):
    with pytest.raises(ModelError, match=says):
        assemble(declared, parameters, **options)


def module(tmp_path, name, text):
    path = tmp_path / f"{name}.py"
    header = "from contraflow.engine import auxiliary, boundary, delay, flow, series, smooth, stock\n"
    path.write_text(header + textwrap.dedent(text))
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_a_sound_model_assembles():
    model = assemble(people_model(), RATES)
    assert model.order == ("leaving",)
    assert model.inputs_of("people") == ("leaving",)
    assert model.uses_of("people") == ("leaving",)


def test_an_unknown_input_is_named_with_its_line_and_the_nearest_name():
    @auxiliary("person")
    def seen(peolpe):
        """Seen."""
        return peolpe

    says = rf"seen at .*{PLACE}: unknown input 'peolpe'; did you mean 'people'"
    refused(people_model(seen=seen), RATES, says)


def test_an_unknown_parameter_suggests_the_declared_one():
    refused(people_model(), {"leaving_rat": "1/year"}, "unknown input 'leaving_rate'; did you mean 'leaving_rat'")


def test_a_name_that_resembles_nothing_gets_no_suggestion():
    with pytest.raises(ModelError) as failure:
        assemble(people_model(), {})
    assert "unknown input 'leaving_rate'" in str(failure.value)
    assert "did you mean 'outside'" not in str(failure.value)


def test_a_boundary_cannot_be_read():
    @auxiliary("person")
    def gone(outside):
        """Gone."""
        return outside

    refused(people_model(gone=gone), RATES, rf"gone at .*{PLACE}: unknown input 'outside'")


def test_an_unused_parameter_is_refused():
    refused(people_model(), {**RATES, "forgotten": "1"}, "the parameter 'forgotten' is used by no variable")


def test_an_unused_series_is_refused():
    unread = series("1", role="driver", doc="Unread.")
    refused(people_model(unread=unread), RATES, rf"the series unread at .*{PLACE} is used by no variable")


def test_a_stock_or_boundary_without_flow_is_refused():
    idle = stock("person", initial=0.0, doc="Idle.", ledger="people")
    refused(people_model(idle=idle), RATES, rf"the stock idle at .*{PLACE} has no flow")
    nowhere = boundary("person", ledger="people", doc="Nowhere.")
    refused(people_model(nowhere=nowhere), RATES, rf"the boundary nowhere at .*{PLACE} has no flow")


def test_a_name_that_is_both_parameter_and_variable_is_refused():
    refused(people_model(), {**RATES, "people": "person"}, rf"people is both a parameter and a variable \(.*{PLACE}\)")


def test_the_same_name_in_two_modules_is_refused_with_both_places(tmp_path):
    text = """
        @auxiliary("1")
        def share():
            '''Share.'''
            return 0.5
        """
    one, two = module(tmp_path, "one", text), module(tmp_path, "two", text)
    refused([one, two], {}, r"share is declared twice: .*one\.py:\d+ and .*two\.py:\d+")


def test_the_same_name_twice_in_one_module_is_refused_with_both_lines(tmp_path):
    twice = module(
        tmp_path,
        "twice",
        """
        @auxiliary("1")
        def share():
            '''Share.'''
            return 0.5

        @auxiliary("1")
        def share():
            '''Share, again.'''
            return 0.7
        """,
    )
    refused([twice], {}, r"share is declared twice: .*twice\.py:\d+ and .*twice\.py:\d+")


def test_a_variable_imported_from_another_sector_is_not_declared_twice(tmp_path):
    one = module(tmp_path, "one", "level = series('1', role='driver', doc='Level.')")
    two = module(
        tmp_path,
        "two",
        """
        @auxiliary("1")
        def double(level):
            '''Double.'''
            return 2 * level
        """,
    )
    two.level = one.level
    model = assemble([one, two], {})
    assert model.variables["level"].sector == "one" and model.variables["double"].sector == "two"


def test_an_algebraic_loop_is_refused_naming_its_cycle_and_each_line():
    @auxiliary("1")
    def price(demand):
        """Price."""
        return demand

    @auxiliary("1")
    def demand(supply):
        """Demand."""
        return supply

    @auxiliary("1")
    def supply(price):
        """Supply."""
        return price

    with pytest.raises(ModelError) as failure:
        assemble({"price": price, "demand": demand, "supply": supply}, {})
    message = str(failure.value)
    assert "algebraic loop: price → demand → supply → price" in message
    assert "Break it with a stock or a smooth" in message
    assert message.count("test_assembly.py:") == 3


def test_a_smooth_breaks_an_algebraic_loop():
    @auxiliary("1")
    def price(demand):
        """Price."""
        return 1 / (1 + demand)

    demand = smooth("1", of="price", time="lag", initial=1.0, doc="Demand, adapting.")
    assert assemble({"price": price, "demand": demand}, {"lag": "year"}).order == ("price",)


def test_starting_values_that_need_each_other_are_refused():
    @auxiliary("1")
    def price(demand):
        """Price."""
        return 1 / (1 + demand)

    demand = smooth("1", of="price", time="lag", initial="price", doc="Demand, adapting.")
    says = rf"starting value depends on itself: .*price.*demand.*Start one from a parameter.*{PLACE}"
    refused({"price": price, "demand": demand}, {"lag": "year"}, says)


def test_a_flow_with_an_unknown_account_is_refused_with_the_nearest():
    @flow("person/year", source="outsid", destination="people")
    def arriving(leaving_rate, people):
        """Arriving."""
        return leaving_rate * people

    says = rf"arriving at .*{PLACE}: unknown account 'outsid'; did you mean 'outside'"
    refused(people_model(arriving=arriving), RATES, says)


@pytest.mark.parametrize("kind", ["smooth", "auxiliary", "parameter"])
def test_a_flow_cannot_end_in_anything_but_an_account(kind):
    @flow("person/year", source="people", destination="hidden")
    def vanishing(people, leaving_rate):
        """Vanishing."""
        return people * leaving_rate

    @auxiliary("person")
    def equation(people):
        """An equation."""
        return people

    lagged = smooth("person", of="people", time="lag", initial=0.0, doc="Lagged.")
    declared = people_model(vanishing=vanishing)
    parameters = dict(RATES)
    if kind == "parameter":
        parameters["hidden"] = "person"
        says = "unknown account 'hidden'"
    else:
        declared["hidden"] = lagged if kind == "smooth" else equation
        says = rf"vanishing at .*{PLACE}: hidden \(.*{PLACE}\) is a {kind}, not an account"
        parameters |= {"lag": "year"} if kind == "smooth" else {}
    refused(declared, parameters, says)


def test_a_flow_lacking_an_axis_of_its_account_is_refused():
    grams = stock("g", initial=1.0, doc="Stored.", dims=("drug",), ledger="grams")
    used = boundary("g", ledger="grams", doc="Used.")

    @flow("g/year", source="grams", destination="used")
    def use(leaving_rate):
        """Use."""
        return leaving_rate * 0.0

    says = rf"use at .*{PLACE} lacks the axis drug of its account grams"
    refused({"grams": grams, "used": used, "use": use}, RATES, says, axes=[DRUG])


def test_a_flow_between_two_ledgers_is_refused():
    cell = stock("person", initial=0.0, doc="In a cell.", ledger="prison")

    @flow("person/year", source="people", destination="cell")
    def arrests(people, leaving_rate):
        """Arrests."""
        return people * leaving_rate

    says = rf"arrests at .*{PLACE} moves between two ledgers \(people, prison\): people and cell"
    refused(people_model(cell=cell, arrests=arrests), RATES, says)


def test_a_flow_into_a_stock_outside_every_ledger_is_refused():
    pocket = stock("person", initial=0.0, doc="No ledger.")

    @flow("person/year", source="people", destination="pocket")
    def hiding(people, leaving_rate):
        """Hiding."""
        return people * leaving_rate

    refused(people_model(pocket=pocket, hiding=hiding), RATES, "moves between two ledgers")


def test_an_unknown_axis_is_refused():
    @auxiliary("person", dims=("drugs",))
    def seen(people):
        """Seen."""
        return people

    says = rf"seen at .*{PLACE}: unknown axis 'drugs'; did you mean 'drug'"
    refused(people_model(seen=seen), RATES, says, axes=[DRUG])


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (Axis("age", ("young", "old"), -2), "axes drug and age share a name or the place -2"),
        (Axis("drug", ("meth",), -3), "axes drug and drug share"),
        (Axis("age", ("young", "old"), -1), "the axis age has place -1; draws have place -1"),
    ],
)
def test_axes_that_collide_are_refused(second, says):
    refused(people_model(), RATES, says, axes=[DRUG, second])


def test_an_equation_with_an_axis_it_does_not_declare_is_refused():
    @auxiliary("person")
    def split(people):
        """Split."""
        return DRUG.stack(heroin=people, fentanyl=people)

    refused(people_model(split=split), RATES, rf"split \(.*{PLACE}\): the equation gives shape \(2, ", axes=[DRUG])


def test_a_state_that_lacks_an_axis_of_what_it_follows_is_refused():
    @auxiliary("person", dims=("drug",))
    def split(people):
        """Split."""
        return DRUG.stack(heroin=people, fentanyl=people)

    blind = smooth("person", of="split", time="lag", initial=0.0, doc="Blind.")
    narrow = smooth("person", of="people", time="lag", initial="split", doc="Narrow.")
    parameters = {**RATES, "lag": "year"}
    refused(people_model(split=split, blind=blind), parameters, "blind .*lacks the axes of split", axes=[DRUG])
    refused(people_model(split=split, narrow=narrow), parameters, "narrow .*from which it starts", axes=[DRUG])


def test_picking_or_summing_an_axis_that_a_value_lacks_is_refused():
    @auxiliary("person")
    def picked(people):
        """Picked."""
        return DRUG.pick(people, "heroin")

    @auxiliary("person")
    def summed(people):
        """Summed."""
        return DRUG.total(people)

    for name, variable in {"picked": picked, "summed": summed}.items():
        says = rf"{name} \(.*{PLACE}\): a value of shape .* does not carry the axis drug"
        refused(people_model(**{name: variable}), RATES, says, axes=[DRUG])


def test_an_equation_that_mixes_draws_is_refused_at_assembly():
    @auxiliary("person")
    def pooled(people):
        """Pooled."""
        return jnp.mean(people)

    refused(people_model(pooled=pooled), RATES, rf"pooled \(.*{PLACE}\): reduce_sum mixes the draws")


def test_an_extension_without_its_off_value_is_refused_where_it_is_declared():
    with pytest.raises(ModelError, match=rf"auxiliary at .*{PLACE} needs both extension= and off="):
        auxiliary("1", extension="prevention")
    with pytest.raises(ModelError, match="needs both extension= and off="):
        auxiliary("1", off=1.0)


def extended_model(extensions):
    @auxiliary("1", extension="prevention", off=1)
    def effect(people):
        """Effect on leaving."""
        return people / people * 3

    @auxiliary("1/year")
    def hazard(effect, leaving_rate):
        """Hazard."""
        return effect * leaving_rate

    return assemble(people_model(effect=effect, hazard=hazard), RATES, extensions=extensions)


@pytest.mark.parametrize(("extensions", "factor"), [((), 1.0), (("prevention",), 3.0)])
def test_an_extension_takes_its_off_value_unless_it_is_on(extensions, factor):
    model = extended_model(extensions)
    run = simulate(model, {"leaving_rate": np.array([0.2, 0.4])}, {}, Grid(2000, 2), ["hazard", "effect"])
    assert run.values["effect"] == pytest.approx(np.full((2, 2), factor))
    assert run.values["hazard"][0] == pytest.approx(factor * np.array([0.2, 0.4]))
    assert model.inputs_of("effect") == (() if factor == 1.0 else ("people",))


def test_an_unknown_extension_is_refused_with_the_nearest():
    with pytest.raises(ModelError, match="unknown extension 'preventoin'; did you mean 'prevention'"):
        extended_model(["preventoin"])


def test_an_equation_without_docstring_is_refused():
    with pytest.raises(ModelError, match=rf"nameless at .*{PLACE} needs a docstring"):

        @auxiliary("1")
        def nameless():
            return 1.0


def test_an_input_with_a_default_is_refused_as_a_hidden_constant():
    with pytest.raises(ModelError, match=rf"hidden at .*{PLACE}: inputs must be plain names.*found rate"):

        @auxiliary("1")
        def hidden(rate=0.3):
            """Hidden."""
            return rate


def test_units_are_listed_without_raising_by_check_units():
    assert check_units(assemble(people_model(), RATES)) == []

    @auxiliary("kg")
    def doubled(people):
        """Twice the people."""
        return 2 * people

    @auxiliary("kg)")
    def unreadable(people):
        """Of no unit."""
        return people

    @auxiliary("1")
    def downstream(unreadable):
        """Of a unit that nobody can tell."""
        return unreadable

    wrong = people_model(doubled=doubled, unreadable=unreadable, downstream=downstream)
    refused(wrong, {"leaving_rate": "1"}, "units do not agree")
    listed = check_units(assemble(wrong, {"leaving_rate": "1"}, units=False))
    assert [line.split(" ")[0] for line in listed] == ["unreadable", "leaving", "doubled"]
