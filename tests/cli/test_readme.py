"""The front page: its commands exist as written, and the pages of docs can be found."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from contraflow.cli import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    (contraflow .*?)(?: +#.*)?$", README, re.MULTILINE)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_exists_with_its_options(line):
    command, words = typer.main.get_command(app), shlex.split(line)[1:]
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert command.name != "contraflow" and not (words and getattr(command, "commands", {}))
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_readme_lists_what_is_done_every_month():
    for words in ("data add FILE", "fit --update", "forecast", "forecast score FILE", "validate"):
        assert f"contraflow {words}" in COMMANDS


def test_every_page_of_docs_is_linked_from_a_page_at_the_root():
    fronts = "".join(
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "MODEL_CARD.md", "CONTRIBUTING.md")
    )
    assert [p.name for p in (ROOT / "docs").glob("*.md") if f"(docs/{p.name})" not in fronts] == []
