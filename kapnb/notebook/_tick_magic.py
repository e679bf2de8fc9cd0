"""``%%tick``: a cell that is a TICKscript, judged at once with the notebook's own Handlers.

What it does, functions do: `kapnb.simulation.check_tick`, `kapnb.tick.render(parse(…))`,
``simulate(…, tick=…)``.
"""

from __future__ import annotations

import argparse
import linecache
import shlex
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from kapnb.errors import TargetError, TickError
from kapnb.handler import Handler
from kapnb.notebook._magic import raise_at
from kapnb.simulation import check_tick, simulate
from kapnb.tick import ScriptCheck, parse, refusals, remarks, render, udf_name, udf_names, verdict

__all__ = ["find_udfs", "run_tick_cell", "run_tick_line"]


class _Parser(argparse.ArgumentParser):
    """Raises where another would end the program."""

    def error(self, message: str) -> NoReturn:
        raise TargetError(f"%tick: {message}\n{self.format_usage().rstrip()}")


def _parser(cell: bool) -> _Parser:
    parser = _Parser(prog="%%tick" if cell else "%tick", add_help=False, allow_abbrev=False)
    if cell:
        parser.add_argument("name", nargs="?", help="keeps the script under this name")
    else:
        parser.add_argument("name", metavar="SCRIPT", help="a name, or a file")
    parser.add_argument("--udf", action="append", default=[], metavar="NAME=HANDLER")
    parser.add_argument("--data", metavar="NAME", help="compares names with these data")
    parser.add_argument("--run", action="store_true", help="runs it on --data, and shows that")
    parser.add_argument("--format", action="store_true", help="lays it out as tickfmt does")
    return parser


def run_tick_cell(shell: Any, line: str, cell: str) -> Any:
    """Judge a cell's script; what Kapacitor would refuse is raised at its line.

    Parameters
    ----------
    shell : InteractiveShell
        IPython's shell.
    line : str
        What stands behind ``%%tick``.
    cell : str
        The script.

    Returns
    -------
    TaskRun or None
        With ``--run`` what came of it.

    Raises
    ------
    TickError
        In Kapacitor's words.
    TargetError
        If the arguments name what is not there.
    """
    arguments = _parser(True).parse_args(shlex.split(line))
    number = len(shell.user_ns.get("In", ())) - 1
    name = shell.compile.cache(f"%%tick {line}\n{cell}", number)
    return _judge(shell.user_ns, arguments, cell, name, "cell line {line}")


def run_tick_line(shell: Any, line: str) -> Any:
    """Judge a script that a variable or a file holds; see `run_tick_cell`."""
    arguments = _parser(False).parse_args(shlex.split(line))
    held = shell.user_ns.get(arguments.name)
    if isinstance(held, str):
        text, where = held, arguments.name
    else:
        try:
            text, where = Path(arguments.name).read_text(encoding="utf-8"), arguments.name
        except (OSError, UnicodeDecodeError) as error:
            texts = (name for name, value in shell.user_ns.items() if isinstance(value, str))
            near = get_close_matches(arguments.name, texts, 1)
            hint = f"; did you mean {near[0]}?" if near else f": {error}"
            raise TargetError(
                f"%tick: {arguments.name} is no text of this notebook, and no script{hint}"
            ) from error
    return _judge(shell.user_ns, arguments, text, None, where + ":{line}:{column}")


def _judge(
    namespace: Any, arguments: argparse.Namespace, text: str, source: str | None, place: str
) -> Any:
    data = _look_up(namespace, arguments.data, "--data") if arguments.data else None
    if arguments.run and data is None:
        raise TargetError("%tick: --run needs --data NAME")
    first = 1 if source is None else 2  # a cell's first line is the magic's

    def where(line: int, column: int) -> str:
        return place.format(line=line + first - 1, column=column)

    try:
        udfs = find_udfs(text, namespace, arguments.udf)
        check = check_tick(text, udfs, data=data)
    except TickError as error:  # no script at all
        _refuse(error, f"invalid TICKscript: {error}", source, where)
    for refusal, message in refusals(check):
        for name in udf_names(text):
            if name not in udfs and f'method or property "{name}"' in message:
                refusal.add_note(_what_there_is(namespace))
        _refuse(refusal, message, source, where)
    _tell(check, where)
    text = render(parse(text)) if arguments.format else text
    if source is not None and arguments.name:
        namespace[arguments.name] = text
    if arguments.format and (source is None or not arguments.name):
        print(text, end="")  # noqa: T201  # what was asked for
    return simulate(udfs, data, tick=text) if arguments.run else None


def _refuse(error: TickError, message: str, source: str | None, where: Any) -> NoReturn:
    """Raise what Kapacitor says, at the line of the cell, if it is about one."""
    if source is not None and error.line:
        last = len(linecache.getlines(source))  # an end that comes too soon is behind the last
        line = min(error.line + 1, last)
        raise_at(line, source, _noted(type(error)(message, error.line, error.column), error))
    at = f"{where(error.line, error.column or 1)}: " if error.line else ""
    raise _noted(type(error)(f"{at}{message}", error.line, error.column), error)


def _what_there_is(namespace: Mapping[str, Any]) -> str:
    there = sorted({f"@{udf_name(handler)}" for handler in _handlers(namespace)})
    return f"Handlers of this notebook: {', '.join(there) or 'none'}; --udf NAME=HANDLER adds one"


def _noted(error: TickError, first: TickError) -> TickError:
    """Hand on what is said beside Kapacitor's text."""
    for note in getattr(first, "__notes__", ()):
        error.add_note(note)
    return error


def _tell(check: ScriptCheck, where: Any) -> None:
    for line in (*remarks(check, where), verdict(check)):
        print(line)  # noqa: T201  # a magic's answer stands under its cell


def find_udfs(
    script: str, namespace: Mapping[str, Any], named: list[str] | None = None
) -> dict[str, type[Handler]]:
    """Return the Handlers of a script's UDFs, from a notebook's names.

    Parameters
    ----------
    script : str
        TICKscript.
    namespace : mapping
        Where the Handlers are. ``@moving_average`` is ``MovingAverage``, whatever the case.
    named : list of str, optional
        ``NAME=HANDLER``, for those called otherwise.

    Raises
    ------
    TickError
        If the script cannot be parsed.
    TargetError
        If a name is no Handler's.

    Examples
    --------
    >>> class MovingAverage(Handler): ...
    >>> find_udfs("stream|from()@moving_average()", {"MovingAverage": MovingAverage})
    {'moving_average': <class '...MovingAverage'>}
    """
    chosen: dict[str, type[Handler]] = {}
    for pair in named or ():
        name, _, target = pair.partition("=")
        chosen[name] = _look_up(namespace, target, f"--udf {pair}")
    known = {_plain(udf_name(handler)): handler for handler in _handlers(namespace)}
    for name in udf_names(script):
        if name not in chosen and _plain(name) in known:
            chosen[name] = known[_plain(name)]
    return chosen


def _handlers(namespace: Mapping[str, Any]) -> Iterator[type[Handler]]:
    for value in namespace.values():
        if isinstance(value, type) and issubclass(value, Handler) and value is not Handler:
            yield value


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _look_up(namespace: Mapping[str, Any], name: str, wanted: str) -> Any:
    if name not in namespace:
        raise TargetError(f"%tick: {wanted}: this notebook has no {name!r}")
    return namespace[name]
