"""Properties of every model: random compartment models conserve people, whatever the order of declaration."""

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contraflow.engine import Axis, Grid, assemble, simulate
from contraflow.engine.ledgers import closure, needed

AGE = Axis("age", ("young", "middle", "old"), -2)
GRID = Grid(2000, 12)
DRAWS = 3
HEADER = (
    "import jax.numpy as jnp\n"
    "from contraflow.engine import auxiliary, boundary, flow, series, smooth, stock\n"
    "from contraflow.engine import operations as op\n"
)
RATES = [
    "{rate}",
    "{rate} * op.logistic({rate} / {rate} - 1)",
    "{rate} * jnp.tanh({source} / total)",
    "{rate} * {lagged}",
]
fresh = itertools.count()
few = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def load(folder, text):
    name = f"random_model_{next(fresh)}"
    path = Path(folder) / f"{name}.py"
    path.write_text(HEADER + text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def model_of(folder, declarations, parameters):
    return assemble([load(folder, "\n\n".join(declarations))], parameters, axes=[AGE])


def compartment(k, with_ages):
    dims = ', dims=("age",)' if with_ages else ""
    return f'c{k} = stock("person", initial="start_{k}", doc="Compartment {k}.", ledger="people"{dims})'


def movement(k, source, destination, with_ages, form):
    dims = ', dims=("age",)' if with_ages else ""
    leaves = source if source != "outside" else destination
    rate = RATES[form].format(rate=f"rate_{k}", source=leaves, lagged="seen / total")
    reads = sorted(
        {leaves, f"rate_{k}", "total", "seen"} & set(rate.replace("(", " ").replace(")", " ").split()) | {leaves}
    )
    return (
        f'@flow("person/year", source="{source}", destination="{destination}"{dims})\n'
        f"def f{k}({', '.join(reads)}):\n"
        f'    """Movement {k}."""\n'
        f"    return {leaves} * ({rate})"
    )


@st.composite
def compartment_models(draw):
    """Source text of each declaration, in order, and the parameters' units."""
    n = draw(st.integers(2, 4))
    ages = [draw(st.booleans()) for _ in range(n)]
    declarations = [compartment(k, ages[k]) for k in range(n)]
    accounts = [*range(n), "outside"]
    joined = st.tuples(st.sampled_from(accounts), st.sampled_from(accounts)).filter(lambda ends: ends[0] != ends[1])
    ends = draw(st.lists(joined, min_size=1, max_size=4))
    ends += [(k, "outside") for k in range(n) if not any(k in pair for pair in ends)] + [("outside", 0)]
    for k, pair in enumerate(ends):
        inside = [x for x in pair if x != "outside"]
        names = [f"c{x}" if x != "outside" else x for x in pair]
        declarations.append(movement(k, *names, any(ages[x] for x in inside), draw(st.integers(0, len(RATES) - 1))))
    parts = " + ".join(f"jnp.sum(c{k}, axis=0)" if ages[k] else f"c{k}" for k in range(n))
    reads = ", ".join(f"c{k}" for k in range(n))
    declarations += [
        'outside = boundary("person", ledger="people", doc="Outside.")',
        f'@auxiliary("person")\ndef total({reads}):\n    """Everyone."""\n    return {parts}',
        'seen = smooth("person", of="total", time="lag", initial="total", doc="People seen.")',
    ]
    parameters = {"lag": "year", **{f"start_{k}": "person" for k in range(n)}}
    parameters |= {f"rate_{k}": "1/year" for k in range(len(ends))}
    return declarations, parameters


def numbers(parameters):
    rng = np.random.default_rng(len(parameters))
    return {name: rng.uniform(0.1, 1.0, DRAWS) * (1000 if "start" in name else 1) for name in parameters}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("random_models")


@few
@given(compartment_models(), st.randoms(use_true_random=False))
def test_random_models_conserve_people_in_any_order_of_declaration(folder, described, random):
    declarations, parameters = described
    model = model_of(folder, declarations, parameters)
    record = needed(model)
    run = simulate(model, numbers(parameters), {}, GRID, record)
    assert closure(model, run)["people"] < 1e-12

    shuffled = list(declarations)
    random.shuffle(shuffled)
    other = model_of(folder, shuffled, dict(reversed(parameters.items())))
    assert other.hash == model.hash
    again = simulate(other, numbers(parameters), {}, GRID, record)
    for name in record:
        assert again.values[name] == pytest.approx(run.values[name], rel=1e-12, abs=1e-12)


@few
@given(compartment_models(), st.data())
def test_the_hash_ignores_comments_and_docstrings_but_sees_equations_and_units(folder, described, data):
    declarations, parameters = described
    original = model_of(folder, declarations, parameters).hash
    chosen = data.draw(st.sampled_from([i for i, text in enumerate(declarations) if text.startswith("@flow")]))

    def changed(change):
        edited = [change(text) if i == chosen else text for i, text in enumerate(declarations)]
        return model_of(folder, edited, parameters).hash

    assert changed(lambda text: text.replace("    return", "    # a comment\n\n    return")) == original
    assert changed(lambda text: text.replace("Movement", "Another sentence on movement")) == original
    assert changed(lambda text: text.replace("):\n", ") -> object:\n")) == original
    assert changed(lambda text: text.replace("return ", "return (1.0 * 1.0) * ")) != original
    assert changed(lambda text: text.replace("return ", "return 2 * ")) != original


BASE = """
LIMIT = 0.5

def squash(x):
    '''Squash.'''
    return x / (x + LIMIT)

@auxiliary("1")
def level(signal):
    '''Level.'''
    return squash(signal)
"""
AXES = [AGE]


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("'''Squash.'''", "'''Saturating response.'''", True),
        ("LIMIT = 0.5", "LIMIT = 0.5  # why", True),
        ("LIMIT = 0.5", "LIMIT = 0.6", False),
        ("x / (x + LIMIT)", "x / (2 * x + LIMIT)", False),
        ("squash(signal)", "squash(2 * signal)", False),
    ],
)
def test_the_hash_sees_the_helpers_and_constants_that_an_equation_names(folder, old, new, same):
    one = model_of(folder, [BASE], {"signal": "1"})
    two = model_of(folder, [BASE.replace(old, new)], {"signal": "1"})
    assert (one.hash == two.hash) is same


def test_the_hash_sees_units_accounts_starts_axes_and_parameters(folder):
    def text(unit="person", source="c0", destination="outside", start='"start"'):
        return [
            f'c0 = stock("{unit}", initial={start}, doc="People.", ledger="people")',
            f'outside = boundary("{unit}", ledger="people", doc="Outside.")',
            f'abroad = boundary("{unit}", ledger="people", doc="Abroad.")',
            f'@flow("{unit}/year", source="{source}", destination="{destination}")\n'
            'def moving(c0, rate):\n    """Moving."""\n    return c0 * rate',
            f'@flow("{unit}/year", source="outside", destination="abroad")\n'
            'def passing(c0, rate):\n    """Passing."""\n    return c0 * rate',
        ]

    parameters = {"start": "person", "rate": "1/year"}
    module = [load(folder, "\n\n".join(text()))]
    hashes = {
        model_of(folder, text(), parameters).hash,
        model_of(folder, text(unit="kg"), {**parameters, "start": "kg"}).hash,
        model_of(folder, text(source="outside", destination="c0"), parameters).hash,
        model_of(folder, text(destination="abroad"), parameters).hash,
        model_of(folder, text(start="5.0"), {"rate": "1/year"}).hash,
        assemble(module, parameters).hash,
        assemble(module, parameters, axes=[Axis("age", ("young", "old"), -2)]).hash,
    }
    assert len(hashes) == 7
