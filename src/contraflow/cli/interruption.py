"""Ctrl-C: recorded when it comes, so that a command ends by it even where its exception was lost.

Python prints and drops what is raised in a callback of the garbage collector or in a destructor, and JAX has such a
callback. So an interruption is raised at once, as ever, and once more wherever a command shows progress or would show
or keep a result.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_recorded = threading.Event()


@contextmanager
def recorded() -> Iterator[None]:
    """Record interruptions inside, unless they are ignored or somebody else's to handle.

    Raises:
        KeyboardInterrupt: an interruption, at once; at the end where all it raised was lost.
    """
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield
        return
    _recorded.clear()
    signal.signal(signal.SIGINT, _record)
    try:
        yield
        stop_if_interrupted()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def stop_if_interrupted() -> None:
    """Raise the interruption that was recorded, if one was.

    Raises:
        KeyboardInterrupt: the command is to end.
    """
    if _recorded.is_set():
        raise KeyboardInterrupt


def _record(*_: Any) -> None:
    _recorded.set()
    raise KeyboardInterrupt
