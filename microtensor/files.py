"""How is a file written? Whole, or not at all."""

from __future__ import annotations

import contextlib
import glob
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows: abandoned drafts stay
    fcntl = None  # type: ignore[assignment]

Content = bytes | bytearray | memoryview


def write_whole(path: str | os.PathLike[str], content: Content | Iterable[Content]) -> Path:
    """Write a file that is there whole or not at all, making its folder if need be.

    The content goes to a draft beside the file, and the draft takes its place in one step: a
    reader, a crash or Ctrl-C never meets half of it. When this returns, file and name are on the
    disk: a loss of power does not undo it. A process that is killed leaves its draft, a hidden
    file that ends in ``.draft``; the next one to write the same file removes it.

    Parameters
    ----------
    path : str or path
        An existing file is replaced; a link stays a link.
    content : bytes, or an iterable of them
        Parts are written one after the other, so that they need not be joined in memory.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OSError
        If there is no room, or no permission. The old file is as it was, and no draft is left.

    Examples
    --------
    >>> import tempfile
    >>> write_whole(f"{tempfile.mkdtemp()}/new/hello.txt", [b"hel", b"lo"]).read_text()
    'hello'
    """
    path = Path(os.path.realpath(path))
    _make_folder(path.parent)
    _remove_abandoned(path)  # first: it may hold the room that is needed
    file = _new_draft(path)
    try:
        with file:
            parts = [content] if isinstance(content, Content) else content
            for part in parts:
                file.write(part)
            file.flush()
            os.chmod(file.name, 0o666 & ~_umask())  # drafts are their owner's only
            os.fsync(file.fileno())
            if fcntl is not None:
                os.replace(file.name, path)  # while it is locked: nobody takes it for abandoned
        if fcntl is None:
            os.replace(file.name, path)  # Windows moves no open files
    except BaseException:
        Path(file.name).unlink(missing_ok=True)
        raise
    _keep_names(path.parent)
    return path


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _keep_names(folder.parent)


def _keep_names(folder: Path) -> None:
    """Put a folder's list of names on the disk, where the system can."""
    if os.name == "posix":
        with contextlib.suppress(OSError):  # some file systems do it by themselves, and refuse
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


# Drafts: each is locked by its writer, so one that can be locked is abandoned


def _name(path: Path) -> str:
    return f".{path.name[:100]}."


def _new_draft(path: Path) -> BinaryIO:
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_name(path), suffix=".draft")
        os.close(handle)
        file = open(name, "wb")  # noqa: SIM115  # unlike fdopen's, its name is a path
        if _is_locked(file) is not False and os.path.exists(name):
            return file
        file.close()  # somebody took it for abandoned, in the moment before it was locked


def _is_locked(file: BinaryIO) -> bool | None:
    """Lock a draft: whether that went well, or None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _remove_abandoned(path: Path) -> None:
    with contextlib.suppress(OSError):  # nothing depends on it
        for draft in path.parent.glob(f"{glob.escape(_name(path))}*.draft"):
            with draft.open("rb") as file:
                if _is_locked(file):
                    draft.unlink()
