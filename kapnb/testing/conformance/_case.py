"""Case, Result, Report; and the table that the modules of cases fill."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kapnb.testing.conformance._roles import ROLES, Fits, Role

if TYPE_CHECKING:
    from kapnb.testing.conformance._play import Play

__all__ = ["TABLE", "Case", "NotApplicable", "Report", "Result", "Verdict", "case"]


class Verdict(enum.Enum):
    """How a case ended."""

    #: What the case asks for was seen.
    PASS = "pass"  # noqa: S105  # no password
    #: Something else was seen; the reason says what.
    FAIL = "fail"
    #: The agent cannot play what the case needs, or there is nothing to judge.
    NOT_APPLICABLE = "n/a"


class NotApplicable(Exception):
    """The case cannot be decided on this command, for the reason given."""


@dataclass(frozen=True)
class Case:
    """One of the forty.

    Attributes
    ----------
    number : int
        1 to 40, for ever.
    name : str
        Number and slug; stands for ``{case}`` in a command.
    title : str
        What must hold.
    role : Role
        What the command must play.
    fits : callable
        Whether a command that plays no roles can be judged.
    judge : callable
        Plays the case; returns, or raises `Misbehaved` or `NotApplicable`.
    """

    number: int
    name: str
    title: str
    role: Role
    fits: Fits = field(repr=False)
    judge: Callable[[Play], None] = field(repr=False)


#: All cases by number, filled by the import of their modules.
TABLE: dict[int, Case] = {}


def case(
    number: int, slug: str, title: str, *, role: str, fits: Fits
) -> Callable[[Callable[[Play], None]], Callable[[Play], None]]:
    """Enter a function into the table."""

    def enter(judge: Callable[[Play], None]) -> Callable[[Play], None]:
        assert number not in TABLE
        TABLE[number] = Case(number, f"{number:02}-{slug}", title, ROLES[role], fits, judge)
        return judge

    return enter


@dataclass(frozen=True)
class Result:
    """How one case ended.

    Attributes
    ----------
    number, name, title
        Of the case.
    verdict : Verdict
        Pass, fail, or not applicable.
    reason : str
        Why, unless it passed.
    """

    number: int
    name: str
    title: str
    verdict: Verdict
    reason: str = ""

    def __str__(self) -> str:
        line = f"{self.number:02} {self.verdict.value:<4}  {self.title}"
        return f"{line}: {' '.join(self.reason.split())}" if self.reason else line


@dataclass(frozen=True)
class Report:
    """How the cases ended, in the order of their numbers."""

    results: tuple[Result, ...]

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def count(self, verdict: Verdict) -> int:
        """Return how many ended so."""
        return sum(result.verdict is verdict for result in self.results)

    @property
    def failed(self) -> bool:
        """Whether any case failed."""
        return self.count(Verdict.FAIL) > 0

    @property
    def summary(self) -> str:
        """One line: how many passed, failed, were not applicable."""
        return ", ".join(f"{self.count(verdict)} {verdict.value}" for verdict in Verdict)

    def __str__(self) -> str:
        return "\n".join((*map(str, self.results), self.summary))
