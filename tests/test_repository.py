"""Rules of the repository that no other tool watches: what may stand in tracked text, and what must agree.

Reads files only; imports nothing of contraflow.
"""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "contraflow"

# Folders that exist on somebody's machine, written as an absolute path. Character classes keep the rule from
# finding itself here.
MACHINE_PATH = re.compile(r"(?<![\w.:/~})\]-])/(?:home|Users|root|tmp|mnt|srv|work|workspace)/[\w.]|\b[A-Z]:\\Users\\")
REGISTRY = re.compile(
    r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs|registry[.]yarnpkg|conda[.]anaconda|(?:extra-)?index[-_]url"
    r"|\bregistry *= *http|\"resolved\": *\"http",
    re.IGNORECASE,
)
PLACEHOLDER = re.compile(r"\{\{ *FILL")
CATCH_ALL_NAMES = {"utils", "util", "helpers", "common", "misc"}


def repository_files() -> list[Path]:
    """Files that git tracks or would track."""
    try:
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return sorted(path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file())


def text_of(path: Path) -> str | None:
    """The file as text, or None where it is binary."""
    content = path.read_bytes()
    return None if b"\0" in content else content.decode("utf-8", errors="replace")


def findings(pattern: re.Pattern[str]) -> list[str]:
    """`file:line: text` for every line of the repository's text files that matches."""
    found = []
    for path in repository_files():
        for number, line in enumerate((text_of(path) or "").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    return found


def python_modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_no_tracked_file_names_a_path_of_somebodys_machine():
    assert findings(MACHINE_PATH) == []


def test_no_tracked_file_names_a_package_registry():
    assert findings(REGISTRY) == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (MACHINE_PATH, "open('" + "/" + "home/someone/data.csv')"),
        (MACHINE_PATH, "PYTHONPATH=" + "/" + "tmp/checkout/src"),
        (REGISTRY, "--index" + "-url https://example.org/simple"),
        (REGISTRY, "https://pypi" + ".org/simple"),
    ],
)
def test_the_rules_find_what_they_are_for(pattern: re.Pattern[str], line: str):
    assert pattern.search(line)


@pytest.mark.parametrize(
    "line", ["#!/usr/bin/env bash", "kg/year", "docs/home/index.md", "https://example.org/home/page"]
)
def test_the_rules_leave_ordinary_text_alone(line: str):
    assert not MACHINE_PATH.search(line) and not REGISTRY.search(line)


@pytest.mark.parametrize("name", ["README.md", "MODEL_CARD.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff"])
def test_no_number_is_left_to_be_filled_in(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if PLACEHOLDER.search(line)] == []


def test_links_between_documents_lead_somewhere():
    missing = []
    for path in (path for path in repository_files() if path.suffix == ".md"):
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            local = target.split("#")[0]
            if local and "://" not in local and not (path.parent / local).exists():
                missing.append(f"{path.relative_to(ROOT)} -> {target}")
    assert missing == []


def test_one_version_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    patterns = {
        "CITATION.cff": r"^version: *(\S+)$",
        "CHANGELOG.md": r"^## \[(\d[^\]]*)\]",  # the newest entry stands first
        "MODEL_CARD.md": r"^# Model card: contraflow (\S+)$",
    }
    stated = {}
    for name, pattern in patterns.items():
        match = re.search(pattern, (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        stated[name] = match and match.group(1)
    assert stated == dict.fromkeys(patterns, version)


def canonical(requirement: str) -> str:
    """Name of the distribution that a requirement or a pin asks for, in its normal form."""
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~\[; ]", requirement)[0]).lower()


def test_every_direct_dependency_has_a_tested_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = project["dependencies"] + [r for extra in project["optional-dependencies"].values() for r in extra]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonical(pin) for pin in pins if "==" in pin}
    assert {canonical(requirement) for requirement in requirements} - pinned == {"contraflow"}  # extras of its own


def test_every_module_says_what_it_is_for():
    assert python_modules()
    silent = [str(path.relative_to(ROOT)) for path in python_modules()
              if not (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").strip()]  # fmt: skip
    assert silent == []


def test_no_module_is_a_drawer_of_odds_and_ends():
    names = {path: path.parent.name if path.name == "__init__.py" else path.stem for path in python_modules()}
    assert [str(path.relative_to(ROOT)) for path, name in names.items() if name in CATCH_ALL_NAMES] == []


def test_the_engine_imports_nothing_of_contraflow_outside_itself():
    outside = []
    for path in (PACKAGE / "engine").rglob("*.py"):
        depth = len(path.relative_to(PACKAGE / "engine").parts)  # relative imports may climb as far as the engine
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level <= depth:
                names = [node.module or ""] if node.level == 0 else []
            elif isinstance(node, ast.ImportFrom):
                names = ["contraflow." + (node.module or "")]
            else:
                continue
            for name in names:
                if name.split(".")[0] == "contraflow" and name.split(".")[:2] != ["contraflow", "engine"]:
                    outside.append(f"{path.relative_to(ROOT)}:{node.lineno} imports {name}")
    assert outside == []


def test_git_ignores_no_file_of_the_package_so_the_wheel_is_complete():
    tracked = set(repository_files())
    passing = {"__pycache__", "reference.resume"}  # the second holds the work of a fit that has not ended
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and not passing & set(path.parts)}
    assert sorted(str(path.relative_to(ROOT)) for path in files - tracked) == []


def test_continuous_integration_runs_what_developers_run():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111, "make .ci/run executable: chmod +x .ci/run"
    assert "make test" in script.read_text(encoding="utf-8")
