"""The XMILE export, run by PySD and by Simlin: their numbers against ours, and Simlin's check of the units."""

import warnings
from xml.etree import ElementTree

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from contraflow.engine import (
    Axis,
    Grid,
    ModelError,
    assemble,
    auxiliary,
    boundary,
    delay,
    flow,
    series,
    simulate,
    smooth,
    stock,
    xmile,
)
from contraflow.engine import operations as op
from contraflow.engine.simulate import constants, derivatives, evaluate_all, initial_state
from contraflow.engine.xmile import functions

NAMESPACE = "{http://docs.oasis-open.org/xmile/ns/XMILE/v1.0}"
GRID = Grid(2000, 48, per_year=24, substeps=1)  # each step is recorded by itself
DRUG = Axis("drug", ("heroin", "cocaine", "fentanyl"), -2)
AGE = Axis("age", ("young", "old"), -3)


@pytest.fixture(params=["simlin", "pysd"])
def run(request, tmp_path, monkeypatch):
    """Runs an export by a tool; the results by name, a row a step."""
    tool = pytest.importorskip(request.param)
    path = tmp_path / "model.xmile"

    def by_simlin(exported):
        path.write_text(exported.text, encoding="utf-8")
        return tool.load(path).run(analyze_loops=False).results

    def by_pysd(exported):
        path.write_text(exported.text, encoding="utf-8")
        # PySD spends most of its time on the layout of the Python text that it makes.
        monkeypatch.setattr("black.format_file_contents", lambda text, **_: text)
        # It writes tables there as NumPy prints them, to eight digits unless told otherwise.
        with warnings.catch_warnings(), np.printoptions(precision=17):
            warnings.simplefilter("ignore")
            return tool.read_xmile(path).run()

    return {"simlin": by_simlin, "pysd": by_pysd}[request.param]


def problems(exported, tmp_path):
    """What Simlin has to say against a file: equations that it cannot read and units that do not agree."""
    simlin = pytest.importorskip("simlin")
    path = tmp_path / "checked.xmile"
    path.write_text(exported.text, encoding="utf-8")
    return [issue.message for issue in simlin.load(path).check()]


def simulated(model, parameters, inputs, grid=GRID):
    """Every variable by our simulator: name → (steps, *canonical shape for one draw)."""
    record = [v.name for v in model.variables.values() if v.kind not in ("boundary", "series")]
    return simulate(model, {k: np.array([v]) for k, v in parameters.items()}, inputs, grid, record).values


def stepped(model, parameters, inputs, method):
    """Every variable by Euler's method or Runge-Kutta 4, the inputs interpolated between the middles of steps."""
    given = {k: np.array([v]) for k, v in parameters.items()}
    fixed = constants(model, given, 1)
    h = GRID.step

    def now(t):
        paths = {k: np.interp(t, GRID.step_times, x) for k, x in inputs.items()}
        return {k: np.atleast_1d(x) for k, x in {**paths, "calendar": t}.items()}

    def values(t, state):
        return evaluate_all(model, {**fixed, **state, **now(t)}, 1)

    def moved(state, step, rates):
        return {k: x + step * rates[k] for k, x in state.items()}

    state = initial_state(model, fixed, now(GRID.start), 1)
    rows = []
    for t in GRID.times:
        rows.append(values(t, state))
        first = derivatives(model, rows[-1])
        if method == "euler":
            state = moved(state, h, first)
        else:
            second = derivatives(model, values(t + h / 2, moved(state, h / 2, first)))
            third = derivatives(model, values(t + h / 2, moved(state, h / 2, second)))
            fourth = derivatives(model, values(t + h, moved(state, h, third)))
            state = moved(state, h / 6, {k: first[k] + 2 * second[k] + 2 * third[k] + fourth[k] for k in state})
    return {k: np.stack([np.asarray(row[k]) for row in rows]) for k in rows[0] if k in model.variables}


def furthest(exported, ours, table):
    """The largest relative difference to another tool's results, and where; values near zero count by their range."""
    worst = (0.0, "nowhere")
    for variable, values in ours.items():
        names = exported.names[variable].reshape(-1)
        columns = np.broadcast_to(values, (len(values), *exported.names[variable].shape)).reshape(len(values), -1)
        for name, column in zip(names, columns.T, strict=True):
            size = np.maximum(np.abs(column), 1e-6 * np.abs(column).max() + 1e-300)
            difference = np.abs(np.asarray(table[name], dtype=float)[: len(values)] - column) / size
            worst = max(worst, (float(difference.max()), name))
    return worst


def assert_equal(exported, ours, table, tolerance=1e-9):
    difference, name = furthest(exported, ours, table)
    assert difference < tolerance, name


def pond():
    """Logistic growth with a harvest from outside, remembered after a delay."""
    fish = stock("fish", initial="fish_2000", doc="Fish in the pond.", ledger="fish")
    river = boundary("fish", ledger="fish", doc="The river.")
    nets = series("1", role="lever", doc="Nets in the pond.")
    calendar = series("year", role="calendar", doc="Calendar time.")

    @flow("fish/year", source="river", destination="fish")
    def growth(fish, growth_rate, room):
        """Growth: slower as the pond fills."""
        return growth_rate * fish * (1 - fish / room)

    @flow("fish/year", source="fish", destination="river")
    def catch(fish, nets, catch_rate):
        """Catch."""
        return catch_rate * nets * fish

    @auxiliary("fish/year")
    def usual_catch(fish_2000, catch_rate, calendar):
        """Usual catch, rising with the calendar."""
        return fish_2000 * catch_rate * (calendar / op.quantity(2000.0, "year"))

    @auxiliary("year")
    def stage_time(memory):
        """Time of one stage of the delay."""
        return memory / 3

    remembered = delay(
        "fish/year", of="catch", time="stage_time", initial="usual_catch", order=3, name="remembered_catch",
        doc="Catch that fishers remember.",
    )  # fmt: skip
    seen = smooth("fish", of="fish", time="memory", initial=10.0, doc="Fish that fishers believe in.")
    trend = smooth("fish/year", of="growth", time="memory", initial="growth", doc="Growth that fishers expect.")
    named = {
        "fish": fish, "river": river, "nets": nets, "calendar": calendar, "growth": growth, "catch": catch,
        "usual_catch": usual_catch, "stage_time": stage_time, "seen": seen, "trend": trend,
        **remembered,
    }  # fmt: skip
    units = {"fish_2000": "fish", "growth_rate": "1/year", "room": "fish", "catch_rate": "1/year", "memory": "year"}
    model = assemble(named, units)
    inputs = {
        "nets": np.select([GRID.step_times < 2000.5, GRID.step_times < 2001], [0.0, 2.0], 0.5),
        "calendar": GRID.step_times,
    }
    return model, {"fish_2000": 10.0, "growth_rate": 2.0, "room": 100.0, "catch_rate": 0.3, "memory": 0.4}, inputs


def trade():
    """Three drugs, two ages: coupling, sums, single labels, and flows with more axes than their stock."""
    held = stock("kg", initial="start", doc="Held.", dims=("drug",), ledger="drugs")
    young = stock("kg", initial=1.5, doc="Held by the young.", dims=("age", "drug"), ledger="drugs")
    away = boundary("kg", ledger="drugs", doc="Away.")

    @flow("kg/year", source="held", destination="young", dims=("age", "drug"))
    def handing(held, pace, mixing):
        """Handing over."""
        return AGE.stack(young=1.0, old=2.0) * pace * held * mixing

    @flow("kg/year", source="young", destination="away", dims=("age", "drug"))
    def losing(young, pace):
        """Losing."""
        return pace * DRUG.couple(((1.0, 0.5, 0.0), (0.0, 1.0, 0.0), (0.25, 0.0, 2.0)), young)

    @auxiliary("1", dims=("age",))
    def mixing(young, held):
        """Share of the young."""
        total = DRUG.total(young)
        return op.share(total, total + DRUG.total(held) + DRUG.pick(held, "cocaine"))

    named = {"held": held, "young": young, "away": away, "handing": handing, "losing": losing, "mixing": mixing}

    @auxiliary("kg", dims=("drug",))
    def start(amount):
        """Held in the beginning."""
        return DRUG.stack(heroin=amount, cocaine=2 * amount, fentanyl=amount / 4)

    return assemble({**named, "start": start}, {"pace": "1/year", "amount": "kg"}, axes=[DRUG, AGE]), {
        "pace": 0.7,
        "amount": 8.0,
    }


FUNCTIONS = {
    "powers": lambda x: jnp.exp(x / 4) ** 1.7 + (x - 9) ** 3 + x**2 + jnp.sqrt(x + 9) - 2.0 ** (-x),
    "logarithm": lambda x: jnp.log(x + 9) + op.safe_log(x),
    "hyperbolic": lambda x: jnp.tanh(x / 3),
    "logistic": lambda x: op.logistic(-3 * x),
    "sums": lambda x: 1 - (x - (3 - x)) - (2 * x - 7) / (x + 20) / (2 / (x + 30)),
    "minus": lambda x: -(x**2) * -x + (-x) ** 2 - -x,
    "size": lambda x: jnp.abs(x) + jnp.sign(x) + jnp.maximum(x, 1.0) * jnp.minimum(-x, 2.0) + jnp.clip(x, -1.0, 2.5),
    "choice": lambda x: jnp.where((x > 1) & ~(x >= 4) | (x == 2) | (x <= -6), jnp.where(x != 3, x, 5.0), 2 * x),
    "truth": lambda x: (x > 1) * 3.0 + jnp.where(x < -2, 1.0, 0.0),
    "smooth_min": lambda x: op.smooth_min(x, 2.0, 0.3) + op.smooth_max(x, -2.0, 0.3),
    "limited": lambda x: op.limited(jnp.maximum(x, 0.0), 3.0) + op.share(x, jnp.maximum(x, 0.0)),
    "lookup": lambda x: op.lookup(x, (-5.0, 0.0, 1.0, 4.0), (2.0, -1.0, 0.5, 0.25)),
    "tails": lambda x: op.normal_cdf(x),
    "quantile": lambda x: op.normal_quantile(jnp.exp(-2 * jnp.abs(x + 0.1))),
    "errors": lambda x: jnp.exp(2 * jnp.tanh(x) - op.normal_cdf(op.normal_quantile(op.logistic(x)) + 0.3)),
}


def calculator():
    """One auxiliary a function, of an input that runs from -8 to 8."""
    x = series("1", role="driver", doc="What the functions are of.")
    named = {"x": x}
    for name, function in FUNCTIONS.items():
        named[name] = auxiliary("1")(_documented(name, function))
    return assemble(named, {}), {"x": np.repeat(np.linspace(-8, 8, GRID.periods // 2), 2)}


def _documented(name, function):
    def equation(x):
        """A function of x."""
        return function(x)

    equation.__name__ = name
    return equation


def test_a_model_with_a_delay_and_a_lever_that_jumps_gives_our_numbers(run):
    model, parameters, inputs = pond()
    exported = xmile.export(model, parameters, inputs, GRID, title="Pond")
    assert_equal(exported, simulated(model, parameters, inputs), run(exported), 1e-11)


def test_sub_steps_are_the_steps_of_the_file(run):
    model, parameters, inputs = pond()
    coarse = Grid(2000, 24, per_year=12, substeps=2)
    exported = xmile.export(model, parameters, inputs, coarse, title="Pond")
    ours = simulated(model, parameters, inputs, coarse)
    table = run(exported)
    assert np.asarray(table["fish"])[:48:2] == pytest.approx(ours["fish"][:, 0], rel=1e-11)
    catch = np.asarray(table["catch"])[:48].reshape(24, 2).mean(axis=1)
    assert catch == pytest.approx(ours["catch"][:, 0], rel=1e-11)


def test_coupled_axes_give_our_numbers_label_by_label(run):
    model, parameters = trade()
    exported = xmile.export(model, parameters, {}, GRID, title="Trade")
    assert exported.names["young"].reshape(-1).tolist()[:2] == ["young_young_heroin", "young_young_cocaine"]
    assert_equal(exported, simulated(model, parameters, {}), run(exported), 1e-11)


def test_every_function_of_the_model_language_gives_our_numbers(run):
    model, inputs = calculator()
    exported = xmile.export(model, {}, inputs, GRID, title="Calculator")
    assert_equal(exported, simulated(model, {}, inputs), run(exported), 2 * functions.ACCURACY)


def test_without_the_second_copy_each_tool_integrates_in_its_own_way(run, request):
    model, parameters, inputs = pond()
    exported = xmile.export(model, parameters, inputs, GRID, title="Pond", once=True)
    method = "euler" if "pysd" in request.node.name else "rk4"
    table = run(exported)
    assert_equal(exported, stepped(model, parameters, inputs, method), table, 1e-9)
    assert furthest(exported, simulated(model, parameters, inputs), table)[0] > 1e-5


def test_a_lever_keeps_its_last_value_to_the_last_step_however_time_is_added_up(run):
    model, parameters, inputs = pond()
    table = run(xmile.export(model, parameters, inputs, GRID, title="Pond"))
    assert np.asarray(table["nets"])[: GRID.periods].tolist() == inputs["nets"].tolist()


def test_names_that_xmile_has_taken_or_cannot_tell_apart_get_others(run):
    time = series("1", role="driver", doc="A name that XMILE has.")

    @auxiliary("1")
    def notes(time, exp, not_):
        """A name that begins like an operator."""
        return time + exp * not_

    @auxiliary("1")
    def order(notes, Notes, drug_heroin, drug):
        """Names that differ by case, or that an axis makes the same."""
        return notes - Notes * drug_heroin - DRUG.total(drug)

    @auxiliary("1")
    def Notes(exp):
        """In capitals."""
        return 10 * exp

    @auxiliary("1", dims=("drug",))
    def drug(exp):
        """Whose first label is the name of another."""
        return DRUG.stack(heroin=exp, cocaine=2 * exp, fentanyl=3 * exp)

    @auxiliary("1")
    def time_step(order):
        """A name that PySD takes for a specification."""
        return order + 1

    named = {"time": time, "notes": notes, "order": order, "Notes": Notes, "drug": drug, "time_step": time_step}
    model = assemble(named, {"exp": "1", "not_": "1", "drug_heroin": "1"}, axes=[DRUG])
    parameters, inputs = {"exp": 3.0, "not_": 0.5, "drug_heroin": 2.0}, {"time": np.arange(GRID.periods) % 7.0}
    exported = xmile.export(model, parameters, inputs, GRID, title="Names")
    assert_equal(exported, simulated(model, parameters, inputs), run(exported), 1e-9)


def test_the_error_functions_are_as_accurate_as_is_said():
    x = series("1", role="driver", doc="Argument.")
    below = auxiliary("1")(_documented("below", op.normal_cdf))
    model = assemble({"x": x, "below": below}, {})
    exported = xmile.export(model, {}, {"x": np.linspace(0, 1, GRID.periods)}, GRID, title="Tail")
    assert any("below" in limit and f"{functions.ACCURACY:g}" in limit for limit in exported.limits)
    z = np.linspace(0, 26, 2000)
    place = (z - 3.75) / (z + 3.75)
    tail = np.polynomial.polynomial.polyval(place, functions._erfc_coefficients()) * np.exp(-(z**2)) / (1 + 2 * z)
    assert np.abs(tail / special.erfc(z) - 1).max() < functions.ACCURACY
    for far, (low, high) in ((False, functions._ERF_INV_NEAR), (True, functions._ERF_INV_FAR)):
        at = np.linspace(low + 1e-6, high, 2000)
        w = at**2 if far else at
        y = np.sqrt(-np.expm1(-w))
        exact = special.erfcinv(np.exp(-w) / (1 + y))
        scaled = (at - (low + high) / 2) / ((high - low) / 2)
        near = y * np.polynomial.polynomial.polyval(scaled, functions._erf_inv_coefficients(far))
        assert np.abs(near / exact - 1).max() < functions.ACCURACY


def elements(exported, tag):
    return {e.get("name"): e for e in ElementTree.fromstring(exported.text).iter(f"{NAMESPACE}{tag}")}


def test_units_documentation_sectors_and_the_ends_of_flows_are_in_the_file():
    model, parameters, inputs = pond()
    exported = xmile.export(
        model, parameters, inputs, GRID, title="Pond", documentation={"room": "Fish that the pond can feed."}
    )
    flows, stocks, others = (elements(exported, tag) for tag in ("flow", "stock", "aux"))
    assert flows["catch"].findtext(f"{NAMESPACE}units") == "fish/year"
    assert flows["catch"].findtext(f"{NAMESPACE}doc") == "Catch. From fish to river."
    assert others["room"].findtext(f"{NAMESPACE}doc") == "Fish that the pond can feed."
    assert others["room"].findtext(f"{NAMESPACE}eqn") == "100"
    assert stocks["fish"].findtext(f"{NAMESPACE}inflow") == "growth"
    assert stocks["fish"].findtext(f"{NAMESPACE}outflow") == "catch"
    assert stocks["seen"].findtext(f"{NAMESPACE}inflow") == "change_in_seen"
    assert exported.variables == len(flows) + len(stocks) + len(others)
    assert {e.get("name") for e in elements(exported, "group")["parameters"]} == set(parameters)


def test_every_variable_has_its_unit_and_simlin_finds_them_consistent(tmp_path):
    for model, parameters, inputs in (pond(), (*trade(), {})):
        exported = xmile.export(model, parameters, inputs, GRID, title="Units")
        assert problems(exported, tmp_path) == []
        for tag in ("aux", "flow", "stock"):
            bare = [n for n, e in elements(exported, tag).items() if e.find(f"{NAMESPACE}units") is None]
            assert all("_part" in name for name in bare)
    wrong = exported.text.replace("<units>kg/year</units>", "<units>kg</units>")
    assert problems(xmile.Export(wrong, {}, 0, ()), tmp_path)


def test_what_xmile_cannot_say_is_said():
    model, parameters = trade()
    said = xmile.export(model, parameters, {}, GRID, title="Trade").limits
    for words in ("each parameter has one value", "midpoint rule", "Named axes (drug, age)", "Accounts outside"):
        assert sum(words in limit for limit in said) == 1, words

    @auxiliary("1", extension="memory", off=1.0)
    def remembered(x):
        """Switched off."""
        return 2 * x

    @auxiliary("m^(1/2)")
    def root(length):
        """A unit with a root."""
        return jnp.sqrt(length)

    declared = {"x": series("1", role="driver", doc="X."), "remembered": remembered, "root": root}
    model = assemble(declared, {"length": "m"})
    said = xmile.export(model, {"length": 4.0}, {"x": np.zeros(GRID.periods)}, GRID, title="Off").limits
    assert any("extension memory" in limit and "remembered" in limit for limit in said)
    assert any("Units with roots" in limit and "root" in limit for limit in said)
    assert not any("Named axes" in limit or "Error functions" in limit for limit in said)


def test_an_ensemble_a_missing_value_and_one_that_is_not_a_number_are_refused():
    model, parameters, inputs = pond()
    with pytest.raises(ModelError, match="2 draws given, and XMILE holds one"):
        xmile.export(model, {**parameters, "room": np.array([90.0, 100.0])}, inputs, GRID, title="Pond")
    with pytest.raises(ModelError, match="no value given for nets"):
        xmile.export(model, parameters, {"calendar": GRID.step_times}, GRID, title="Pond")
    with pytest.raises(ModelError, match="XMILE has no number inf"):
        xmile.export(model, {**parameters, "room": np.inf}, inputs, GRID, title="Pond")


def test_an_operation_that_xmile_lacks_is_named_with_its_variable():
    @auxiliary("1")
    def whole(x):
        """Whole part."""
        return jnp.floor(x)

    model = assemble({"x": series("1", role="driver", doc="X."), "whole": whole}, {})
    with pytest.raises(ModelError, match=r"whole \(.*test_xmile\.py:\d+\): XMILE cannot express .*floor"):
        xmile.export(model, {}, {"x": np.zeros(GRID.periods)}, GRID, title="Floor")


@pytest.mark.slow
def test_the_reference_model_with_every_extension_gives_our_numbers_and_consistent_units(run, tmp_path):
    from contraflow import evidence
    from contraflow.inference import priors
    from contraflow.policy.inputs import build_inputs
    from contraflow.system import EXTENSIONS, model_parameters, reference_model
    from contraflow.system.latents import LATENTS

    model = reference_model(EXTENSIONS)
    grid = Grid(2000.0, 2 * 24, per_year=24, substeps=1)
    known = evidence.load().parameters
    parameters = {name: float(priors.value(known[name].prior, np.zeros(1))[0]) for name in model_parameters()}
    paths = {name: 0.1 * np.sin(3 * grid.step_times + k) for k, name in enumerate(LATENTS)}
    inputs = build_inputs(grid, None, paths)
    exported = xmile.export(model, parameters, inputs, grid, title="Reference")
    assert problems(exported, tmp_path) == []
    assert not any("extension" in limit for limit in exported.limits)
    assert_equal(exported, simulated(model, parameters, inputs, grid), run(exported), 1e-6)
