"""Identifiers: what a model's names and labels become in XMILE, where case and doubled underscores do not count."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from contraflow.engine.axes import Axis

#: Names that XMILE or a tool that reads it has taken: operators, keywords, built-in functions, specifications.
RESERVED = frozenset(
    """
    abs allocate_available allocate_by_priority and arccos arcsin arctan cos delay delay1 delay3 delayn dt else exp
    exprnd final_time forcst if inf init initial_time int ismoduleinput ln log10 lognormal lookup lookup_backward
    lookup_forward max mean min mod normal not or pi poisson previous pulse quantum ramp random rank round safediv
    saveper self sign sin size smth1 smth3 smthn sqrt sshape starttime std stddev step stoptime sum tan then time
    time_step trend vector_elm_map vector_select vector_sort_order
    """.split()
)


class Names:
    """Identifiers handed out so far, each once."""

    def __init__(self) -> None:
        self._taken = set(RESERVED)

    def new(self, wanted: str) -> str:
        """An identifier near ``wanted`` that nothing else has, in lower case."""
        base = re.sub(r"_+", "_", re.sub(r"\W", "_", wanted)).strip("_").lower()
        base = base if base[:1].isalpha() else f"x_{base}"
        name, number = base, 1
        while name in self._taken:
            number += 1
            name = f"{base}_{number}"
        self._taken.add(name)
        return name

    def elements(
        self, name: str, dims: tuple[str, ...], axes: Mapping[str, Axis], shape: tuple[int, ...]
    ) -> np.ndarray:
        """One identifier an element of an array of this canonical shape: the name, then its label on each axis."""
        found = np.empty(shape, dtype=object)
        for index in np.ndindex(shape):
            labels = [axes[d].labels[index[len(shape) + axes[d].place]] for d in dims]
            found[index] = self.new("_".join([name, *labels]))
        return found


def quoted(name: str) -> str:
    """An identifier as an equation writes it. PySD would read one that begins with NOT, unquoted, as the operator."""
    return f'"{name}"' if name.startswith("not") else name
