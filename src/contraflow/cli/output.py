"""Output of the commands: JSON on stdout, tables for reading, progress on stderr, files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from contraflow.cli.interruption import stop_if_interrupted
from contraflow.errors import ContraflowError

#: Width of tables that go to a file or a pipe, which has none.
PIPE_WIDTH = 144
#: Seconds over which the speed of a progress bar is taken: a step of a fit may take a minute.
SPEED_PERIOD = 600

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on stdout.")]


def examples(*commands: str) -> str:
    """Commands as the examples at the end of a help page."""
    return "\n".join(["[bold]Examples[/bold]", *(f"  {command}" for command in commands)])


def json_bytes(value: Any) -> bytes:
    """``value`` as indented JSON; a number that is not finite becomes null."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY)


def print_json(value: Any) -> None:
    """Print ``value`` as JSON on stdout."""
    stop_if_interrupted()
    typer.echo(json_bytes(value).decode())


def screen() -> Console:
    """The console for results: as wide as the terminal, or ``PIPE_WIDTH`` where stdout is none."""
    stop_if_interrupted()
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=PIPE_WIDTH)


def table(*columns: str, right: tuple[str, ...] = (), title: str | None = None) -> Table:
    """An empty table with these columns; the first holds ids and stays on one line, those in ``right`` hold numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        made.add_column(column, justify="right" if column in right else "left", vertical="top", no_wrap=place == 0)
    return made


def notice(text: str) -> None:
    """A remark beside a result, on stderr."""
    typer.echo(text, err=True)


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr while something long runs, where stderr is a terminal; yields what to call with each advance."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        *((TimeRemainingColumn(),) if total else ()),
    )
    with Progress(
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
        speed_estimate_period=SPEED_PERIOD,
    ) as bar:
        task = bar.add_task(description, total=total)

        def advance(amount: int) -> None:
            stop_if_interrupted()
            bar.advance(task, amount)

        yield advance


@contextmanager
def parts(description: str) -> Iterator[Callable[[str], None]]:
    """A spinner on stderr while something of named parts runs; yields what to call with the name of each."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(description, total=None)

        def begin(part: str) -> None:
            stop_if_interrupted()
            bar.update(task, description=f"{description}: {part}")

        yield begin


def require_folder(folder: Path | None) -> None:
    """Refuse a folder for results that cannot be one, before anything runs.

    Raises:
        ContraflowError: something that is not a folder is in the way, or the folder cannot be written to.
    """
    if folder is None:
        return
    nearest = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if not nearest.is_dir():
        raise ContraflowError(f"{nearest} is a file: name a folder for the results")
    if not os.access(nearest, os.W_OK):
        raise ContraflowError(f"{nearest} cannot be written to: name another folder for the results")


def write_files(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write files into ``folder``, each whole or not at all, and all of them before any is in place.

    Raises:
        ContraflowError: the folder cannot be made or written to.
    """
    stop_if_interrupted()
    waiting: list[tuple[Path, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            handle, partial = tempfile.mkstemp(prefix=f".{name}.", suffix=".partial", dir=folder)
            waiting.append((Path(partial), folder / name))
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(partial).chmod(0o644)
        for partial_path, target in waiting:
            partial_path.replace(target)
    except OSError as error:
        raise ContraflowError(f"cannot write to {folder}: {error.strerror or error}") from None
    finally:
        for partial_path, _ in waiting:
            partial_path.unlink(missing_ok=True)
    return [target for _, target in waiting]
