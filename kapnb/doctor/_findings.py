"""What an examination found: one line a check, with a remedy where one is needed."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Finding", "Level", "Report", "Trouble"]


class Level(enum.Enum):
    """How bad it is."""

    #: It would run.
    OK = "ok"
    #: Worth a look; it would run.
    WARN = "warn"
    #: It would fail in production.
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes
    ----------
    level : Level
        How bad it is.
    check : str
        The check's name, such as ``shebang``.
    text : str
        What was found.
    remedy : str
        What to do; empty if all is well.
    """

    level: Level
    check: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.level.value:<5} {self.check:<13} {self.text}"
        return f"{line}\n{'':<19} → {self.remedy}" if self.remedy else line


class Trouble(Exception):
    """What stops a check, and those that build on it.

    Parameters
    ----------
    text : str
        What happened.
    remedy : str
        What to do.
    check : str, optional
        The check it is a finding of, if not the one under way.
    """

    def __init__(self, text: str, remedy: str, check: str = "") -> None:
        super().__init__(text)
        self.text, self.remedy, self.check = text, remedy, check


class Report:
    """The findings so far.

    Parameters
    ----------
    tell : callable, optional
        Given each Finding as it is made, for a person who waits.

    Examples
    --------
    >>> report = Report(print)
    >>> report.fail("shebang", "the first line names no interpreter", "#!/usr/bin/env python3")
    FAIL  shebang       the first line names no interpreter
                        → #!/usr/bin/env python3
    >>> report.summary
    '1 of 1 checks failed, 0 warnings'
    """

    def __init__(self, tell: Callable[[Finding], None] = lambda _: None) -> None:
        self.findings: list[Finding] = []
        self._tell = tell

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)
        self._tell(finding)

    def ok(self, check: str, text: str) -> None:
        """Say that a check was passed."""
        self._add(Finding(Level.OK, check, text))

    def warn(self, check: str, text: str, remedy: str = "") -> None:
        """Say that something is worth a look."""
        self._add(Finding(Level.WARN, check, text, remedy))

    def fail(self, check: str, text: str, remedy: str) -> None:
        """Say that something would fail in production."""
        self._add(Finding(Level.FAIL, check, text, remedy))

    def trouble(self, check: str, trouble: Trouble) -> None:
        """Say what stopped `check`."""
        self.fail(trouble.check or check, trouble.text, trouble.remedy)

    def count(self, level: Level) -> int:
        """Return how many findings are of this level."""
        return sum(finding.level is level for finding in self.findings)

    @property
    def failed(self) -> bool:
        """Whether something would fail in production."""
        return self.count(Level.FAIL) > 0

    @property
    def summary(self) -> str:
        """The verdict in a sentence."""
        failures, warnings = self.count(Level.FAIL), self.count(Level.WARN)
        plural = "warnings" if warnings != 1 else "warning"
        if failures:
            return f"{failures} of {len(self.findings)} checks failed, {warnings} {plural}"
        return f"nothing found that would fail in production; {warnings} {plural}"
