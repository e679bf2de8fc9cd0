r"""Regular expressions: Go's syntax (RE2), turned into Python's.

The two agree on most. What differs is translated: ``\d \w \s \b`` mean ASCII, ``$`` and ``\z``
the very end, POSIX classes, ``\Q…\E``, names of groups. What Go refuses is refused in its words;
what cannot be translated (Unicode classes, the flag U) is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["compile_regex", "expand", "go_refusal"]

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_OUTSIDE = {
    "d": "[0-9]",
    "D": "[^0-9]",
    "w": "[0-9A-Za-z_]",
    "W": "[^0-9A-Za-z_]",
    "s": r"[\t\n\f\r ]",
    "S": r"[^\t\n\f\r ]",
    "b": r"(?a:\b)",
    "B": r"(?a:\B)",
    "A": r"\A",
    "z": r"\Z",
    "a": r"\a",
}
_INSIDE = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r ", "a": r"\a"}
_PLAIN = "fnrtv"
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAMED = re.compile(r"\(\?P?<([A-Za-z_0-9]+)>")
_HEX = re.compile(r"x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))")
_REPEAT = re.compile(r"[*+?]|\{\d+(?:,\d*)?\}")


class RegexError(ValueError):
    """The pattern cannot be used; the text says why."""


class RegexRefusedError(RegexError):
    """Go refuses the pattern, in these words."""


def compile_regex(pattern: str) -> re.Pattern[str]:
    r"""Return the pattern, ready to search as Go would.

    Raises
    ------
    RegexError
        A ValueError, if Go refuses it or it cannot be translated.

    Examples
    --------
    >>> bool(compile_regex(r"^web\d+$").search("web12"))
    True
    """
    translated = _Translation(pattern).run()
    try:
        return re.compile(translated)
    except (re.error, OverflowError, RecursionError) as error:
        if getattr(error, "msg", "").startswith("missing )"):
            raise RegexRefusedError(
                f"error parsing regexp: missing closing ): `{pattern}`"
            ) from None
        raise RegexError(f"error parsing regexp: {error}: `{pattern}`") from None


def go_refusal(pattern: str) -> str:
    """Return what Go says of a pattern that it refuses; empty if it is not known to."""
    try:
        compile_regex(pattern)
    except RegexRefusedError as error:
        return str(error)
    except RegexError:
        return ""
    return ""


def expand(template: str) -> Callable[[re.Match[str]], str]:
    """Return what replaces a match: ``$1``, ``${1}``, ``$name`` as in Go's Regexp.Expand."""
    parts = re.split(r"(\$\$|\$\{\w+\}|\$\w+)", template)

    def fill(match: re.Match[str]) -> str:
        out = []
        for part in parts:
            if part == "$$":
                out.append("$")
            elif part.startswith("$") and len(part) > 1:
                out.append(_group(match, part.strip("${}")))
            else:
                out.append(part)
        return "".join(out)

    return fill


def _group(match: re.Match[str], name: str) -> str:
    try:
        return match[int(name) if name.isdecimal() else name] or ""
    except IndexError:
        return ""


class _Translation:
    """One pass over a pattern."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0
        self.out: list[str] = []
        # Of each open group: whether ``$`` means the end of a line, and what closes the groups
        # that stand for flags in its middle, which hold to its end.
        self.multiline, self.closers = [False], [""]
        self.repeated = False

    def run(self) -> str:
        while self.at < len(self.pattern):
            self._step(self.pattern[self.at])
        return "".join(self.out) + self.closers[0]

    def _step(self, letter: str) -> None:
        repeat = _REPEAT.match(self.pattern, self.at)
        if repeat:
            self._take_repeat(repeat[0])
            return
        self.repeated = False
        if letter == "\\":
            self._take_escape()
        elif letter == "[":
            self._take_class()
        elif letter == "(":
            self._take_group()
        elif letter == ")":
            self._close()
        elif letter == "$":
            self.out.append("$" if self.multiline[-1] else r"\Z")
            self.at += 1
        else:
            self.out.append(letter)
            self.at += 1

    def _take_repeat(self, text: str) -> None:
        """Take ``*``, ``+``, ``?``, ``{n,m}`` with what makes it lazy."""
        if self.repeated:
            raise self._refusal(f"invalid nested repetition operator: `{text}`")
        self.at += len(text)
        self.out.append(text)
        if self.pattern.startswith("?", self.at):
            self.out.append("?")
            self.at += 1
        self.repeated = True

    def _take_escape(self) -> None:
        letter = self._escaped()
        if letter == "Q":
            end = self.pattern.find(r"\E", self.at)
            end = len(self.pattern) if end < 0 else end
            self.out.append(re.escape(self.pattern[self.at : end]))
            self.at = end + 2
        elif letter in "pP":
            raise self._unknown(f"\\{letter}")
        elif letter in _OUTSIDE:
            self.out.append(_OUTSIDE[letter])
        else:
            self.out.append(self._character(letter))

    def _escaped(self) -> str:
        """Step over a backslash and the letter behind it; return the letter."""
        if self.at + 1 >= len(self.pattern):
            raise self._refusal("trailing backslash at end of expression: ``")
        self.at += 2
        return self.pattern[self.at - 1]

    def _character(self, letter: str) -> str:
        """Return the one character that an escape stands for; `at` is behind the letter."""
        if letter in _PLAIN:
            return f"\\{letter}"
        if letter == "x" and (match := _HEX.match(self.pattern, self.at - 1)):
            self.at = match.end()
            return re.escape(chr(int(match[1] or match[2], 16)))
        if letter == "0" or (letter in "1234567" and self._is_octal()):
            digits = re.match(r"[0-7]{1,3}", self.pattern[self.at - 1 :])
            assert digits is not None
            self.at += len(digits[0]) - 1
            return re.escape(chr(int(digits[0], 8)))
        if letter.isascii() and letter.isalnum():
            raise self._refusal(f"invalid escape sequence: `\\{letter}`")
        return re.escape(letter)

    def _is_octal(self) -> bool:
        return self.pattern[self.at : self.at + 1] in tuple("01234567")

    def _take_class(self) -> None:
        """Take ``[…]``, with its POSIX classes."""
        start = self.at
        self.at += 1
        self.out.append("[")
        if self.pattern.startswith("^", self.at):
            self.out.append("^")
            self.at += 1
        first = True
        while first or not self.pattern.startswith("]", self.at):
            if self.at >= len(self.pattern):
                raise self._refusal(f"missing closing ]: `{self.pattern[start:]}`")
            self._take_class_part(self.pattern[self.at])
            first = False
        self.out.append("]")
        self.at += 1

    def _take_class_part(self, letter: str) -> None:
        posix = re.compile(r"\[:(\^?)(\w+):\]").match(self.pattern, self.at)
        if posix:
            if posix[1] or posix[2] not in _POSIX:
                raise self._unknown(posix[0])
            self.out.append(_POSIX[posix[2]])
            self.at = posix.end()
        elif letter == "\\":
            escaped = self._escaped()
            if escaped in "pPDWS":
                raise self._unknown(f"\\{escaped} within […]")
            self.out.append(_INSIDE.get(escaped) or self._character(escaped))
        else:
            self.out.append(letter if letter == "-" else re.escape(letter))
            self.at += 1

    def _take_group(self) -> None:
        named = _NAMED.match(self.pattern, self.at)
        flags = None if named else _FLAGS.match(self.pattern, self.at)
        if named:
            self.out.append(f"(?P<{named[1]}>")
            self.at = named.end()
            self._open(self.multiline[-1])
        elif flags:
            self._take_flags(flags)
        elif self.pattern.startswith("(?", self.at):
            shown = self.pattern[
                self.at : self.at + (4 if "<" in self.pattern[self.at :][:3] else 3)
            ]
            raise self._refusal(f"invalid or unsupported Perl syntax: `{shown}`")
        else:
            self.out.append("(")
            self.at += 1
            self._open(self.multiline[-1])

    def _take_flags(self, flags: re.Match[str]) -> None:
        on, off, end = flags[1], flags[2] or "", flags[3]
        if "U" in on + off:
            raise self._unknown("the flag U")
        multiline = "m" in on or (self.multiline[-1] and "m" not in off)
        switch = f"(?{on}{'-' + off if off else ''}:"
        self.out.append("(?:" if switch == "(?:" else switch)
        self.at = flags.end()
        if end == ":":
            self._open(multiline)
        else:  # it holds to the end of the group around it
            self.multiline[-1] = multiline
            self.closers[-1] += ")"

    def _open(self, multiline: bool) -> None:
        self.multiline.append(multiline)
        self.closers.append("")

    def _close(self) -> None:
        self.at += 1
        if len(self.multiline) == 1:
            raise self._refusal(f"unexpected ): `{self.pattern}`")
        self.multiline.pop()
        self.out.append(self.closers.pop() + ")")

    def _refusal(self, text: str) -> RegexError:
        return RegexRefusedError(f"error parsing regexp: {text}")

    def _unknown(self, what: str) -> RegexError:
        return RegexError(f"{what} in the regular expression `{self.pattern}` is not simulated")
