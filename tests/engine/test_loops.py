"""Feedback loops: whether they exist, and the sign of each link over an ensemble."""

import numpy as np
import pytest

from contraflow.engine import Grid, ModelError, assemble, auxiliary, boundary, flow, simulate, smooth, stock
from contraflow.engine.loops import Link, links, loop_sign, path


def predator_prey():
    hares = stock("hare", initial=10.0, doc="Hares.", ledger="hares")
    lynxes = stock("lynx", initial=5.0, doc="Lynxes.", ledger="lynxes")
    grass = boundary("hare", ledger="hares", doc="Where hares come from and go.")
    forest = boundary("lynx", ledger="lynxes", doc="Where lynxes come from and go.")

    @flow("hare/year", source="grass", destination="hares")
    def hare_births(hares, birth_rate):
        """Births of hares."""
        return birth_rate * hares

    @flow("hare/year", source="hares", destination="grass")
    def hare_deaths(hares, lynxes, appetite):
        """Hares eaten."""
        return appetite * hares * lynxes

    @flow("lynx/year", source="forest", destination="lynxes")
    def lynx_births(hare_deaths, conversion):
        """Births of lynxes."""
        return conversion * hare_deaths

    @flow("lynx/year", source="lynxes", destination="forest")
    def lynx_deaths(lynxes, death_rate):
        """Deaths of lynxes."""
        return death_rate * lynxes

    return assemble(
        {
            "hares": hares,
            "lynxes": lynxes,
            "grass": grass,
            "forest": forest,
            "hare_births": hare_births,
            "hare_deaths": hare_deaths,
            "lynx_births": lynx_births,
            "lynx_deaths": lynx_deaths,
        },
        {"birth_rate": "1/year", "appetite": "1/(lynx*year)", "conversion": "lynx/hare", "death_rate": "1/year"},
    )


RATES = {
    "birth_rate": np.array([1.0, 1.2]),
    "appetite": np.array([0.1, 0.2]),
    "conversion": np.array([0.3, 0.5]),
    "death_rate": np.array([0.5, 0.6]),
}


def values_at(model, parameters, period=3):
    record = [v.name for v in model.of_kind("stock", "smooth", "auxiliary", "flow")]
    run = simulate(model, parameters, {}, Grid(2000, period + 1), record)
    return {**parameters, **{k: v[period] for k, v in run.values.items()}}


@pytest.fixture(scope="module")
def model():
    return predator_prey()


@pytest.fixture(scope="module")
def values(model):
    return values_at(model, RATES)


def test_the_predation_loop_exists_with_its_signs_and_balances(model, values):
    route = path(model, ["hares", "lynxes"])
    assert route == ["hares", "hare_deaths", "lynx_births", "lynxes", "hare_deaths"]
    found = links(model, route, values)
    signs = [link.sign for link in found]
    assert signs == ["+", "+", "+", "+", "-"]
    assert loop_sign(found) == "B"


@pytest.mark.parametrize(
    ("waypoints", "signs", "polarity"),
    [
        (["hares", "hare_births"], ["+", "+"], "R"),
        (["hares", "hare_deaths"], ["+", "-"], "B"),
        (["lynxes", "lynx_deaths"], ["+", "-"], "B"),
        (["lynxes", "hare_deaths", "lynx_births"], ["+", "+", "+"], "R"),
    ],
)
def test_each_simple_loop_has_its_textbook_polarity(model, values, waypoints, signs, polarity):
    route = path(model, waypoints)
    assert route == waypoints
    found = links(model, route, values)
    assert [link.sign for link in found] == signs
    assert loop_sign(found) == polarity


@pytest.mark.parametrize("waypoints", [["hares", "forest"], ["grass"], ["hares", "lynx_deaths", "grass"]])
def test_a_loop_that_does_not_close_is_none(model, waypoints):
    assert path(model, waypoints) is None


def test_an_unknown_waypoint_suggests_the_nearest(model):
    with pytest.raises(ModelError, match="a loop: unknown variable 'lynxs'; did you mean 'lynxes'"):
        path(model, ["hares", "lynxs"])


def perception_model():
    """Use drives perceived harm, through a smooth; perceived harm changes use by a parameter of either sign."""
    users = stock("person", initial=1.0, doc="Users.", ledger="people")
    others = boundary("person", ledger="people", doc="Others.")
    perceived = smooth("person", of="users", time="lag", initial=0.0, doc="Perceived harm.")

    @auxiliary("1/year")
    def pull(perceived, response, scale):
        """Pull."""
        return response * perceived / scale

    @flow("person/year", source="others", destination="users")
    def joining(pull, scale, lag):
        """Joining."""
        return pull * scale

    parameters = {"lag": "year", "response": "1/year", "scale": "person"}
    named = {"users": users, "others": others, "perceived": perceived, "pull": pull, "joining": joining}
    return assemble(named, parameters)


@pytest.mark.parametrize(
    ("response", "sign", "polarity"),
    [([0.5, 0.2, 0.1], "+", "R"), ([-0.5, -0.2, -0.1], "-", "B"), ([-0.5, 0.2, 0.1], "±", "±"), ([0, 0, 0], "0", "±")],
)
def test_a_link_is_signed_only_when_the_draws_agree(response, sign, polarity):
    model = perception_model()
    parameters = {"lag": np.full(3, 0.5), "scale": np.full(3, 2.0), "response": np.array(response, dtype=float)}
    route = path(model, ["users", "perceived"])
    assert route == ["users", "perceived", "pull", "joining"]
    found = links(model, route, values_at(model, parameters))
    assert [link.sign for link in found] == ["+", sign, "+", "+"]
    assert loop_sign(found) == polarity


def test_a_link_keeps_the_share_of_draws_on_each_side():
    model = perception_model()
    parameters = {"lag": np.full(4, 0.5), "scale": np.full(4, 2.0), "response": np.array([-1.0, 1.0, 1.0, 1.0])}
    (link,) = [
        x for x in links(model, path(model, ["users", "perceived"]), values_at(model, parameters)) if x.effect == "pull"
    ]
    assert link == Link("perceived", "pull", positive=0.75, negative=0.25)
    assert link.sign == "±"


def test_a_slower_perception_lowers_it_while_it_still_rises():
    lag = stock("year", initial=1.0, doc="Habit of delay.", ledger="habit")
    clock = boundary("year", ledger="habit", doc="Clock.")
    target = stock("1", initial=5.0, doc="Target.", ledger="target")
    pool = boundary("1", ledger="target", doc="Pool.")
    perceived = smooth("1", of="target", time="lag", initial=1.0, doc="Perceived.")

    @flow("1", source="clock", destination="lag")
    def slowing(perceived):
        """Slowing."""
        return 0.1 * perceived

    @flow("1/year", source="pool", destination="target")
    def holding(rate):
        """Holding."""
        return rate * 0.0

    named = {"lag": lag, "clock": clock, "target": target, "pool": pool, "perceived": perceived}
    model = assemble({**named, "slowing": slowing, "holding": holding}, {"rate": "1/year"})
    route = path(model, ["lag", "perceived"])
    assert route == ["lag", "perceived", "slowing"]
    found = links(model, route, values_at(model, {"rate": np.ones(2)}))
    assert [link.sign for link in found] == ["-", "+", "+"]
    assert loop_sign(found) == "B"
