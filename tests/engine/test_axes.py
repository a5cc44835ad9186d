"""Coupling over a named axis: against a closed form, with its units, its draws and its fingerprint."""

import jax.numpy as jnp
import numpy as np
import pytest

from contraflow.engine import Axis, Grid, ModelError, assemble, boundary, flow, simulate, stock
from contraflow.engine.units import DRAWS, UnitError, infer, parse

SIDE = Axis("side", ("first", "second"), -2)
FRONT = Axis("front", ("north", "south", "west"), -3)
FIRE = ((0.0, 4.0), (1.0, 0.0))  # place i loses at a rate proportional to the sum over j of FIRE[i][j] x_j
EVEN_FIRE = ((0.0, 2.0), (2.0, 0.0))


def battle(fire):
    """Lanchester's aimed fire: each side loses in proportion to the size of the other."""
    standing = stock("person", initial="at_start", doc="Standing.", dims=("side",), ledger="people")
    fallen = boundary("person", ledger="people", doc="Fallen.")

    @flow("person/year", source="standing", destination="fallen", dims=("side",))
    def falls(standing, aim):
        """Falls: what the other side hits."""
        return aim * SIDE.couple(fire, standing)

    return assemble(
        {"standing": standing, "fallen": fallen, "falls": falls},
        {"at_start": "person", "aim": "1/year"},
        axes=[SIDE],
    )


def test_unequal_coupling_follows_the_closed_form_of_each_side_in_every_draw():
    aim = np.array([0.1, 0.2])
    grid = Grid(2000, 24, substeps=64)
    run = simulate(battle(FIRE), {"at_start": np.array([100.0]), "aim": aim}, {}, grid, ["standing"])
    t = (grid.times - 2000)[:, None]
    x, y = np.cosh(2 * aim * t), np.sinh(2 * aim * t)  # 2 is the root of the product of the two weights
    exact = 100 * np.stack([x - 2 * y, x - y / 2], axis=1)
    assert run.values["standing"] == pytest.approx(exact, abs=1e-5)


def test_coupling_works_on_any_place_and_leaves_other_axes_alone():
    x = np.random.default_rng(1).normal(size=(3, 2, 5))
    weights = tuple(map(tuple, np.arange(9.0).reshape(3, 3)))
    assert FRONT.couple(weights, x) == pytest.approx(np.einsum("ij,jsd->isd", np.array(weights), x))
    assert SIDE.couple(FIRE, x) == pytest.approx(np.einsum("ij,fjd->fid", np.array(FIRE), x))


def test_coupling_keeps_the_unit_and_the_draws():
    shapes = [(2, DRAWS)]
    assert infer(lambda x: SIDE.couple(FIRE, x), [parse("person")], shapes) == parse("person")
    assert infer(lambda x: SIDE.couple(((0.0, 0.0), (0.0, 0.0)), x), [parse("person")], shapes) is None
    with pytest.raises(UnitError, match=r"add of person and 1"):
        infer(lambda x: SIDE.couple(FIRE, x) + 1.0, [parse("person")], shapes)


def test_a_product_over_an_axis_that_pairs_draws_with_each_other_is_refused():
    with pytest.raises(UnitError, match="dot_general mixes the draws"):
        infer(lambda x: jnp.sum(jnp.tensordot(x, x, axes=(0, 0)), axis=0), [parse("person")], [(2, DRAWS)])


def test_weights_of_another_size_are_refused_with_the_name_of_the_axis():
    with pytest.raises(ModelError, match=r"falls .*weights of shape \(1, 2\) do not couple the axis side, of length 2"):
        battle(((0.0, 1.0),))


def test_weights_are_part_of_the_models_fingerprint():
    assert battle(FIRE).hash == battle(FIRE).hash != battle(EVEN_FIRE).hash
