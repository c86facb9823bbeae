"""How is a table of numbers read from text? Lines of fields, and an error that tells the place."""

from __future__ import annotations

import csv
import itertools
import operator
import os
from typing import Any, TextIO

import numpy as np

from ..errors import ArgumentError, FileFormatError
from .examples import Examples


def read_csv(
    path: str | os.PathLike[str],
    *,
    label: str | int | None = None,
    header: bool | None = None,
    delimiter: str = ",",
    dtype: Any = np.float64,
) -> Any:
    """Read a file of comma-separated numbers.

    Parameters
    ----------
    path : str or path
        Text in UTF-8. Blank lines are passed over; a field may stand in double quotes.
    label : str or int, optional
        The column that is the answer, by its name in the header, or its place from 0, or from -1
        for the last.
    header : bool, optional
        Whether the first line has names. If it is not said, it has if no field of it is a number.
    delimiter : str, default ","
        One character, such as ``";"`` or ``"\\t"``.
    dtype : dtype, default float64
        A floating one.

    Returns
    -------
    (N, D) ndarray, or Examples if there is a label
        In Examples, x is without the column of the label; y is int64 where all labels are whole
        numbers.

    Raises
    ------
    FileFormatError
        If a field is no number, or a line has other fields than the first: the message has the
        line and the column.
    ArgumentError
        If there is no such column, or delimiter or dtype are none.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "table.csv")
    >>> _ = path.write_text("length,width,kind\\n5.1,3.5,0\\n7.0,3.2,1\\n")
    >>> read_csv(path, label="kind")
    Examples(x=array([[5.1, 3.5],
           [7. , 3.2]]), y=array([0, 1]))
    """
    name, dtype = os.fspath(path), _checked(delimiter, dtype)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            names, table = _table(file, header, delimiter, dtype, name)
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f"{name}: this is no text in UTF-8.",
            expected="lines of numbers",
            got=f"the byte 0x{error.object[error.start]:02x}",
            hint="Compressed files and spreadsheets must be unpacked, or saved as CSV, first.",
        ) from None
    return table if label is None else _examples(table, _place(label, names, table.shape[1]))


def _checked(delimiter: str, dtype: Any) -> np.dtype:
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        raise ArgumentError(
            "read_csv: delimiter is what stands between two fields.",
            expected="one character, such as ',' or ';'",
            got=repr(delimiter),
        )
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        raise ArgumentError(
            "read_csv: the numbers are floats; labels become integers by themselves.",
            expected="a floating dtype, such as float32",
            got=f"dtype {dtype}",
        )
    return dtype


# The table


def _table(
    file: TextIO, header: bool | None, delimiter: str, dtype: np.dtype, path: str
) -> tuple[list[str], np.ndarray]:
    first = _line_with_something(file, path)
    names = _names(_fields(first, delimiter, path), header, path)
    if names:
        first = _line_with_something(file, path)
    try:
        table = np.loadtxt(
            itertools.chain([first], file),
            dtype=dtype,
            comments=None,
            delimiter=delimiter,
            quotechar='"',
            ndmin=2,
        )
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise _located(file, delimiter, names, path, error) from None
    if names and len(names) != table.shape[1]:
        raise _ragged(path, 1, len(names), table.shape[1], "the lines after it")
    return names, table


def _line_with_something(file: TextIO, path: str) -> str:
    for line in file:
        if line.strip():
            return line
    raise FileFormatError(
        f"{path}: there are no numbers.", expected="at least one line of them", got="none"
    )


def _fields(line: str, delimiter: str, path: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error as error:  # such as a field of a million letters
        raise FileFormatError(
            f"{path}: the first line is none of a table.",
            expected="numbers, or names of columns",
            got=f"{len(line)} characters; the reader says: {error}",
        ) from None


def _names(fields: list[str], header: bool | None, path: str) -> list[str]:
    """Give the names of the columns, or none if the first line has numbers."""
    numbers = [_is_number(field) for field in fields]
    if header is None and any(numbers) and not all(numbers):
        column = numbers.index(False)
        hint = "If the line has names, pass header=True."
        raise _no_number(path, 1, column, [], fields[column], hint)
    if header if header is not None else not any(numbers):
        return [field.strip() for field in fields]
    return []


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field  # Python's own spelling: 1_000


# The place of an error: looked for only when there is one


def _located(
    file: TextIO, delimiter: str, names: list[str], path: str, error: Exception
) -> FileFormatError:
    """Find the first field that is no number, or the first line of another length."""
    file.seek(0)
    rows = csv.reader(file, delimiter=delimiter)
    width, to_pass_over = len(names), bool(names)
    try:
        for row in rows:
            if not row or to_pass_over:
                to_pass_over = to_pass_over and not row
                continue
            width = width or len(row)
            if len(row) != width:
                return _ragged(path, rows.line_num, len(row), width, "the first")
            for column, field in enumerate(row):
                if not _is_number(field):
                    return _no_number(path, rows.line_num, column, names, field, None)
    except csv.Error as reason:
        error = reason
    return FileFormatError(
        f"{path}: this is no table of numbers.",
        expected="lines of numbers",
        got=f"something else, near line {rows.line_num}; the reader says: {error}",
    )


def _no_number(
    path: str, line: int, column: int, names: list[str], field: str, hint: str | None
) -> FileFormatError:
    of = f" ({names[column]})" if column < len(names) else ""
    shown = repr(field) if len(field) <= 40 else f"{field[:40]!r}..."
    if hint is None and not field.strip():
        hint = "A missing number can be written as nan, and must be dealt with before training."
    return FileFormatError(
        f"{path}, line {line}, column {column + 1}{of}: this is no number.",
        expected="a number, such as 5.1 or -3e-4",
        got=shown,
        hint=hint,
    )


def _ragged(path: str, line: int, count: int, width: int, other: str) -> FileFormatError:
    return FileFormatError(
        f"{path}, line {line}: it has another number of fields than {other}.",
        expected=f"{width} fields",
        got=f"{count}",
    )


# The column of the label


def _place(label: str | int, names: list[str], width: int) -> int:
    """Give the place of the label's column."""
    if isinstance(label, str):
        if names.count(label) == 1:
            return names.index(label)
        known = f"one of {', '.join(names)}" if names else "a place, as the file has no names"
    else:
        place = operator.index(label)
        if -width <= place < width:
            return place % width
        known = f"a place in {-width} ... {width - 1}"
    raise ArgumentError(
        "read_csv: there is no such column for the label.", expected=known, got=repr(label)
    )


def _examples(table: np.ndarray, place: int) -> Examples:
    y = table[:, place].copy()
    if np.all(np.abs(y) < 2**53) and np.all(y == np.floor(y)):
        y = y.astype(np.int64)
    return Examples(np.delete(table, place, axis=1), y)
