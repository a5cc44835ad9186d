"""Random models of every kind of variable and operation: the kernel and its gradient against the reference."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from contraflow.engine import (
    Axis,
    Grid,
    assemble,
    auxiliary,
    boundary,
    delay,
    flow,
    native,
    series,
    simulator,
    smooth,
    stock,
)
from contraflow.engine import operations as op

AGE = Axis("age", ("young", "middle", "old"), -2)
KIND = Axis("kind", ("a", "b"), -3)
GRID = Grid(2000, 5)
DRAWS = 11  # not a whole number of vectors
WEIGHTS = ((0.5, 0.2, 0.1), (0.0, 1.0, -0.3), (0.4, 0.0, 0.7))
TOOLS = {"jnp": jnp, "op": op, "AGE": AGE, "KIND": KIND, "WEIGHTS": WEIGHTS}

UNARY = [
    "jnp.exp(jnp.tanh({0}))", "op.safe_log(1 + ({0}) ** 2)", "jnp.tanh({0})", "op.logistic({0})", "op.normal_cdf({0})",
    "op.normal_quantile(op.logistic({0}))", "jnp.sqrt(1 + ({0}) ** 2)", "jnp.clip({0}, -0.5, 0.5)", "-({0})",
    "op.lookup({0}, (-1.0, 0.0, 0.5, 2.0), (0.0, 0.3, 1.0, 0.4))", "(0.5 + ({0}) ** 2) ** 0.7", "jnp.abs({0})",
    "(1 + ({0}) ** 2) ** -3", "jnp.expm1(-({0}) ** 2)", "jnp.log1p(({0}) ** 2)", "op.quantity(2.0, '1') * ({0})",
]  # fmt: skip
BINARY = [
    "({0}) + ({1})", "({0}) - ({1})", "({0}) * ({1})", "({0}) / (1 + ({1}) ** 2)", "jnp.maximum({0}, {1})",
    "jnp.minimum({0}, {1})", "jnp.where(({0}) > ({1}), {0}, 0.5 * ({1}))", "op.smooth_min({0}, {1}, 0.1)",
    "op.limited(jnp.exp(jnp.tanh({0})), jnp.exp(jnp.tanh({1})))", "op.share(({0}) ** 2, ({1}) ** 2)",
    "(1 + ({0}) ** 2) ** jnp.tanh({1})", "jnp.where((({0}) > 0) & ~(({1}) > 0.2), {0}, {1})",
]  # fmt: skip
AGED = [
    "AGE.total({0}) + ({0})",
    "AGE.couple(WEIGHTS, {0})",
    "({0}) - AGE.pick({0}, 'middle')",
    "({0}) - jnp.max({0}, axis=AGE.place, keepdims=True)",
    "AGE.stack(young=AGE.pick({0}, 'old'), middle=0.3 * AGE.pick({0}, 'young'), old=AGE.pick({0}, 'middle'))",
]
few = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.generate],  # each example is compiled twice: a failure is shown as found, not made smaller
)


def function(name, reads, body):
    """A function of these names, as a model's module would hold it."""
    namespace = dict(TOOLS)
    exec(f'def {name}({", ".join(reads)}):\n    """{name}."""\n    return {body}', namespace)
    return namespace[name]


@st.composite
def expressions(draw, names, aged, depth=3):
    """An expression over names, of which some carry the axis of ages, and the names it reads."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        name = draw(st.sampled_from(names))
        if name in aged[1] and not aged[0]:
            return draw(st.sampled_from(["AGE.total({})", "AGE.pick({}, 'old')"])).format(name), {name}
        return name, {name}
    parts = [draw(expressions(names, aged, depth - 1)) for _ in range(draw(st.integers(1, 2)))]
    reads = set().union(*(r for _, r in parts))
    if len(parts) == 1 and aged[0] and draw(st.booleans()):
        carrier = sorted(aged[1])[0]
        return draw(st.sampled_from(AGED)).format(f"{parts[0][0]} + 0.1 * {carrier}"), reads | {carrier}
    return draw(st.sampled_from(UNARY if len(parts) == 1 else BINARY)).format(*(p for p, _ in parts)), reads


@st.composite
def equations(draw):
    """Names read and text of five equations: a constant, two plain ones and two by age."""
    found = {"constant": (["strength", "level"], draw(expressions(["strength", "level"], (False, set()), 2))[0])}
    names = ["plain", "grouped", "shared", "own", "strength", "level", "remembered", "late", "constant"]
    aged = {"grouped"}
    for k in range(4):
        # What a smooth or delay follows, and starts from, may not itself depend on it.
        usable = [n for n in names if k > 1 or n not in ("remembered", "late")]
        body, reads = draw(expressions(usable, (k >= 2, aged)))
        found[f"e{k}"] = (sorted(reads), body)
        names.append(f"e{k}")
        aged |= {f"e{k}"} if k >= 2 else set()
    return found


def model_of(found):
    """A model of two stocks, a smooth, a delay, two inputs, and these equations."""
    declared = {
        "plain": stock("1", initial="begin", doc="A stock.", ledger="l"),
        "grouped": stock("1", initial=0.4, doc="A stock by age.", ledger="l", dims=("age",)),
        "outside": boundary("1", ledger="l", doc="Outside."),
        "shared": series("1", role="driver", doc="An input."),
        "own": series("1", role="latent", doc="An input by draw."),
        "remembered": smooth("1", of="e1", time="lag", initial="e1", doc="A smooth."),
        **delay("1", of="e0", time="lag", initial="begin", order=2, name="late", doc="A delay."),
    }
    for name, (reads, body) in found.items():
        dims = ("age",) if name in ("e2", "e3") else ()
        declared[name] = auxiliary("1", dims=dims)(function(name, reads, body))
    kinds = "KIND.stack(a=op.logistic(e1), b=jnp.tanh(e0) ** 2)"
    declared["e4"] = auxiliary("1", dims=("age", "kind"))(function("e4", ["e0", "e1", "e3"], f"{kinds} * jnp.tanh(e3)"))
    fading = "rate * plain * op.logistic(shared * own * strength * level)"
    flows = {
        "arriving": ("outside", "grouped", ("age", "kind"), ["rate", "e4"], "rate * op.logistic(e4)"),
        "leaving": ("grouped", "outside", ("age",), ["rate", "grouped"], "0.5 * rate * grouped"),
        "passing": ("grouped", "plain", ("age",), ["rate", "grouped", "e2"], "rate * grouped * op.logistic(e2)"),
        "fading": ("plain", "outside", (), ["rate", "plain", "shared", "own", "strength", "level"], fading),
    }
    for name, (source, destination, dims, reads, body) in flows.items():
        declared[name] = flow("1/year", source=source, destination=destination, dims=dims)(function(name, reads, body))
    parameters = {"begin": "1", "lag": "year", "rate": "1/year", "strength": "1", "level": "1"}
    return assemble(declared, parameters, axes=[AGE, KIND])


def numbers():
    rng = np.random.default_rng(7)
    parameters = {n: rng.uniform(0.2, 1.2, DRAWS) for n in ("begin", "lag", "rate", "strength")}
    steps = GRID.periods * GRID.substeps
    return {**parameters, "level": np.array([0.6])}, rng.normal(size=steps), rng.normal(size=(steps, DRAWS))


def scored(run):
    """A scalar of everything that a run returns, and what it returns."""

    def score(parameters, own, shared):
        values, final = run(parameters, {"shared": shared, "own": own})
        total = 0.0
        for name, value in sorted({**values, **{f"{k} at the end": v for k, v in final.items()}}.items()):
            rng = np.random.default_rng(len(name))
            total = total + jnp.sum(rng.normal(size=value.shape) * value)
        return total, (values, final)

    return jax.jit(jax.value_and_grad(score, argnums=(0, 1), has_aux=True))


def distance(found, expected):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    return float(np.max(np.abs(found - expected)) / (np.max(np.abs(expected)) + 1e-9))


@pytest.mark.slow
@few
@given(equations())
def test_random_models_and_their_gradients_agree_with_the_reference(found):
    model = model_of(found)
    record = [v.name for v in model.variables.values() if v.kind != "boundary"]
    parameters, shared, own = numbers()
    (_, expected), gradient = scored(simulator(model, record, GRID))(parameters, own, shared)
    (_, ours), native_gradient = scored(native.simulator(model, record, GRID))(parameters, own, shared)
    straight = native.simulate(model, parameters, {"shared": shared, "own": own}, GRID, record)
    single = native.simulate(model, parameters, {"shared": shared, "own": own}, GRID, record, single=True)

    assert straight.values.keys() == expected[0].keys()
    assert max(jax.tree.leaves(jax.tree.map(distance, ours, expected))) < 1e-9
    assert max(jax.tree.leaves(jax.tree.map(distance, (straight.values, straight.final), expected))) < 1e-9
    assert max(jax.tree.leaves(jax.tree.map(distance, (single.values, single.final), expected))) < 1e-5
    assert max(jax.tree.leaves(jax.tree.map(distance, native_gradient, gradient))) < 1e-7
