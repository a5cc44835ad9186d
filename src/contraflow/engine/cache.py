"""What is dear to make and cheap to keep: files in the user's cache folder, each named by all that it depends on.

An entry ends in a checksum and appears under its name at once, so that one cut short, damaged, or made by two processes
at the same time is never taken for good: it is made again. Where there is no folder that the user alone may write to,
nothing is kept and everything still works.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

#: Entries of one kind; when there are more, those used longest ago go.
MOST = 256
#: Seconds before the start of this process in which a file must not have changed to be taken for what it has imported.
SETTLED = 10.0
_BEGAN = time.time()
_DIGEST = hashlib.sha256().digest_size


def folder(kind: str) -> Path | None:
    """The user's own folder for entries of a kind; None where there can be none that nobody else may write to."""
    try:
        named = os.environ.get("XDG_CACHE_HOME")
        place = (Path(named) if named else Path.home() / ".cache") / "contraflow" / kind
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = place.stat()
    except (OSError, RuntimeError):
        return None
    fit = stat.S_IMODE(about.st_mode) & 0o022 == 0 and os.access(place, os.W_OK)
    return place if fit and (not hasattr(os, "getuid") or about.st_uid == os.getuid()) else None


def name_of(*parts: object) -> str:
    """The name of an entry that depends on these parts; the ``repr`` of each must say all there is to it."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def kept(kind: str, parts: tuple[object, ...] | None, make: Callable[[], bytes]) -> bytes:
    """What ``make`` returns: kept under ``parts`` from an earlier call, or made now. Without parts nothing is kept."""
    if parts is None or (place := folder(kind)) is None:
        return make()
    path = place / name_of(*parts)
    content = read(path)
    if content is None:
        content = make()
        with contextlib.suppress(OSError):  # a full disk, say: only the next process is slower for it
            write(path, content)
    return content


def read(path: Path) -> bytes | None:
    """The content of an entry; None where there is none, or not a sound one."""
    try:
        whole = path.read_bytes()
    except OSError:
        return None
    with contextlib.suppress(OSError):  # what can be read is sound even where its time cannot be set
        os.utime(path)
    content = whole[:-_DIGEST]
    return content if len(whole) >= _DIGEST and hashlib.sha256(content).digest() == whole[-_DIGEST:] else None


def write(path: Path, content: bytes) -> None:
    """Put an entry in its place, whole or not at all. Raises ``OSError``."""
    handle, partial = tempfile.mkstemp(prefix=".", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content + hashlib.sha256(content).digest())
        Path(partial).replace(path)
    finally:
        Path(partial).unlink(missing_ok=True)
    _prune(path.parent)


def _prune(place: Path) -> None:
    with contextlib.suppress(OSError):  # another process may prune too
        entries = [e for e in os.scandir(place) if e.is_file() and not e.name.startswith(".")]  # others write those
        for entry in sorted(entries, key=lambda e: e.stat().st_mtime)[: max(len(entries) - MOST, 0)]:
            Path(entry.path).unlink(missing_ok=True)


def content_of(*folders: Path) -> str | None:
    """Fingerprint of every file under these folders; None where one has changed since about this process began.

    What has been imported then need not be what the files now say, and must not be kept as made from them. A folder
    that is missing has no fingerprint either.
    """
    digest = hashlib.sha256()
    try:
        for top in folders:
            if not top.is_dir():
                return None
            for path in sorted(p for p in top.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
                about = path.stat()
                if max(about.st_mtime, about.st_ctime) > _BEGAN - SETTLED:
                    return None
                content = path.read_bytes()
                digest.update(f"{path.relative_to(top.parent).as_posix()}\0{len(content)}\0".encode())
                digest.update(content)
    except OSError:
        return None
    return digest.hexdigest()


def processor() -> str:
    """Fingerprint of the processor and what it can do, on which compiled code depends."""
    try:
        text = Path("/proc/cpuinfo").read_text()
        known = sorted({line for line in text.splitlines() if line.startswith(("model name", "flags", "Features"))})
    except OSError:
        known = [platform.machine(), platform.processor()]
    return hashlib.sha256("\n".join(known).encode()).hexdigest()[:12]
