"""How is a file written? Whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file that is there whole or not at all, making its folder if need be.

    The content goes to a draft beside the file, and the draft takes its place in one step: a
    reader, a crash or Ctrl-C never meets half of it.

    Parameters
    ----------
    path : str or path
        An existing file is replaced; a link stays a link.
    content : bytes

    Returns
    -------
    Path
        The file.

    Examples
    --------
    >>> import tempfile
    >>> write_whole(f"{tempfile.mkdtemp()}/new/hello.txt", b"hello").read_text()
    'hello'
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(draft, 0o666 & ~umask)  # mkstemp keeps its files to their owner
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path
