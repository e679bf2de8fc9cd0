"""What ``%load_ext kapnb`` sets up in IPython.

Errors that begin in the reader's own cell and name the input and the state at fault; ``%%udf``
and ``%tick``; completion; HTML of points, batches and Handlers; a picture for a Figure, or Axes,
that pyplot does not know. Nothing that draws is imported here; whatever is registered loads it
on use.
"""

from __future__ import annotations

import asyncio
import linecache
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from kapnb.errors import KapnbError
from kapnb.notebook._complete import complete
from kapnb.notebook._displays import register_displays
from kapnb.notebook._failure import failure_notes
from kapnb.notebook._magic import run_udf_cell

__all__ = ["DEBUG", "load", "show_error"]

#: Environment variable that, when set to anything, turns the short tracebacks off.
DEBUG = "KAPNB_DEBUG"

_OURS = str(Path(__file__).parent.parent) + os.sep
_STANDARD_LIBRARY = (str(Path(os.__file__).parent) + os.sep, "<frozen ")
#: A cell that awaits is interrupted by the latter.
_INTERRUPTS = (KeyboardInterrupt, asyncio.CancelledError)
#: What is shown by us, if only as IPython would: a ``%%udf`` cell may raise whatever it likes.
_SHOWN = (Exception, *_INTERRUPTS)
#: What is raised on purpose, besides errors of kapnb's own.
_MEANT = (ValueError, TypeError, LookupError)
_MATCHER = "kapnb"
_FIGURE = ("matplotlib.figure", "Figure")
_AXES = ("matplotlib.axes._axes", "Axes")


def load(shell: Any) -> None:
    """Set an IPython shell up; what ``%load_ext kapnb`` calls.

    Parameters
    ----------
    shell : InteractiveShell
        IPython's shell.

    Notes
    -----
    An error that kapnb raises, and an interrupt of what it runs, then show the reader's own
    lines only. ``%tb`` shows the whole traceback once more, and with ``KAPNB_DEBUG`` set in
    the environment nothing is cut at all.
    """
    shell.set_custom_exc(_SHOWN, show_error)
    shell.register_magic_function(_udf(shell), magic_kind="cell", magic_name="udf")
    shell.register_magic_function(_tick(shell), magic_kind="line_cell", magic_name="tick")
    register_displays(shell.display_formatter.formatters["text/html"])
    _add_completion(shell)
    formatter = shell.display_formatter.formatters["image/png"]
    for name, png_of in ((_FIGURE, _figure_png), (_AXES, _axes_png)):
        try:
            formatter.lookup_by_type(".".join(name))
        except KeyError:  # else pyplot's backend has brought its own
            formatter.for_type_by_name(*name, png_of)


def show_error(
    shell: Any,
    etype: type[BaseException],
    value: BaseException,
    tb: TracebackType | None,
    tb_offset: int | None = None,
) -> None:
    """Show an error without kapnb's own frames; called by IPython."""
    if isinstance(value, SyntaxError):
        _show_unreadable(shell, value, tb)
        return
    if os.environ.get(DEBUG) or not _is_told(value, tb):
        shell.showtraceback((etype, value, tb), tb_offset=tb_offset)
        return
    with _without_our_frames(value, tb) as short, _noted(value):
        # No offset: IPython's own frames are gone, too.
        shell.showtraceback((etype, value, short), tb_offset=0)
    sys.last_value, sys.last_traceback = value, tb  # for %tb and %debug


def _show_unreadable(shell: Any, error: SyntaxError, tb: TracebackType | None) -> None:
    """Show a text that cannot be read; if it is that of a module, with what imported it."""
    running = not _is_of_a_cell(error, tb)
    if os.environ.get(DEBUG):
        shell.showsyntaxerror(running_compiled_code=running)
        return
    with _without_our_frames(error, tb):  # IPython takes them from the error itself
        shell.showsyntaxerror(running_compiled_code=running)
    sys.last_value, sys.last_traceback = error, tb


def _is_told(error: BaseException, tb: TracebackType | None) -> bool:
    """Tell whether an error is told to the reader, and no fault of kapnb's, or the reader's own.

    A ``raise`` of ours was meant; what else goes wrong in our lines is for who mends them. What
    the code of a ``%%udf`` cell raises is the reader's, and the way there is ours.
    """
    if isinstance(error, KapnbError):
        return True
    walked = list(traceback.walk_tb(tb))
    frames = [(frame.f_code.co_filename, line) for frame, line in walked]
    if isinstance(error, _INTERRUPTS):
        return any(filename.startswith(_OURS) for filename, _ in frames)
    codes = [frame.f_code for frame, _ in walked]
    if run_udf_cell.__code__ in codes:
        own = frames[codes.index(run_udf_cell.__code__) + 1 :]
        if own and not any(filename.startswith(_OURS) for filename, _ in own):
            return True
    if not isinstance(error, _MEANT):
        return False
    filename, line = frames[-1] if frames else ("", 0)
    statement = linecache.getline(filename, line).lstrip()
    return filename.startswith(_OURS) and statement.startswith("raise ")


@contextmanager
def _without_our_frames(
    error: BaseException, tb: TracebackType | None
) -> Iterator[TracebackType | None]:
    """Cut the tracebacks of an error and of its causes for the time of showing them.

    The chain ends before a cause that no line of the reader's has met: what such a one says,
    the error itself says in the reader's terms.
    """
    kept: list[tuple[BaseException, TracebackType | None, BaseException | None, bool]] = []
    link: BaseException | None = error
    while link is not None and not any(link is seen for seen, *_ in kept):
        kept.append((link, link.__traceback__, link.__cause__, link.__suppress_context__))
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
        if link is not None and not _met_by_reader(link.__traceback__):
            link = None
    try:
        for link, whole, *_ in kept:
            link.__traceback__ = _cut(whole)
        kept[-1][0].__cause__ = None  # suppresses the context, too
        yield _cut(tb)
    finally:
        for link, whole, cause, suppressed in kept:
            link.__traceback__ = whole
            link.__cause__ = cause
            link.__suppress_context__ = suppressed


def _met_by_reader(tb: TracebackType | None) -> bool:
    """Tell whether a frame is neither ours nor the standard library's; without any, who knows."""
    names = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(tb)]
    return not names or any(not name.startswith(_OURS) and not _is_standard(name) for name in names)


@contextmanager
def _noted(error: BaseException) -> Iterator[None]:
    """Let an error tell of the input and the state at fault for the time of showing it."""
    kept = list(getattr(error, "__notes__", ()))
    notes = failure_notes(error)
    for note in notes:
        error.add_note(note)
    try:
        yield
    finally:
        if notes:
            error.__notes__ = kept


def _cut(tb: TracebackType | None) -> TracebackType | None:
    """Return a copy of a traceback with the reader's frames only, if there are any."""
    frames: list[TracebackType] = []
    rewritten: list[TracebackType] = []
    for_us = False  # what the standard library does then is done for us
    link = tb
    while link is not None:
        code = link.tb_frame.f_code
        if _is_ipython(code.co_filename):
            if code.co_name == "run_cell_magic":
                # What called it is the cell as IPython rewrote it: better than nothing.
                rewritten, frames = frames, []
        elif not _is_standard(code.co_filename):
            for_us = code.co_filename.startswith(_OURS)
            frames += [] if for_us else [link]
        elif not for_us:
            frames.append(link)
        link = link.tb_next
    frames = frames or rewritten
    if not frames:
        return tb
    short: TracebackType | None = None
    for link in reversed(frames):
        short = TracebackType(short, link.tb_frame, link.tb_lasti, link.tb_lineno)
    return short


def _is_of_a_cell(error: SyntaxError, tb: TracebackType | None) -> bool:
    """Tell whether the text that cannot be read is that of a ``%%udf`` cell itself."""
    while tb is not None:
        if tb.tb_frame.f_code is run_udf_cell.__code__:
            return bool(tb.tb_frame.f_locals.get("name") == error.filename)
        tb = tb.tb_next
    return False


def _is_standard(filename: str) -> bool:
    """Tell whether a file is the standard library's; packages may be installed below it."""
    return filename.startswith(_STANDARD_LIBRARY) and "site-packages" not in filename


def _is_ipython(filename: str) -> bool:
    return f"{os.sep}IPython{os.sep}core{os.sep}" in filename


def _udf(shell: Any) -> Any:
    def udf(line: str, cell: str) -> None:
        """Run a cell, and check and mark the Handler it defines."""
        __tracebackhide__ = True  # IPython leaves us out of errors of the cell's own
        run_udf_cell(shell, line, cell)

    return udf


def _tick(shell: Any) -> Any:
    def tick(line: str, cell: str | None = None) -> Any:
        """Judge a TICKscript with the notebook's Handlers; format it, run it."""
        from kapnb.notebook._tick_magic import run_tick_cell, run_tick_line

        return run_tick_line(shell, line) if cell is None else run_tick_cell(shell, line, cell)

    return tick


def _add_completion(shell: Any) -> None:
    """Register our matcher with IPython's completer, once."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    completer = getattr(shell, "Completer", None)
    if completer is None or any(
        getattr(matcher, "matcher_identifier", "") == _MATCHER
        for matcher in completer.custom_matchers
    ):
        return

    @context_matcher(identifier=_MATCHER)  # type: ignore[untyped-decorator]
    def match(context: Any) -> dict[str, Any]:
        lines = context.full_text.split("\n")[: context.cursor_line]
        found = complete("\n".join((*lines, context.text_until_cursor)), shell.user_ns)
        if found is None or not found.names:
            return {"completions": []}
        completions = [SimpleCompletion(text=name, type="kapnb") for name in found.names]
        part, alone = found.part, found.alone
        return {"completions": completions, "matched_fragment": part, "suppress": alone}

    completer.custom_matchers.append(match)


def _axes_png(axes: Any) -> Any:
    """Draw the figure that our plots return Axes of; one of pyplot's shows itself."""
    figure = axes.get_figure(root=True)
    return None if figure.canvas.manager is not None else _figure_png(figure)


def _figure_png(figure: Any) -> Any:
    from kapnb.notebook._figure import DPI, png, shown_size

    return png(figure, dpi=2 * DPI), shown_size(figure)
