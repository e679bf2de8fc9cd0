"""What `stress` found, to read: text, HTML, DataFrame."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from kapnb.errors import MissingExtra
from kapnb.faults._process import Item
from kapnb.model import Batch

__all__ = ["FAILED", "VERDICTS", "Finding", "StressReport", "pre"]

#: Verdict → what it means.
VERDICTS = {
    "same": "no answer changed, but for those to what is no longer there",
    "changes": "answers changed where the fault lets them",
    "not tried": "the data, or the Handler, gave it nothing to work on",
    "at risk": "nothing went wrong here, but the limit is near",
    "unexpected": "answers changed where they may not",
    "fails": "the Handler raised, or refused",
}
FAILED = ("unexpected", "fails")
_SHOWN_MAX = 6


@dataclass(frozen=True, repr=False)
class Finding:
    """What one fault did.

    Attributes
    ----------
    fault : str
        Its name.
    verdict : str
        A key of `VERDICTS`.
    text : str
        What happened, in one sentence.
    reality : str
        What really happens in production.
    minimal : list of Point or Batch
        The smallest input, as it arrives with the fault in it, that still shows it.
    is_minimal : bool
        Whether each of its items is needed; False if the search was given up before.
    original : list of Point or Batch
        What `minimal` is without the fault, where the two are compared.
    expected, found : list of Point or Batch
        Where answers may not differ: what the last of `minimal` is answered with.
    lost : list of str
        State that a restart lost.
    """

    fault: str
    verdict: str
    text: str
    reality: str = ""
    minimal: Sequence[Item] = ()
    is_minimal: bool = True
    original: Sequence[Item] = ()
    expected: Sequence[Item] = ()
    found: Sequence[Item] = ()
    lost: Sequence[str] = ()

    @property
    def failed(self) -> bool:
        """Whether it shows a mistake of the Handler."""
        return self.verdict in FAILED

    def __str__(self) -> str:
        head = f"{self.fault}: {self.text}"
        return "\n".join([head, *(f"  {line}" for line in self.details())])

    __repr__ = __str__

    def details(self) -> Iterator[str]:
        """Yield what one needs to see for oneself, line by line."""
        if self.minimal:
            word = "smallest input" if self.is_minimal else "a small input"
            many = f", {len(self.minimal)} items" if len(self.minimal) > 1 else ""
            yield f"{word} that shows it{many}:"
            yield from _shown(self.minimal)
        if self.original:
            yield "where without the fault there is:"
            yield from _shown(self.original)
        if self.expected or self.found:
            yield f"expected: {_listed(self.expected)}"
            yield f"found:    {_listed(self.found)}"
        yield from (f"lost: {text}" for text in self.lost)
        if self.reality:
            yield f"in production: {self.reality}"


@dataclass(frozen=True)
class StressReport:
    """The outcome of `stress`.

    Attributes
    ----------
    handler : str
        Name of the Handler.
    items : int
        How many points, or batches, the data have.
    seed : int
        Give it again, and the same happens.
    findings : list of Finding
        One a fault, in the order in which they were tried.
    note : str
        What should be known besides.
    """

    handler: str
    items: int
    seed: int
    findings: list[Finding] = field(default_factory=list)
    note: str = ""

    @property
    def failed(self) -> list[Finding]:
        """The findings that show a mistake of the Handler."""
        return [finding for finding in self.findings if finding.failed]

    def __getitem__(self, fault: str) -> Finding:
        """Return the finding of a fault, by its name."""
        for finding in self.findings:
            if finding.fault == fault:
                return finding
        raise KeyError(f"{fault!r}; there are {', '.join(one.fault for one in self.findings)}")

    def raise_if_failed(self) -> None:
        """Raise an AssertionError that says it all, if any finding shows a mistake."""
        if self.failed:
            raise AssertionError(str(self))

    @property
    def frame(self) -> Any:
        """The findings as a pandas DataFrame, one row a fault.

        Raises
        ------
        MissingExtra
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtra("notebook", "StressReport.frame", "pandas") from error
        columns = ("fault", "verdict", "text", "minimal")
        rows = [(one.fault, one.verdict, one.text, len(one.minimal)) for one in self.findings]
        return pd.DataFrame(rows, columns=list(columns))

    def __str__(self) -> str:
        return "\n".join(self._lines())

    __repr__ = __str__

    def _head(self) -> str:
        count = len(self.failed)
        outcome = f"{count} of {len(self.findings)} faults break it"
        return f"Stress of {self.handler}, {self.items} items, seed {self.seed}: {outcome}"

    def _lines(self) -> Iterator[str]:
        yield self._head()
        width = max((len(one.fault) for one in self.findings), default=0)
        for one in self.findings:
            yield f"  {one.fault:<{width}}  {one.verdict:<10}  {one.text}"
        if self.note:
            yield f"  note: {self.note}"
        for one in self.failed:
            yield ""
            yield str(one)

    def _repr_html_(self) -> str:
        rows = "".join(map(_row, self.findings))
        head = f"<div><b>{_escaped(self._head())}</b></div>"
        table = (
            "<table><thead><tr><th>fault</th><th>verdict</th>"
            "<th style='text-align:left'>what happened</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )
        note = f"<div>{_escaped(self.note)}</div>" if self.note else ""
        details = "".join(
            f"<details><summary>{_escaped(one.fault)}</summary>"
            f"{pre(chr(10).join(one.details()))}</details>"
            for one in self.failed
        )
        return f"<div>{head}{table}{note}{details}</div>"


_MARK = " style='font-weight:bold;border-left:3px solid #d55e00'"


def _row(one: Finding) -> str:
    return (
        f"<tr{_MARK if one.failed else ''}>"
        f"<td style='white-space:nowrap'>{_escaped(one.fault)}</td><td>{one.verdict}</td>"
        f"<td style='text-align:left'>{_escaped(one.text)}</td></tr>"
    )


def _escaped(text: str) -> str:
    return html.escape(text)


def pre(text: str) -> str:
    """Return text as HTML that keeps its lines."""
    return f"<pre style='font-family:monospace;white-space:pre-wrap'>{html.escape(text)}</pre>"


def _shown(items: Sequence[Item]) -> Iterator[str]:
    for item in items[:_SHOWN_MAX]:
        yield f"  {item!r}"
        if isinstance(item, Batch) and len(item) <= _SHOWN_MAX:
            yield from (f"    {point!r}" for point in item.points)
    if len(items) > _SHOWN_MAX:
        yield f"  and {len(items) - _SHOWN_MAX} more, in .minimal"


def _listed(items: Sequence[Item]) -> str:
    return ", ".join(map(repr, items)) or "(nothing)"
