"""The 150 armed groups of 2020 and what is recorded between them, as the recruitment model uses them.

Groups are numbered in the order of the study's list; ``recruitment_groups.csv`` holds its node numbers, and
``recruitment_pairs.csv`` the weights of rivalry and alliance of each pair that has one (the larger of the two
directions, where the list reports a pair twice). Facts of Science 381:1312-1316 (2023) and its public data.
"""

from __future__ import annotations

import csv
import functools
from pathlib import Path

Matrix = tuple[tuple[float, ...], ...]


def table(name: str) -> list[dict[str, str]]:
    """Rows of one of this package's tables, ``recruitment_{name}.csv``."""
    path = Path(__file__).with_name(f"recruitment_{name}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@functools.cache
def labels() -> tuple[str, ...]:
    """Every group, in the study's order."""
    return tuple(row["group"] for row in table("groups"))


def weights(kind: str) -> Matrix:
    """Weight of rivalry or alliance (``kind``) for every pair of groups: square, symmetric, zero diagonal."""
    place = {group: k for k, group in enumerate(labels())}
    matrix = [[0.0] * len(place) for _ in place]
    for row in table("pairs"):
        a, b = place[row["group"]], place[row["other"]]
        matrix[a][b] = matrix[b][a] = float(row[kind])
    return tuple(map(tuple, matrix))


def contact_weights() -> Matrix:
    """How often members of group i (row) die by contact with group j: (rivalry + 1) / (alliances of i + 1), i ≠ j."""
    rivalry, alliance = weights("rivalry"), weights("alliance")
    return tuple(
        tuple(0.0 if i == j else (r + 1) / (sum(alliance[i]) + 1) for j, r in enumerate(row))
        for i, row in enumerate(rivalry)
    )


def ranks() -> dict[str, int]:
    """Rank of every group by the sum of its weights, 1 the strongest; equals keep the study's order.

    The rule for equals moves the members of 2022 by 0.1 %: this one gives the study's own figure.
    """
    pairs = zip(labels(), weights("rivalry"), weights("alliance"), strict=True)
    strength = {group: sum(rivalry) + sum(alliance) for group, rivalry, alliance in pairs}
    order = sorted(strength, key=lambda group: -strength[group])
    return {group: order.index(group) + 1 for group in strength}
