"""Batch recordings, ``.brpl``: what ``kapacitor record batch`` wrote.

Read as Kapacitor's own replay reads them (replay.go), except that damage is reported at its
place. The zip is `_zip`'s affair, the JSON in it `_batches`'.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, dataclass
from typing import BinaryIO

from kapnb.errors import SourceError
from kapnb.model import BATCH, Batch, EdgeType
from kapnb.sources._batches import read_batches
from kapnb.sources._damage import AGAIN, Damage, Damaged, check_damaged, kept
from kapnb.sources._files import StrPath, open_file
from kapnb.sources._zip import Entry, names, read_entry, walk

__all__ = ["BatchRecording"]


@dataclass(frozen=True)
class BatchRecording:
    """The batches of a batch recording (``.brpl``).

    A recording is a zip with one entry for each query node of the task; an entry is JSON,
    one object a batch. The bare JSON of one entry is read too.

    As in Kapacitor's replay, numbers are floats (a recording keeps no ints), batches without
    points are skipped, points without tags take the batch's, and tmax is never before the
    last point. The points of a batch have no name.

    Parameters
    ----------
    path : str or path
        The file; whether it is a zip is found out.
    query : int, optional
        Which query node's batches, from 0. May be left out if there is only one.
    damaged : {"keep", "raise"}
        What becomes of a recording whose end is damaged: the batches before the damage and a
        `DamageWarning`, or the batches before it and then a `SourceError`. A bad batch with
        others behind it is always an error.

    Examples
    --------
    >>> import tempfile
    >>> from kapnb.sources import write_recording
    >>> folder = tempfile.TemporaryDirectory()
    >>> points = [Point({"n": n}, time=n, name="cpu", tags={"host": "ab"[n % 2]}) for n in range(4)]
    >>> write_recording(points, f"{folder.name}/cpu.brpl", group_by=["host"], period=4)
    2
    >>> for batch in BatchRecording(f"{folder.name}/cpu.brpl"):
    ...     print(batch.group, [point.fields["n"] for point in batch.points])
    host=a [0.0, 2.0]
    host=b [1.0, 3.0]
    >>> folder.cleanup()
    """

    path: StrPath
    _: KW_ONLY
    query: int | None = None
    damaged: Damaged = "keep"

    def __post_init__(self) -> None:
        check_damaged(self.damaged)

    @property
    def edge(self) -> EdgeType:
        """BATCH."""
        return BATCH

    def __iter__(self) -> Iterator[Batch]:
        """Read the chosen entry from its start."""
        return kept(self._read(), self.damaged, "batches")

    def _read(self) -> Iterator[Batch]:
        where = os.fspath(self.path)
        with open_file(self.path) as file:
            if file.read(2) == b"PK":
                entry = self._unzip(file, where)
                where = f"{where}, entry {entry.name}"
            elif self.query:
                raise SourceError(f"this is bare JSON, it has no query {self.query}", where)
            else:
                file.seek(0)
                entry = Entry("", file.read(), None)
        try:
            text, bad = entry.data.decode(), None
        except UnicodeDecodeError as error:
            text, bad = entry.data[: error.start].decode(), error
        if bad is None or entry.broken or bad.reason == "unexpected end of data":
            yield from read_batches(text, where, entry.broken)
            return
        whole = text[: text.rfind("\n") + 1]
        yield from read_batches(whole, where)
        line = f"{where}, line {whole.count(chr(10)) + 1}"
        raise SourceError(f"byte {bad.start} is not UTF-8; {AGAIN}", line)

    def _unzip(self, file: BinaryIO, where: str) -> Entry:
        found = names(file)
        if not isinstance(found, str):
            chosen = self._choose(found, where)
            return read_entry(file, chosen, found[chosen])
        left = {entry.name: entry for entry in walk(file)}
        if not left:
            raise Damage(f"{found}; {AGAIN}", where)
        entry = left[self._choose(left, f"{where}: {found}")]
        return entry._replace(broken=entry.broken or found)

    def _choose(self, entries: Iterable[str], where: str) -> str:
        listed = f"it has: {', '.join(entries) or 'none'}"
        if self.query is not None:
            if str(self.query) not in entries:
                raise SourceError(f"there is no entry of query {self.query} ({listed})", where)
            return str(self.query)
        if len(list(entries)) != 1:
            raise SourceError(
                "choose one entry of the recording with query=, as in query=0, on the command line "
                f"with --query 0 ({listed})",
                where,
            )
        return next(iter(entries))
