"""What tests of every command share: running one in an empty folder, and a refusal that writes nothing."""

import pytest
from typer.testing import CliRunner

from contraflow.cli import app


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def refusal(call, tmp_path):
    """What a command says that must end with status 2: one line, nothing on stdout, nothing written."""

    def message(*arguments):
        before = sorted(tmp_path.rglob("*"))
        result = call(*arguments)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert sorted(tmp_path.rglob("*")) == before
        line = result.stderr.removesuffix("\n")
        assert "\n" not in line and line.startswith("error: ")
        return line

    return message
