"""What does `draw` give? A `Drawing`: a graph that is saved, shown in Jupyter, or edited further.

It is a ``graphviz.Digraph``, the type that people know, with Graphviz itself found and run for
them, and with files that are there whole or not at all.
"""

from __future__ import annotations

import os
import tempfile
import webbrowser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import graphviz

from ..errors import ArgumentError, DrawingError, MissingEngineError
from ..files import write_whole
from . import engine as engines
from . import svg as svgs

DPI = 144  # of bitmaps: twice the points of the drawing
_PIXELS = 32_000  # cairo shrinks bitmaps above 32,767 pixels without a word
_SOURCE = ("dot", "gv")
_FORMATS = ("svg", "png", "pdf", "dot", "gv", "jpg", "jpeg", "json", "plain")
_MIME = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpeg", "text/plain": "text"}


class Drawing(graphviz.Digraph):
    """A picture of a graph, not yet laid out.

    Parameters
    ----------
    name : str, optional
        The graph's name in DOT.
    title : str
        What a screen reader calls the picture.
    text : str
        The same graph in words: what ``print`` shows, and what a screen reader reads out.
    theme : {"light", "dark", "auto", "textbook"}
        ``auto`` follows the reader's dark mode in SVG.
    seconds : float
        How long Graphviz may take.
    **options
        As ``graphviz.Digraph`` takes them.

    Attributes
    ----------
    source : str
        The graph in the DOT language.
    svg : str
        The picture as SVG.
    warnings : tuple of str
        What Graphviz warned of, the last time it ran.

    Examples
    --------
    >>> drawing = Drawing("g", text="a sends to b")
    >>> drawing.edge("a", "b")
    >>> print(drawing)
    a sends to b
    >>> drawing.svg[:5]
    '<?xml'
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        title: str = "",
        text: str = "",
        theme: str = "light",
        seconds: float = engines.SECONDS,
        **options: Any,
    ) -> None:
        options.setdefault("format", "svg")
        super().__init__(name, **options)
        self.title, self.text, self.theme, self.seconds = title, text, theme, seconds
        self.warnings: tuple[str, ...] = ()
        self._laid_out: dict[tuple, bytes] = {}

    def _copy_kwargs(self, **kwargs: Any) -> Any:
        ours = {name: getattr(self, name) for name in ("title", "text", "theme", "seconds")}
        return super()._copy_kwargs(**kwargs) | ours

    def __str__(self) -> str:
        return self.text or self.source

    @property
    def svg(self) -> str:
        """The picture as SVG text."""
        return self.pipe("svg").decode()

    def pipe(
        self,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """Lay out the graph and give the picture.

        Parameters
        ----------
        format : str, optional
            svg (the default), png, pdf, dot, ...
        renderer, formatter, neato_no_op, quiet, engine, encoding
            As ``graphviz.Digraph.pipe`` takes them.

        Returns
        -------
        bytes, or str where an encoding is given

        Raises
        ------
        MissingEngineError
            If neither Graphviz nor graphviz-pure is installed.
        GraphTooLargeError
            If the layout takes more than ``seconds``, or a bitmap would be too large.
        DrawingError
            If Graphviz cannot write that format.
        """
        format = (format or self.format or "svg").lower()
        written = ":".join(filter(None, (format, renderer, formatter)))
        options: tuple[str, ...] = () if neato_no_op is None else (f"-n{int(neato_no_op)}",)
        layout = engine or (self.engine if self.engine != "dot" else None)
        key = (written, layout, options, self.source, self.title, self.text, self.theme)
        if key not in self._laid_out:
            if format in ("png", "jpg", "jpeg"):
                options += (f"-Gdpi={self._dpi(layout, options)}",)
            picture, self.warnings = engines.run(
                self.source, written, layout=layout, options=options, seconds=self.seconds
            )
            if written == "svg":
                # The bytes must not depend on the machine's line endings.
                text = picture.decode().replace("\r\n", "\n")
                text = svgs.finished(
                    text, title=self.title, description=self.text, theme=self.theme
                )
                picture = text.encode()
            self._laid_out = {k: v for k, v in self._laid_out.items() if k[3:] == key[3:]}
            self._laid_out[key] = picture
        picture = self._laid_out[key]
        return picture if encoding is None else picture.decode(encoding)

    def _dpi(self, layout: str | None, options: tuple[str, ...]) -> int:
        """Choose a resolution at which Graphviz draws a bitmap whole."""
        picture, _ = engines.run(
            self.source, "svg", layout=layout, options=options, seconds=self.seconds
        )
        largest = max(*svgs.size_of(picture.decode()), 1.0)
        dpi = min(DPI, int(_PIXELS * 72 / largest))
        if dpi < 36:
            raise DrawingError(
                "The picture is too large for a bitmap.",
                expected=f"at most {_PIXELS} pixels a side, at 36 dots per inch or more",
                got=f"{largest / 72:.0f} inches",
                hint="Save it as .svg, or draw a part of the graph.",
            )
        return dpi

    def save(
        self,
        filename: os.PathLike | str | None = None,
        directory: os.PathLike | str | None = None,
        *,
        skip_existing: bool | None = False,
    ) -> str:
        """Save the picture, in the format that the file's suffix names.

        Parameters
        ----------
        filename : path_like, optional
            Ends in .svg, .png, .dot, .gv, or .pdf where the engine can. DOT if not given.
        directory : path_like, optional
            Where, if not here. Missing directories are made.
        skip_existing : bool, default False
            Whether to leave an existing file alone.

        Returns
        -------
        str
            The path.

        Raises
        ------
        ArgumentError
            If no format goes by that suffix.
        MissingEngineError, GraphTooLargeError, DrawingError
            As `pipe` raises them. The file is then not touched.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Drawing("g", body=["a -> b"]).save(pathlib.Path(folder, "g.dot"))
        ...     pathlib.Path(path).name
        'g.dot'
        """
        if filename is not None:
            self.filename = os.fspath(filename)
        if directory is not None:
            self.directory = os.fspath(directory)
        path = Path(self.filepath)
        if skip_existing and path.exists():
            return str(path)
        suffix = path.suffix.lower().removeprefix(".")
        if suffix not in _FORMATS:
            raise ArgumentError(
                f"save: {path.name!r} names no format that a drawing can be written in.",
                expected="a file name that ends in .svg, .png, .pdf or .dot",
                got=f"the suffix {path.suffix!r}" if path.suffix else "no suffix",
                hint="For a picture that every browser shows, use .svg.",
            )
        # A graph's text needs no layout, so it can always be saved.
        write_whole(path, self.source.encode() if suffix in _SOURCE else self.pipe(suffix))
        return str(path)

    def render(
        self,
        filename: os.PathLike | str | None = None,
        directory: os.PathLike | str | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        quiet_view: bool = False,
        *,
        outfile: os.PathLike | str | None = None,
        engine: str | None = None,
        raise_if_result_exists: bool = False,
        overwrite_source: bool = False,
    ) -> str:
        """Save the DOT text, and the picture beside it, as ``graphviz.Digraph.render`` does.

        Returns
        -------
        str
            The path of the picture: ``outfile``, else the DOT file's with the format appended.

        Raises
        ------
        FileExistsError
            If the picture is there already and ``raise_if_result_exists``.
        MissingEngineError, GraphTooLargeError, DrawingError
            As `pipe` raises them.
        """
        if directory is not None:
            self.directory = os.fspath(directory)
        if outfile is not None:
            picture = Path(self.directory, os.fspath(outfile))
            format = format or picture.suffix.lower().removeprefix(".")
            source = picture.with_suffix(".gv") if filename is None else None
        else:
            source = None
        if source is None:
            if filename is not None:
                self.filename = os.fspath(filename)
            source = Path(self.filepath)
        format = (format or self.format or "svg").lower()
        if outfile is None:
            kind = ".".join(filter(None, (formatter, renderer, format)))
            picture = source.with_name(f"{source.name}.{kind}")
        if raise_if_result_exists and picture.exists():
            raise FileExistsError(f"output file exists: {str(picture)!r}")
        if source == picture and not overwrite_source:
            raise ArgumentError(f"render: the picture would overwrite its source {str(source)!r}.")
        done = self.pipe(
            format, renderer, formatter, neato_no_op, quiet, engine=engine
        )  # before any file is written
        if not cleanup:
            write_whole(source, self.source.encode())
        write_whole(picture, done)
        if view or quiet_view:
            webbrowser.open(picture.resolve().as_uri())
        return str(picture)

    def view(
        self,
        filename: os.PathLike | str | None = None,
        directory: os.PathLike | str | None = None,
        cleanup: bool = False,
        quiet: bool = False,
        quiet_view: bool = False,
    ) -> str:
        """Open the picture in the browser; saved to a temporary folder if no place is given.

        Returns
        -------
        str
            The path of the picture.
        """
        if filename is None and directory is None:
            directory = tempfile.mkdtemp(prefix="microtensor-")
        return self.render(filename, directory, True, cleanup, quiet=quiet)

    def _repr_mimebundle_(
        self,
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        wanted = set(include) if include is not None else {"image/svg+xml"}
        wanted &= set(_MIME)
        wanted -= set(exclude or ())
        try:
            return {mime: self._as_mime(_MIME[mime]) for mime in sorted(wanted)}
        except MissingEngineError as error:  # a notebook still shows the graph, in words
            return {"text/plain": f"{error}\n\n{self}"}

    def _as_mime(self, format: str) -> str | bytes:
        if format == "text":
            return str(self)
        return self.svg if format == "svg" else self.pipe(format)

    def _repr_svg_(self) -> str:
        return self.svg
