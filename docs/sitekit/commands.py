"""docs/cli.md: the words of every `--help`, as Markdown.

Laid out here and not by argparse, whose help depends on the terminal's width and changes from one
Python to the next.
"""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterator, Sequence

from kapnb.cli import build_parser

__all__ = ["commands", "page", "usage"]

_WIDTH = 88
_INTRODUCTION = """\
# Commands

<!-- generated: make pages -->

What `kapnb COMMAND --help` says. Of `--debug`, which all of them take: it shows the
traceback of what is otherwise one message.
"""


def page() -> str:
    """Return the whole page: one section a command."""
    return "\n".join([_INTRODUCTION, *(_section(parser) for parser in commands(build_parser()))])


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield a parser and those of its subcommands, to any depth."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from commands(one)


def _section(parser: argparse.ArgumentParser) -> str:
    depth = parser.prog.count(" ")
    parts = [f"{'#' * min(2 + max(depth - 1, 0), 3)} `{parser.prog}`"]
    parts += [_sentence(parser.description)] if parser.description else []
    parts.append(f"```text\n{usage(parser)}\n```")
    for group in parser._action_groups:
        rows = [_row(parser, action) for action in _shown(group._group_actions)]
        rows += _subcommands(parser, group._group_actions)
        if rows:
            parts.append("\n".join([f"| {group.title} | |", "| --- | --- |", *rows]))
    parts += [_sentence(parser.epilog)] if parser.epilog else []
    return "\n\n".join(parts) + "\n"


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    text = text if text.endswith((".", ":")) else f"{text}."
    return text[:1].upper() + text[1:]


def _shown(actions: Sequence[argparse.Action]) -> list[argparse.Action]:
    return [
        action
        for action in actions
        if action.help != argparse.SUPPRESS
        and not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
    ]


def _row(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    words = parser._get_formatter()._expand_help(action) if action.help else ""
    spelt = _spelt(action).replace("|", "\\|")
    return f"| `{spelt}` | {_escaped(words)} |".replace("|  |", "| |")


def _subcommands(parser: argparse.ArgumentParser, actions: Sequence[argparse.Action]) -> list[str]:
    return [
        f"| [`{parser.prog} {choice.dest}`](#{_anchor(parser, choice.dest)}) "
        f"| {_escaped(choice.help or '')} |"
        for action in actions
        if isinstance(action, argparse._SubParsersAction)
        for choice in action._choices_actions
    ]


def _anchor(parser: argparse.ArgumentParser, name: str) -> str:
    return f"{parser.prog} {name}".replace(" ", "-")


def _escaped(text: str) -> str:
    text = " ".join(text.split())
    return re.sub(r"([|*<])", r"\\\1", text)


def _spelt(action: argparse.Action) -> str:
    """Return how an argument is written: ``-o DIR, --output-dir DIR``, or ``NOTEBOOK …``."""
    value = _value(action)
    if not action.option_strings:
        return value
    return ", ".join(f"{option} {value}".strip() for option in action.option_strings)


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.metavar is not None:
        name = action.metavar if isinstance(action.metavar, str) else " ".join(action.metavar)
    elif action.choices is not None:
        name = "{" + ",".join(map(str, action.choices)) + "}"
    else:
        name = action.dest.upper() if action.option_strings else action.dest
    several = {"?": f"[{name}]", "*": f"[{name} …]", "+": f"{name} …", "...": f"{name} …"}
    return several.get(str(action.nargs), name)


def usage(parser: argparse.ArgumentParser) -> str:
    """Return the line of usage, folded at a fixed width."""
    alternatives = {
        id(action): group
        for group in parser._mutually_exclusive_groups
        for action in _members(group)
    }
    options: list[str] = []
    positionals: list[str] = []
    done = set()
    for action in _shown(parser._actions):
        group = alternatives.get(id(action))
        if group is None:
            (options if action.option_strings else positionals).append(_in_usage(action))
        elif id(group) not in done:
            done.add(id(group))
            choice = " | ".join(_bare(one) for one in _members(group))
            options.append(f"({choice})" if group.required else f"[{choice}]")
    if parser._subparsers is not None:
        positionals.append("COMMAND …")
    # Words of one argument stay together: a blank that is not folded stands between them.
    words = [word.replace(" ", "\0") for word in [*options, *positionals]]
    indent = " " * (len(parser.prog) + 1)
    folded = textwrap.fill(
        f"{parser.prog.replace(' ', chr(0))} {' '.join(words)}",
        _WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return folded.replace("\0", " ")


def _members(group: argparse._MutuallyExclusiveGroup) -> list[argparse.Action]:
    return [action for action in group._group_actions if action.help != argparse.SUPPRESS]


def _bare(action: argparse.Action) -> str:
    first = action.option_strings[:1] or [""]
    return f"{first[0]} {_value(action)}".strip()


def _in_usage(action: argparse.Action) -> str:
    if not action.option_strings:
        return _value(action)
    return _bare(action) if action.required else f"[{_bare(action)}]"
