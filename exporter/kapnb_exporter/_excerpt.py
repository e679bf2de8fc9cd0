"""The beginning of a transcript: short enough to be read, or to be sent again and again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kapnb.model import BeginBatch, EndBatch, Point, RestoreRequest, SnapshotRequest
from kapnb.simulation import Transcript, message_to_text

__all__ = ["excerpt", "opening"]

#: What an excerpt may take up, and what it may if it would otherwise hold no output.
_CHARACTERS, _CHARACTERS_AT_MOST = 2000, 6000
_OPENING = 20
Messages = list[tuple[bool, Any]]


def opening(transcript: Transcript, requests: int = _OPENING) -> Messages:
    """Return the session up to so many requests, or to the end of the batch that is open then."""
    found: Messages = []
    for part in _parts(transcript):
        has_inputs = sum(is_request for is_request, _ in found) > 1
        if has_inputs and sum(is_request for is_request, _ in [*found, *part]) > requests:
            break
        found += part
    return found


def excerpt(transcripts: Iterable[Transcript]) -> str:
    """Return lines of a transcript for a script to carry: one that begins with an output."""
    found = [_short(transcript) for transcript in transcripts]
    return max(found, key=lambda pair: pair[0], default=(False, ""))[1]


def _short(transcript: Transcript) -> tuple[bool, str]:
    """Return whether it holds an output, and the lines."""
    lines: list[str] = []
    size, has_output = 0, False
    for part in _parts(transcript):
        more = [f"{'>' if is_request else '<'} {message_to_text(m)}" for is_request, m in part]
        size += sum(map(len, more))
        if size > (_CHARACTERS if has_output else _CHARACTERS_AT_MOST):
            break
        lines += more
        has_output = has_output or any(
            isinstance(m, (Point, EndBatch)) for is_request, m in part if not is_request
        )
    return has_output, "".join(f"{line}\n" for line in lines)


def _parts(transcript: Transcript) -> Iterator[Messages]:
    """Yield what belongs together: a request with its answers, a batch, init with a restore.

    What comes after the last input, and a session that failed, is left out.
    """
    part: Messages = []
    in_batch = False
    for is_request, message in transcript:
        if is_request and part and not in_batch and not isinstance(message, RestoreRequest):
            yield part
            part = []
        if isinstance(message, SnapshotRequest):
            return
        if is_request:
            in_batch = isinstance(message, BeginBatch) or (
                in_batch and not isinstance(message, EndBatch)
            )
        part.append((is_request, message))
