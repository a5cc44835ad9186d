"""What a user may write for a lever, and the errors that say what to write instead.

Turns `high`, `x2`, `+10`, `1270`, `today` and `24 months` into the targets of a schedule, checked against the lever.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from contraflow.errors import ContraflowError, LocatedError, UnknownName, nearest
from contraflow.policy.baseline import baseline
from contraflow.policy.dates import FIRST_DATE, LAST_DATE, format_date
from contraflow.policy.schedule import Absolute, Addition, Factor, Schedule, Target
from contraflow.system.levers import LEVERS, Lever


class ScenarioError(LocatedError):
    """A scenario is malformed; the text is `path:line: what was expected`.

    Args:
        path: the scenario file; None for a scenario made in Python or on the command line.
        line: line in it, counted from 1; 0 where the whole scenario is meant.
        message: what is wrong and what was expected.
    """

    def __init__(self, path: Path | str | None, line: int, message: str) -> None:
        super().__init__(path or "scenario", line, message)


class OutOfRange(ContraflowError):
    """A value that a lever or a parameter cannot take.

    Args:
        name: the lever or parameter.
        value: the value asked for.
        low: lowest value allowed.
        high: highest value allowed.
        why: why the range is what it is.
    """

    def __init__(self, name: str, value: float, low: float, high: float, why: str) -> None:
        self.name, self.value, self.low, self.high, self.why = name, value, low, high, why
        allowed = f"{_number(low)} or more" if math.isinf(high) else f"{_number(low)} to {_number(high)}"
        super().__init__(f"{name}: {_number(value)} is out of range, use {allowed}: {why}")


class ExtensionOff(ContraflowError):
    """A lever of an extension that the scenario has not switched on.

    Args:
        lever: id of the lever.
        extension: the extension it belongs to.
        scenario: id of the scenario.
    """

    def __init__(self, lever: str, extension: str, scenario: str) -> None:
        self.lever, self.extension, self.scenario = lever, extension, scenario
        super().__init__(
            f"{lever} belongs to the extension '{extension}', which is off: add `extensions: [{extension}]` to the "
            f"scenario '{scenario}', or `--extension {extension}` on the command line"
        )


_NUMBER = r"\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+"
_FACTOR = re.compile(rf"x\s*({_NUMBER})")
_ADDITION = re.compile(rf"([+-])\s*({_NUMBER})")
_ABSOLUTE = re.compile(_NUMBER)
_RAMP = re.compile(rf"({_NUMBER})\s*(months?|mo|m|years?|yr|y)?")


def find_lever(name: str) -> Lever:
    """The lever called `name`.

    Raises:
        UnknownName: no such lever, with the nearest one.
    """
    if name in LEVERS:
        return LEVERS[name]
    raise UnknownName("lever", name, nearest(name, LEVERS))


def read_target(lever: Lever, written: object) -> Target:
    """The target that `written` means for `lever`.

    Args:
        lever: the lever.
        written: a number, or a word: a level, `x2`, `+10`, `-10`, a number as text, or `today`.

    Raises:
        ValueError: not one of these forms, or no such level; the text says what was expected.
        OutOfRange: the value asked for, given today's, is outside the range of the lever.
    """
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise ValueError(f"{written!r} is not a setting of {lever.id}: {_expected(lever)}")
    if not isinstance(written, str):
        return check_target(lever, Absolute(float(written)))
    word = written.strip()
    if word == "today":
        return Factor(1.0)
    level = lever.level(word)
    if level is not None:
        return Absolute(float(level.value), level.name)
    if match := _FACTOR.fullmatch(word):
        factor = float(match[1])
        if lever.today == 0 and factor != 1:
            levels = _level_names(lever)
            raise ValueError(f"{lever.id}: {word} of today's value, 0, is 0; write a number or a level ({levels})")
        return check_target(lever, Factor(factor))
    if match := _ADDITION.fullmatch(word):
        return check_target(lever, Addition(float(match[1] + match[2])))
    if _ABSOLUTE.fullmatch(word):
        return check_target(lever, Absolute(float(word)))
    close = nearest(word, [level.name for level in lever.levels])
    hint = f" (did you mean '{close}'?)" if close else ""
    raise ValueError(f"'{written}' is not a setting of {lever.id}{hint}: {_expected(lever)}")


def check_target(lever: Lever, target: Target) -> Target:
    """`target`, if its value, given today's, is in the range of `lever`.

    Raises:
        OutOfRange: it is not.
        ValueError: it is not a finite number.
    """
    value, why = target.value, f"{lever.range_reason} (unit: {lever.display_unit.en})"
    if isinstance(target, Factor):
        value = target.value * lever.today
        why += f"; today is {_number(lever.today)}"
    elif isinstance(target, Addition):
        value = lever.today + target.value
        why += f"; today is {_number(lever.today)}"
    elif value < 0:
        why += f'; for less than today write a difference in quotes, "{value:g}", or a factor, x0.5'
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a setting of {lever.id}: {_expected(lever)}")
    if not lever.low <= value <= lever.high:
        raise OutOfRange(lever.id, value, lever.low, lever.high, why)
    return target


def check_path(lever: Lever, schedule: Schedule) -> Schedule:
    """`schedule`, if it keeps `lever` in its range in every month, given what was in force in the past.

    A setting relative to the baseline may be in range against today's value and out of it against that of an
    earlier year.

    Raises:
        OutOfRange: it does not.
    """
    if lever.history is None:
        return schedule
    months = np.arange(FIRST_DATE, LAST_DATE, 1 / 12)
    without = baseline(lever, months)
    values = schedule.values(months, without)
    rounding = 1e-9 * (lever.high - lever.low)
    outside = np.flatnonzero((values < lever.low - rounding) | (values > lever.high + rounding))
    if outside.size:
        first = outside[0]
        why = f"{lever.range_reason} (unit: {lever.display_unit.en})"
        why += f"; in {format_date(months[first])} it was {_number(without[first])}"
        raise OutOfRange(lever.id, float(values[first]), lever.low, lever.high, why)
    return schedule


def read_ramp(written: object) -> float:
    """Months that `written` means: a number of months, `24 months`, `24m`, `2 years` or `2y`.

    Raises:
        ValueError: not a length of time, or longer than the model's own time, 432 months.
    """
    expected = "a ramp is written `24 months`, `2 years`, or as a number of months; 0 is at once"
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise ValueError(f"{written!r} is not a length of time: {expected}")
    match = _RAMP.fullmatch(str(written).strip())
    if not match:
        raise ValueError(f"'{written}' is not a length of time: {expected}")
    months = float(match[1]) * (12 if (match[2] or "m").startswith("y") else 1)
    if months > 432:
        raise ValueError(f"'{written}' is longer than the 36 years of the model: {expected}")
    return months


def _expected(lever: Lever) -> str:
    allowed = f"a number of {_number(lever.low)} to {_number(lever.high)}"
    return f'write a level ({_level_names(lever)}), {allowed}, x2, or a difference in quotes, "+10" or "-10"'


def _level_names(lever: Lever) -> str:
    return ", ".join(level.name for level in lever.levels)


def _number(value: float) -> str:
    """`value` as a person would write it: no exponent, no trailing zeros."""
    places = max(6, 1 - math.floor(math.log10(abs(value)))) if value else 6
    return f"{value:,.{places}f}".rstrip("0").rstrip(".")
