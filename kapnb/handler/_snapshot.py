"""The snapshot document: group states as bytes that run nothing when they are read.

JSON, because a snapshot outlives the code that wrote it and must be readable by the person
who wonders what is in it; a large one is compressed. Here live the document, its version and
its header. What the values in it look like is said in `_kinds`. No pickle: bytes from a
database must never become code.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from kapnb.errors import SnapshotError
from kapnb.handler._codec import Decoder, Encoder, Misfit, Unkept
from kapnb.handler._expiry import Expiry
from kapnb.handler._namespace import Namespace

__all__ = ["FORMAT", "Kept", "adapt", "pack", "unpack"]

#: Version of the format; raised when a reader of today could not read it. Format 1 had fewer
#: kinds of value, no table of classes and no ages of groups.
FORMAT = 2
_FORMATS = (1, 2)
#: Smaller documents stay text that anybody can read; see docs/decisions/0005.
_COMPRESSED_FROM = 64 * 1024
_LEVEL = 1
#: What shrinks further stays text. So whoever reads a compressed one allocates no more than
#: this many times its size, whatever its bytes claim.
_RATIO_MAX = 20
#: How many different troubles of a snapshot are told; there may be one a group.
_NOTES_MAX = 5


class Kept(NamedTuple):
    """What a snapshot held.

    Attributes
    ----------
    groups : dict of str to Any
        States by group, least recently used first if `ages` is there.
    now : int or None
        The clock of their expiry.
    ages : dict of str to int, or None
        How long each was unused; None if the snapshot does not say.
    notes : list of str
        What could not be used, or not as it was; always empty unless tolerant.
    """

    groups: dict[str, Any]
    now: int | None
    ages: dict[str, int] | None
    notes: list[str]


def pack(
    groups: Mapping[str, Any],
    header: Mapping[str, Any],
    namespace: Namespace,
    expiry: Expiry | None = None,
) -> bytes:
    """Return group states as bytes.

    Parameters
    ----------
    groups : mapping of group id to state
        Made of the values that `_kinds` knows.
    header : mapping of str to str
        What the reader must find unchanged, such as the Handler's name and options.
    namespace : Namespace
        Where the classes of the states must be found.
    expiry : Expiry, optional
        How long each group was unused.

    Raises
    ------
    SnapshotError
        If a state holds anything else; the message names group and place.
    """
    encoder, states = Encoder(namespace), {}
    order = list(groups) if expiry is None else expiry.order(groups)
    for group in order:
        states[group] = _encode(encoder, group, groups)
    document: dict[str, Any] = {"kapnb": FORMAT, "header": dict(header)}
    if encoder.classes:
        document["classes"] = dict(sorted(encoder.classes.items()))
    document["groups"] = states
    if expiry is not None:
        document["expiry"] = {"now": expiry.now, "ages": expiry.ages(order)}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return _compressed(text.encode(errors="surrogatepass"))  # as json.loads reads it


def unpack(
    data: bytes, header: Mapping[str, Any], namespace: Namespace, *, tolerant: bool = False
) -> Kept:
    """Return the group states of a snapshot.

    Parameters
    ----------
    data : bytes
        What `pack` returned.
    header : mapping of str to str
        Must equal the one the snapshot was taken with.
    namespace : Namespace
        Where the classes of the states are found.
    tolerant : bool
        Whether what does not fit is left out, and what fits is used: states taken with other
        options; classes with other fields, if those that are new have defaults; the sound
        groups among damaged ones.

    Raises
    ------
    SnapshotError
        If the bytes are no snapshot, of a newer format, taken by another Handler, or, unless
        `tolerant`, differ in anything else.
    """
    document = _document(data)
    try:
        groups, classes = _groups(document), _classes(document)
        found = dict(document["header"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SnapshotError(f"{len(data)} bytes that are no kapnb snapshot") from error
    notes = _compare(found, header, tolerant=tolerant)
    decoder = Decoder(namespace, classes, tolerant=tolerant)
    states, lost = _decode(decoder, groups)
    notes += [*sorted(decoder.bent), *lost]
    try:
        now, ages = _ages(document, groups)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if not tolerant:
            raise SnapshotError(f"a damaged snapshot: its expiry: {error!r:.80}") from error
        now, ages = None, None
        notes.append("the groups' ages are damaged; each counts as used just now")
    if ages is not None:
        ages = {group: ages[group] for group in states}
    return Kept(states, now, ages, notes)


def adapt(kept: Kept, adapt_state: Callable[[Any], Any]) -> Kept:
    """Return `kept` with its states as the Handler wants them now.

    Parameters
    ----------
    kept : Kept
        What did not fit exactly.
    adapt_state : callable
        State → state; raises SnapshotError for a group that starts anew.
    """
    states: dict[str, Any] = {}
    lost: dict[str, list[str]] = {}
    for group, state in kept.groups.items():
        try:
            states[group] = adapt_state(state)
        except SnapshotError as error:
            lost.setdefault(str(error), []).append(group)
    return kept._replace(groups=states, notes=[*kept.notes, *_told(lost)])


def _encode(encoder: Encoder, group: Any, groups: Mapping[str, Any]) -> Any:
    if type(group) is not str:
        raise SnapshotError(f"group_states has the key {group!r:.80}; a group's id is a str")
    try:
        return encoder.state(groups[group])
    except Unkept as error:
        raise SnapshotError(f"group {group!r}: {error}") from None
    except RecursionError as error:
        raise SnapshotError(f"group {group!r} is nested too deep to be kept") from error
    except (RuntimeError, KeyError) as error:  # "changed size during iteration"
        raise SnapshotError(
            f"group {group!r} was changed while it was read ({error}); a thread that works on "
            "states must hold a lock, and an overridden snapshot() the same"
        ) from error


# ------------------------------------------------------------------------ bytes


def _compressed(text: bytes) -> bytes:
    if len(text) < _COMPRESSED_FROM:
        return text
    small = zlib.compress(text, _LEVEL)
    return small if len(text) <= _RATIO_MAX * len(small) < _RATIO_MAX * len(text) else text


def _text(data: bytes) -> bytes:
    if data[:1] != b"\x78":  # zlib's first byte at every level; JSON starts with a brace
        return data
    stream = zlib.decompressobj()
    text = stream.decompress(data, _RATIO_MAX * len(data) + 1)  # 1 more, to see the end
    if not stream.eof or stream.unused_data:
        raise ValueError("cut off, or larger than kapnb would have made it")
    return text


def _document(data: bytes) -> dict[str, Any]:
    """Return the JSON document, of a format that is known."""
    if not data:
        raise SnapshotError("0 bytes, which stand for a snapshot that could not be taken")
    try:
        document = json.loads(_text(data))
        version = document["kapnb"]
    except (zlib.error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SnapshotError(f"{len(data)} bytes that are no kapnb snapshot") from error
    if version not in _FORMATS:
        raise SnapshotError(
            f"snapshot format {version!r:.20}; this kapnb reads format {FORMAT} and older"
        )
    return document  # type: ignore[no-any-return]


# ------------------------------------------------------------------------ parts


def _groups(document: dict[str, Any]) -> dict[str, Any]:
    groups = document["groups"]
    if type(groups) is not dict:
        raise TypeError("groups")
    return groups


def _classes(document: dict[str, Any]) -> dict[str, list[str]]:
    classes: dict[str, list[str]] = document.get("classes", {})
    for fields in classes.values():
        if type(fields) is not list or not all(type(field) is str for field in fields):
            raise TypeError("classes")
    return classes


def _ages(
    document: dict[str, Any], groups: Mapping[str, Any]
) -> tuple[int | None, dict[str, int] | None]:
    expiry = document.get("expiry")
    if expiry is None or expiry["now"] is None:
        return None, None
    now, ages = expiry["now"], expiry["ages"]
    if len(ages) != len(groups) or not all(type(number) is int for number in (now, *ages)):
        raise ValueError("one age a group")
    if ages != sorted(ages, reverse=True) or min(ages, default=0) < 0:
        raise ValueError("ages that are not in order")
    return now, dict(zip(groups, ages, strict=True))


def _compare(found: Mapping[str, Any], header: Mapping[str, Any], *, tolerant: bool) -> list[str]:
    """Return what differs of the header; refuse what may not."""
    notes = []
    for key, value in header.items():
        if found.get(key) != value:
            text = f"taken with {key} {found.get(key)!r:.200}, now {value!r:.200}"
            if not tolerant or key == "handler":
                raise SnapshotError(text)
            notes.append(text)
    return notes


def _decode(decoder: Decoder, groups: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the states, and why some groups have none; refuse those unless tolerant."""
    states: dict[str, Any] = {}
    lost: dict[str, list[str]] = {}
    for group, state in groups.items():
        try:
            states[group] = decoder.state(state)
        except Exception as error:  # damaged bytes fail in any of the decoders, in any way
            misfit = isinstance(error, Misfit)
            text = str(error) if misfit else f"it is damaged: {error!r:.80}"
            if not decoder.tolerant:
                raise SnapshotError(f"group {group!r:.80}: {text}") from error
            lost.setdefault(text, []).append(group)
    return states, _told(lost)


def _told(lost: Mapping[str, list[str]]) -> list[str]:
    """Say why groups start anew; few sentences for any number of groups."""
    notes = [
        f"group {groups[0]!r:.80}{f' and {len(groups) - 1} more' if len(groups) > 1 else ''} "
        f"starts anew: {text}"
        for text, groups in lost.items()
    ]
    if len(notes) > _NOTES_MAX:
        notes[_NOTES_MAX:] = [f"and {len(notes) - _NOTES_MAX} more reasons why groups start anew"]
    return notes
