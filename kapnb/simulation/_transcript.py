"""Transcript: the ordered record of everything that crossed, both ways.

It keeps the bytes as they crossed and decodes them when it is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, islice, repeat
from os import PathLike
from pathlib import Path
from typing import Any

from kapnb.errors import SourceError
from kapnb.model import (
    ErrorResponse,
    InitResponse,
    KeepaliveResponse,
    Point,
    RestoreResponse,
    SnapshotResponse,
)
from kapnb.protocol import ProtobufCodec, WirePoint, point_frames, split_frames, wire_point
from kapnb.simulation._text import message_from_text, message_to_text

__all__ = ["Difference", "Exchange", "Transcript"]

_HEADER = "# kapnb transcript 1: > Kapacitor to UDF, < UDF to Kapacitor"


@dataclass(frozen=True)
class Difference:
    """The first place where two runs answer differently.

    Attributes
    ----------
    number : int
        Position among the compared responses, from 1.
    expected, found : str
        The two responses as text; empty where there is none.
    """

    number: int
    expected: str
    found: str

    def __str__(self) -> str:
        expected, found = self.expected or "(nothing)", self.found or "(nothing)"
        return f"response {self.number} differs\n  expected: {expected}\n  found:    {found}"


class Exchange:
    """Points that crossed one after the other, each with the points that answered it.

    Attributes
    ----------
    requests, responses : list of bytes
        The encoded points, as in `WirePoint.raw`.
    answers : list of int
        How many of the responses followed each request.
    """

    __slots__ = ("answers", "requests", "responses")

    def __init__(self, requests: list[bytes], responses: list[bytes], answers: list[int]) -> None:
        self.requests, self.responses, self.answers = requests, responses, answers

    def __len__(self) -> int:
        return len(self.requests) + len(self.responses)

    def positions(self, first: int) -> Iterable[int]:
        """Return the request of each response, counted from `first`."""
        if self.responses is self.requests:
            return range(first, first + len(self.requests))
        return chain.from_iterable(map(repeat, count(first), self.answers))

    def __iter__(self) -> Iterator[tuple[bool, WirePoint]]:
        """Yield (is_request, point), in the order in which they crossed."""
        responses = iter(self.responses)
        for request, answers in zip(self.requests, self.answers, strict=True):
            yield True, wire_point(request)
            for response in islice(responses, answers):
                yield False, wire_point(response)


class Transcript:
    """What crossed between Kapacitor and a UDF, in order.

    Examples
    --------
    >>> transcript = Transcript()
    >>> transcript.add(True, bytes.fromhex("020a00"))
    >>> transcript.add(False, bytes.fromhex("020a00"))
    >>> print(transcript)
    # kapnb transcript 1: > Kapacitor to UDF, < UDF to Kapacitor
    > info      {}
    < info      {"wants": "STREAM", "provides": "STREAM"}
    """

    def __init__(self) -> None:
        self._bursts: list[tuple[bool, bytes] | Exchange] = []

    def add(self, is_request: bool, frames: bytes) -> None:
        """Record whole frames that crossed in one direction."""
        self._bursts.append((is_request, frames))

    def add_exchange(self, exchange: Exchange) -> None:
        """Record points that crossed in both directions; the lists are not copied."""
        self._bursts.append(exchange)

    @property
    def requests(self) -> bytes:
        """All bytes from Kapacitor to the UDF."""
        return b"".join(self._data(True))

    @property
    def responses(self) -> bytes:
        """All bytes from the UDF to Kapacitor."""
        return b"".join(self._data(False))

    def _data(self, requests: bool) -> Iterator[bytes]:
        for burst in self._bursts:
            if isinstance(burst, Exchange):
                yield point_frames(burst.requests if requests else burst.responses)
            elif burst[0] is requests:
                yield burst[1]

    def __iter__(self) -> Iterator[tuple[bool, Any]]:
        """Iterate over (is_request, message), in order."""
        return chain.from_iterable(map(_messages, self._bursts))

    def __len__(self) -> int:
        return sum(map(_length, self._bursts))

    def between(self, start: int, stop: int) -> Iterator[tuple[bool, Any]]:
        """Yield (is_request, message) of those from `start`, counted from 0, up to `stop`.

        What stands before them is skipped without being decoded.
        """
        passed = 0
        for burst in self._bursts:
            length = _length(burst)
            if passed + length > start and passed < stop:
                yield from islice(_messages(burst), max(0, start - passed), stop - passed)
            passed += length

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Transcript) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def table(self, most: int = 40) -> str:
        """Return the messages to read: one line each, in fixed columns under a legend.

        Parameters
        ----------
        most : int, default: 40
            How many messages are shown; of more the middle is left out, with their number.

        Examples
        --------
        >>> from kapnb import Handler, Point, simulate
        >>> run = simulate(Handler, [Point({"x": 1.5}, time=n, name="m") for n in range(90)])
        >>> print(run.transcript.table(5))
        > to the UDF, < from the UDF; number of the message, kind, group, event time, content
          1 > init                              simulate_Handler Handler2
          2 < init                              success
          3 > point       1970-01-01T00:00:00Z  m x=1.5
              … 179 messages left out …
        183 > snapshot
        184 < snapshot                          67 bytes
        """
        from kapnb.simulation._transcript_lines import LEGEND, transcript_lines

        return "\n".join((LEGEND, *transcript_lines(self, most)))

    def _repr_html_(self) -> str:
        from kapnb.simulation._faces import transcript_html

        return transcript_html(self)

    def __repr__(self) -> str:
        sent = sum(1 for is_request, _ in self if is_request)
        return f"Transcript({sent} requests, {len(self) - sent} responses)"

    def _lines(self) -> Iterator[str]:
        yield _HEADER
        for is_request, message in self:
            yield f"{'>' if is_request else '<'} {message_to_text(message)}"

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as text, one line a message."""
        text = "".join(f"{line}\n" for line in self._lines())
        Path(path).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Transcript:
        """Read what `save` wrote.

        Raises
        ------
        SourceError
            If the file is none, with the line at fault.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"cannot be read: {error}", str(path)) from error
        if text.partition("\n")[0] != _HEADER:
            raise SourceError("this is no kapnb transcript", f"{path}, line 1")
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, where: str) -> Transcript:
        """Read the lines of a transcript, with or without its header.

        Parameters
        ----------
        text : str
            The lines.
        where : str
            What to call them in an error.

        Raises
        ------
        SourceError
            With the line at fault.
        """
        transcript, codec = cls(), ProtobufCodec(deterministic=True)
        for number, line in enumerate(text.split("\n"), 1):
            if not line or line == _HEADER:
                continue
            is_request = line[0] == ">"
            try:
                message = message_from_text(line[2:], request=is_request)
            except ValueError as error:
                raise SourceError(str(error), f"{where}, line {number}") from error
            encode = codec.encode_request if is_request else codec.encode_response
            # A point of a batch may carry more than it must: all that was written down.
            transcript.add(is_request, encode(message, in_batch=False))
        return transcript

    def difference(self, responses: bytes) -> Difference | None:
        """Return where other responses to the same requests differ first, or None.

        Messages are compared decoded, in order: data, info, init, restore and errors.
        Keepalives carry no result; of snapshots and errors only the presence is compared,
        of a refused init or restore only the refusal (their text names files and lines).

        Parameters
        ----------
        responses : bytes
            Whole frames.
        """
        codec = ProtobufCodec()
        expected = [message for is_request, message in self if not is_request]
        found = [codec.decode_response(body) for body in split_frames(responses)]
        ours = [message for message in expected if not isinstance(message, KeepaliveResponse)]
        theirs = [message for message in found if not isinstance(message, KeepaliveResponse)]
        for index in range(max(len(ours), len(theirs))):
            one = ours[index] if index < len(ours) else None
            other = theirs[index] if index < len(theirs) else None
            if _comparable(one) != _comparable(other):
                return Difference(index + 1, _text(one), _text(other))
        return None


def _length(burst: tuple[bool, bytes] | Exchange) -> int:
    return len(burst) if isinstance(burst, Exchange) else sum(1 for _ in split_frames(burst[1]))


def _messages(burst: tuple[bool, bytes] | Exchange) -> Iterator[tuple[bool, Any]]:
    if isinstance(burst, Exchange):
        yield from burst
        return
    is_request, frames = burst
    codec = ProtobufCodec()
    decode = codec.decode_request if is_request else codec.decode_response
    for body in split_frames(frames):
        yield is_request, decode(body)


def _comparable(message: Any) -> Any:
    if isinstance(message, (SnapshotResponse, ErrorResponse)):
        return type(message)
    if isinstance(message, (InitResponse, RestoreResponse)):
        return type(message), message.success
    # NaN must equal itself, -0.0 must not equal 0.0: compare the text, which keeps both.
    return message_to_text(message) if isinstance(message, Point) else message


def _text(message: Any) -> str:
    return "" if message is None else message_to_text(message)
