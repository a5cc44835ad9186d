"""Many conditions of the reference model at once, compiled once for all tests of a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from contraflow.validation.conditions import Condition, Runs

Simulate = Callable[[Mapping[str, Condition]], Runs]


@pytest.fixture(scope="session")
def conditions() -> Simulate:
    """Runs the model, extensions on, under conditions by name."""
    return Runs
