"""Scenarios: what is asked of the model, read from YAML, from Python or from the command line.

A scenario holds a policy (levers in time, which intervene) and assumptions (beliefs, which condition). Its content is
hashed; its names and notes are not part of the hash. Everything is checked when the scenario is made, before anything
runs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from contraflow import evidence
from contraflow.errors import ContraflowError, LocatedError, UnknownName, nearest
from contraflow.evidence import ASSUMPTION, Text
from contraflow.evidence.yaml_reader import line_of, parse_yaml, read_yaml
from contraflow.policy.assumptions import Assumptions
from contraflow.policy.dates import LAST_DATE, parse_date, parse_end
from contraflow.policy.schedule import Absolute, Factor, Schedule, Step, Target
from contraflow.policy.settings import (
    ExtensionOff,
    ScenarioError,
    check_path,
    check_target,
    find_lever,
    read_ramp,
    read_target,
)
from contraflow.system.levers import EXTENSIONS
from contraflow.system.outcomes import OUTCOMES

SCHEMA = "contraflow.scenario/1"

#: Beginning of a policy set on the command line without a date: the first month after the data.
DEFAULT_START = "2025-01"

_KEYS = ("schema", "label", "extensions", "policy", "assume", "horizon", "outcomes", "note", "leaves_out", "resembles")
_SETTING_KEYS = ("steps", "ramp", "source", "note")
_COMMAND = re.compile(r"([^=@~\s]+)\s*=\s*([^@~]+?)\s*(?:@\s*([^~]+?)\s*)?(?:~\s*(.+?)\s*)?")
_PLUS = re.compile(r":\s*\+\s*[\d.]")

#: Id of a scenario that was given no name.
_NAMELESS = "custom"
#: What a scenario is called, after its name, once it no longer asks what it did under that name alone.
_CHANGED = {
    "changes": Text(en="with changes", es="con modificaciones"),
    "assumptions": Text(en="under assumptions", es="bajo supuestos"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenario:
    """A policy and assumptions, checked and immutable.

    Made from plain values in Python, `Scenario(policy={"us.health.naloxone": {"steps": {"2027-01": "x2"}}})`, or from
    a file with `Scenario.load`.

    Attributes:
        policy: lever id -> `Schedule`; given as a schedule or as `{"steps": {date: setting}, "ramp": "24 months"}`.
        assume: the assumptions; given as hypothesis or parameter -> "off", a number, or a range (low, high).
        extensions: extensions switched on.
        horizon: end of the window in decimal years; given as a date, whose end it is ("2035-12" is 2036.0).
        outcomes: outcome ids to report; empty for all.
        id: short name; outside the hash, as is everything below.
        label: name in both languages.
        note: remarks.
        leaves_out: what the scenario does not contain.
        resembles: the precedent nearest to it.
        sources: lever id -> sources of its setting, each an id, a URL, or a citation in words.
        notes: lever id -> why the setting is what it is.

    Raises:
        ScenarioError: malformed, with what was expected.
        UnknownName: a lever, outcome, extension, hypothesis, parameter or source that does not exist.
        OutOfRange: a setting outside the range of its lever, or a value that a parameter cannot take.
        ExtensionOff: a lever of an extension that is not switched on.
    """

    policy: Mapping[str, Any] = field(default_factory=dict)
    assume: Any = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    horizon: Any = "2035-12"
    outcomes: tuple[str, ...] = ()
    id: str = _NAMELESS
    label: Text | None = None
    note: Text | None = None
    leaves_out: Text | None = None
    resembles: Text | None = None
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: Mapping[str, Text] = field(default_factory=dict)

    def __post_init__(self) -> None:
        document = {name: getattr(self, name) for name in ("extensions", "policy", "assume", "horizon", "outcomes")}
        content = _Reader(None, self.id).content(document)
        content["sources"] = {**self.sources, **content["sources"]}
        content["notes"] = {**self.notes, **content["notes"]}
        for name, value in content.items():
            object.__setattr__(self, name, value)
        if self.label is None:
            object.__setattr__(self, "label", Text(en=self.id, es=self.id))

    @classmethod
    def shipped(cls) -> list[str]:
        """Names of the scenarios that come with the package, sorted."""
        return sorted(entry.name[:-5] for entry in _shipped_folder().iterdir() if entry.name.endswith(".yaml"))

    @classmethod
    def load(cls, name: str | Path, extensions: Iterable[str] = ()) -> Scenario:
        """The shipped scenario called `name`, or the one in the file `name`, with these `extensions` on too.

        Where that switches on what the file does not, its name says `changes`.

        Raises:
            UnknownName: no shipped scenario of that name, with the nearest one.
            ScenarioError: the file cannot be read or is malformed, with file and line.
            UnknownName, OutOfRange, ExtensionOff: as for `Scenario`, preceded by file and line.
        """
        path = Path(name)
        if str(name) in cls.shipped():
            path = Path(f"{name}.yaml")
            text = (_shipped_folder() / path.name).read_text(encoding="utf-8")
            return _from_document(parse_yaml(text, path, ScenarioError), path, text, extensions)
        if path.suffix in (".yaml", ".yml") or len(path.parts) > 1 or path.is_file():
            document = read_yaml(path, ScenarioError)
            return _from_document(document, path, path.read_text(encoding="utf-8"), extensions)
        close = nearest(str(name), cls.shipped())
        others = None if close else f"use one of {', '.join(cls.shipped())}, or the path of a .yaml file"
        raise UnknownName("scenario", str(name), close, others)

    @property
    def hash(self) -> str:
        """SHA-256 of the content, 64 hexadecimal digits; names, notes and sources are outside it."""
        text = json.dumps(self.content(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self.hash == other.hash

    def __hash__(self) -> int:
        return int(self.hash[:15], 16)

    def content(self) -> dict[str, Any]:
        """What the scenario asks of the model and nothing else, as plain values in a fixed order."""
        return {
            "schema": SCHEMA,
            "extensions": sorted(self.extensions),
            "policy": {
                lever: {
                    "steps": [[round(step.date, 6), *_written(step.target)] for step in self.policy[lever].steps],
                    "ramp_months": float(self.policy[lever].ramp_months),
                }
                for lever in sorted(self.policy)
            },
            "assume": {
                "values": dict(sorted(self.assume.values.items())),
                "ranges": {name: list(bounds) for name, bounds in sorted(self.assume.ranges.items())},
                "frozen": sorted(self.assume.frozen),
            },
            "horizon": round(self.horizon, 6),
            "outcomes": sorted(self.outcomes),
        }

    def first_lever_date(self) -> float | None:
        """Date of the first step of any lever, in decimal years; None without a policy."""
        return min((schedule.first_date for schedule in self.policy.values()), default=None)

    def with_policy(self, setting: str) -> Scenario:
        """This scenario with one more step, written `LEVER=VALUE@DATE~RAMP`; its name then says `changes`.

        A step at a date that the lever already has replaces it. Without `@DATE` the step begins in 2025-01; without
        `~RAMP` the lever keeps its ramp.

        Raises:
            ScenarioError, UnknownName, OutOfRange, ExtensionOff: as for `Scenario`.
        """
        match = _COMMAND.fullmatch(setting.strip())
        if not match:
            raise ScenarioError(
                None,
                0,
                f"'{setting}' is not a setting: write LEVER=VALUE@DATE~RAMP, as in us.health.naloxone=x2@2027-01~24m",
            )
        name, value, date, ramp = match.groups()
        reader = _Reader(None, self.id)
        lever = find_lever(name)
        given = reader.schedule(name, {"steps": {date or DEFAULT_START: value}, **({"ramp": ramp} if ramp else {})})
        if name in self.policy:
            kept = [step for step in self.policy[name].steps if abs(step.date - given.first_date) > 1e-6]
            months = given.ramp_months if ramp else self.policy[name].ramp_months
            given = Schedule((*kept, *given.steps), months)
        return self._changed("changes", policy={**self.policy, lever.id: given})

    def with_assumption(self, assumption: str) -> Scenario:
        """This scenario with one more assumption, written `HYPOTHESIS=off`, `NAME=0.3` or `NAME=0.1..0.5`.

        An assumption of the same name is replaced. The scenario's name then says `assumptions`.

        Raises:
            ScenarioError, UnknownName, OutOfRange: as for `Scenario`.
        """
        name, sign, text = (part.strip() for part in assumption.partition("="))
        if not (name and sign and text):
            raise ScenarioError(
                None, 0, f"'{assumption}' is not an assumption: write NAME=off, NAME=0.3 or NAME=0.1..0.5"
            )
        return self._changed("assumptions", assume={**self.assume.written, name: _assumed(text)})

    def with_extension(self, extension: str) -> Scenario:
        """This scenario with one more extension switched on; where it was off, its name then says `changes`.

        Raises:
            UnknownName: no such extension.
        """
        if extension in self.extensions:
            return self
        return self._changed("changes", extensions=tuple(sorted({*self.extensions, extension})))

    def _changed(self, mark: str, **content: Any) -> Scenario:
        """This scenario with other content, and a name that says so: what it was called is something else."""
        if self.id == _NAMELESS or mark in self.id.split("+"):
            return replace(self, **content)
        words, label = _CHANGED[mark], self.label or Text(en=self.id, es=self.id)
        named = Text(en=f"{label.en}, {words.en}", es=f"{label.es}, {words.es}")
        return replace(self, id=f"{self.id}+{mark}", label=named, **content)


class _Reader:
    """Reads the parts of a scenario, and says where in the file something is wrong.

    Args:
        path: file, for messages; None outside files.
        id: id of the scenario, for messages.
        text: text of the file, to see numbers as they were written.
    """

    def __init__(self, path: Path | None, id: str, text: str = "") -> None:
        self.path, self.id, self.lines = path, id, text.splitlines()

    @contextmanager
    def at(self, node: Any, key: Any = None) -> Iterator[None]:
        """Errors inside are located at `key` of `node`."""
        try:
            yield
        except LocatedError:
            raise
        except ContraflowError as error:
            line = line_of(node, key)
            if self.path is not None and line and not getattr(error, "located", False):
                error.args = (f"{self.path}:{line}: {error}",)
                error.located = True  # type: ignore[attr-defined]
            raise
        except ValueError as error:
            raise ScenarioError(self.path, line_of(node, key), str(error)) from None

    def content(self, document: Mapping[str, Any], switched_on: Iterable[str] = ()) -> dict[str, Any]:
        """The checked content of a scenario: extensions, policy, assume, horizon, outcomes, sources, notes.

        Extensions in `switched_on` are on beside those of the document.
        """
        more = self._names({"extensions": list(switched_on)}, "extensions", "extension", EXTENSIONS)
        extensions = tuple(dict.fromkeys((*self._names(document, "extensions", "extension", EXTENSIONS), *more)))
        policy = self._policy(document, extensions)
        with self.at(document, "horizon"):
            horizon = document.get("horizon")
            if not isinstance(horizon, float) or self.path is not None:
                horizon = parse_end("2035-12" if horizon is None else horizon)
            self._check_horizon(horizon, policy)
        return {
            "extensions": extensions,
            "policy": policy,
            "assume": self._assumptions(document),
            "horizon": horizon,
            "outcomes": self._names(document, "outcomes", "outcome", OUTCOMES),
            "sources": self._setting_texts(document, "source"),
            "notes": self._setting_texts(document, "note"),
        }

    def schedule(self, lever_id: str, setting: Any) -> Schedule:
        """The schedule that the setting of one lever means."""
        lever = find_lever(lever_id)
        if isinstance(setting, Schedule):
            for step in setting.steps:
                check_target(lever, step.target)
            return check_path(lever, setting)
        example = '{steps: {"2027-01": high}, ramp: 24 months}'
        if not isinstance(setting, Mapping):
            raise ValueError(f"{lever_id}: expected {example}, not {setting!r}")
        for key in setting:
            if key not in _SETTING_KEYS:
                with self.at(setting, key):
                    raise ValueError(_unknown_key(key, _SETTING_KEYS, f"in {lever_id}"))
        steps = setting.get("steps")
        if not isinstance(steps, Mapping) or not steps:
            with self.at(setting, "steps"):
                raise ValueError(f"{lever_id}: `steps` expects at least one date and its setting, as in {example}")
        ramp: float = lever.ramp_months
        if "ramp" in setting:
            with self.at(setting, "ramp"):
                ramp = read_ramp(setting["ramp"])
        read = []
        for date, written in steps.items():
            with self.at(steps, date):
                self._refuse_bare_plus(line_of(steps, date), written)
                read.append(Step(parse_date(date), read_target(lever, written)))
        with self.at(setting, "steps"):
            return check_path(lever, Schedule(tuple(read), ramp))

    def text(self, document: Mapping[str, Any], key: str) -> Text | None:
        """A text given as words, or as {en: ..., es: ...}."""
        written = document.get(key)
        if written is None or isinstance(written, Text):
            return written
        if isinstance(written, str) and written.strip():
            return Text(en=written, es=written)
        valid = isinstance(written, Mapping) and written and set(written) <= {"en", "es"}
        if not valid or not all(isinstance(words, str) and words.strip() for words in written.values()):
            with self.at(document, key):
                raise ValueError(f"`{key}` expects a text, or both languages as {{en: ..., es: ...}}")
        first = next(iter(written.values()))
        return Text(en=written.get("en", first), es=written.get("es", first))

    def _policy(self, document: Mapping[str, Any], extensions: tuple[str, ...]) -> dict[str, Schedule]:
        written = self._mapping(document, "policy", 'lever: {steps: {"2027-01": high}}')
        policy = {}
        for name, setting in written.items():
            with self.at(written, name):
                lever = find_lever(str(name))
                if lever.extension is not None and lever.extension not in extensions:
                    raise ExtensionOff(lever.id, lever.extension, self.id)
                schedule = self.schedule(lever.id, setting)
                if schedule.steps:
                    policy[lever.id] = schedule
        return policy

    def _assumptions(self, document: Mapping[str, Any]) -> Assumptions:
        if isinstance(document.get("assume"), Assumptions):
            return document["assume"]
        written = self._mapping(document, "assume", "hypothesis: off")
        assumptions = Assumptions()
        for name, value in written.items():
            with self.at(written, name):
                assumptions = assumptions.with_entry(str(name), value)
        return assumptions

    def _setting_texts(self, document: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Sources or notes that stand inside the settings of the levers."""
        found: dict[str, Any] = {}
        for lever, setting in (document.get("policy") or {}).items():
            if not isinstance(setting, Mapping) or key not in setting:
                continue
            if key == "note":
                found[lever] = self.text(setting, key)
                continue
            ids = setting[key]
            if not isinstance(ids, list | tuple) or not all(isinstance(id, str) and id for id in ids):
                with self.at(setting, key):
                    raise ValueError(f"{lever}: `source` expects a list of source ids, as in [seed_001, assumption]")
            for index, id in enumerate(ids):
                with self.at(setting, key), self.at(ids, index):
                    _check_source(id)
            found[lever] = tuple(ids)
        return found

    def _names(
        self,
        document: Mapping[str, Any],
        key: str,
        kind: str,
        known: Mapping[str, Any],
    ) -> tuple[str, ...]:
        names = document.get(key)
        names = () if names is None else names
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            with self.at(document, key):
                raise ValueError(f"`{key}` expects a list of names, as in [{next(iter(known))}]")
        for index, name in enumerate(names):
            if name in known:
                continue
            with self.at(document, key), self.at(names, index):
                close = nearest(name, known)
                raise UnknownName(kind, name, close, None if close else f"use one of {', '.join(known)}")
        return tuple(dict.fromkeys(names))

    def _mapping(self, document: Mapping[str, Any], key: str, example: str) -> Mapping[str, Any]:
        written = document.get(key)
        if written is None:
            return {}
        if not isinstance(written, Mapping):
            with self.at(document, key):
                raise ValueError(f"`{key}` expects `name: value` pairs, as in `{example}`")
        return written

    def _check_horizon(self, horizon: float, policy: Mapping[str, Schedule]) -> None:
        if not 2000 < horizon <= LAST_DATE:
            raise ValueError(f"the horizon {horizon:g} is outside the model, which covers 2000-01 to 2035-12")
        for lever, schedule in policy.items():
            if schedule.steps[-1].date >= horizon:
                raise ValueError(f"{lever} has a step after the horizon: move the step, or write a later `horizon`")

    def _refuse_bare_plus(self, line: int, written: Any) -> None:
        if isinstance(written, int | float) and 0 < line <= len(self.lines) and _PLUS.search(self.lines[line - 1]):
            raise ValueError('a difference from today is written in quotes, "+10": without them +10 is the number 10')


def _from_document(document: Mapping[str, Any], path: Path, text: str, extensions: Iterable[str]) -> Scenario:
    id = path.stem
    reader = _Reader(path, id, text)
    for key in document:
        if key not in _KEYS:
            with reader.at(document, key):
                raise ValueError(_unknown_key(key, _KEYS, "in a scenario"))
    if document.get("schema") != SCHEMA:
        found = f", not '{document['schema']}'" if "schema" in document else ""
        raise ScenarioError(path, line_of(document, "schema"), f"expected `schema: {SCHEMA}`{found}")
    content = reader.content(document, extensions)
    texts: dict[str, Any] = {key: reader.text(document, key) for key in ("label", "note", "leaves_out", "resembles")}
    scenario = Scenario(id=id, **content, **texts)
    added = set(scenario.extensions) - set(document.get("extensions") or ())
    return scenario._changed("changes") if added else scenario


def _check_source(written: str) -> None:
    """Refuse what is neither the id of a source, nor a URL, nor a citation in words."""
    known = {*evidence.load().sources, ASSUMPTION}
    if written in known or "://" in written or len(written.split()) > 1:
        return
    close = nearest(written, known)
    others = "use an id that `contraflow sources` lists, `assumption`, a URL, or a citation in words"
    raise UnknownName("source", written, close, None if close else others)


def _unknown_key(key: object, known: tuple[str, ...], where: str) -> str:
    close = nearest(str(key), known)
    hint = f" (did you mean '{close}'?)" if close else ""
    return f"unknown key '{key}' {where}{hint}: expected {', '.join(known)}"


def _assumed(text: str) -> object:
    """The value that a word of the command line means."""
    if text == "off":
        return text
    bounds = text.strip("[]()").replace("..", ",").split(",")
    try:
        numbers = [float(bound) for bound in bounds]
    except ValueError:
        return text
    return numbers[0] if len(numbers) == 1 else tuple(numbers)


def _written(target: Target) -> tuple[str, float]:
    if isinstance(target, Absolute):
        return "value", float(target.value)
    return ("factor", float(target.value)) if isinstance(target, Factor) else ("addition", float(target.value))


def _shipped_folder() -> Any:
    return resources.files("contraflow.policy") / "scenarios"
