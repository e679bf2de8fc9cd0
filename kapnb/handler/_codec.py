"""Walking a state: from Python values to JSON's, and back. No kind of value is special here.

What JSON has — None, bool, int, float, str, list, dict with names — stands for itself; all
else is ``{"!": kind, ...}``, and `_kinds` knows the kinds. Reading never runs what it reads.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from kapnb.handler._namespace import Namespace

__all__ = ["DEPTH_MAX", "MARK", "Decoder", "Encoder", "Misfit", "Unkept", "short"]

MARK = "!"
#: Containers within containers. A cycle has no end, and Python's stack has one.
DEPTH_MAX = 100
#: Larger ints are written in hexadecimal: decimal digits beyond 4300 are refused by Python.
_INT_MAX = 10**1000
_PLAIN = frozenset({str, bool, type(None)})
_NESTED = frozenset({list, dict})


class Unkept(Exception):
    """A value that cannot be kept; while it passes upwards it gathers its place."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self._path: list[tuple[str, object]] = []

    def within(self, label: str, container: object) -> Unkept:
        """Note that it is the part `label` of `container`."""
        self._path.append((label, container))
        return self

    def __str__(self) -> str:
        place, seen = "state", dict[int, str]()
        for label, container in reversed(self._path):
            if id(container) in seen:
                return (
                    f"{place} is {seen[id(container)]} again, a cycle, which has no end when it "
                    "is written; refer to one of the two by a name or an index"
                )
            seen[id(container)] = place
            place = f"{label} {place}" if label.endswith(" of") else place + label
        return f"{place} {self.problem}"


class Misfit(Exception):
    """A sound part of a snapshot that does not fit the code of today; says why."""


class Encoder:
    """Python's values to JSON's.

    Attributes
    ----------
    classes : dict of str to list of str
        The fields of each class that was met.
    """

    def __init__(self, namespace: Namespace) -> None:
        from kapnb.handler._kinds import ENCODERS, encoder_of

        self.namespace = namespace
        self.classes: dict[str, list[str]] = {}
        self._encoders = dict(ENCODERS)  # by exact type; grows by the classes that are met
        self._encoder_of = encoder_of
        self._depth = 0

    def state(self, value: Any) -> Any:
        """Encode one group's state.

        Raises
        ------
        Unkept
            If it holds what cannot be kept.
        """
        self._depth = 0
        return self.encode(value)

    def encode(self, value: Any) -> Any:
        """Encode any value."""
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is float:
            return value if math.isfinite(value) else {MARK: "float", "v": repr(value)}
        if kind is int:
            return value if -_INT_MAX < value < _INT_MAX else {MARK: "int", "v": hex(value)}
        encoder = self._encoders.get(kind)
        if encoder is None:
            encoder = self._encoders[kind] = self._encoder_of(self, value)
        if self._depth >= DEPTH_MAX:
            raise Unkept(f"lies more than {DEPTH_MAX} levels deep; keep a flatter state")
        self._depth += 1
        encoded = encoder(self, value)
        self._depth -= 1
        return encoded

    def items(self, values: Any, label: str = "") -> list[Any]:
        """Encode a sized iterable; `label` names an item whose index would say nothing."""
        kinds = set(map(type, values))
        if kinds <= _PLAIN or (kinds == {float} and all(map(math.isfinite, values))):
            return list(values)
        encoded: list[Any] = []
        try:
            for value in values:
                encoded.append(self.encode(value))  # noqa: PERF401 - its length is the place
        except Unkept as bad:
            raise bad.within(label or f"[{len(encoded)}]", values) from None
        return encoded

    def named(self, values: Mapping[str, Any], owner: object, label: str = "[{!r}]") -> Any:
        """Encode values by name, as a JSON object."""
        encoded = {}
        for name, value in values.items():
            try:
                encoded[name] = self.encode(value)
            except Unkept as bad:
                raise bad.within(label.format(short(name)), owner) from None
        return encoded

    def pairs(self, value: Mapping[Any, Any]) -> list[list[Any]]:
        """Encode a mapping with keys of any kind."""
        encoded = []
        for key, item in value.items():
            try:
                name = self.encode(key)
            except Unkept as bad:
                raise bad.within("a key of", value) from None
            try:
                encoded.append([name, self.encode(item)])
            except Unkept as bad:
                raise bad.within(f"[{short(key)!r}]", value) from None
        return encoded


class Decoder:
    """JSON's values to Python's.

    Parameters
    ----------
    namespace : Namespace
        Where classes are found.
    classes : mapping of str to list of str
        The fields that each class had when the snapshot was taken, where that is known.
    tolerant : bool
        Whether a class may have other fields now.

    Attributes
    ----------
    bent : set of str
        What did not fit exactly and was made to, in sentences.
    """

    def __init__(
        self, namespace: Namespace, classes: Mapping[str, list[str]], *, tolerant: bool
    ) -> None:
        from kapnb.handler._kinds import DECODERS

        self.namespace = namespace
        self.classes = classes
        self.tolerant = tolerant
        self.bent: set[str] = set()
        self.plans: dict[str, Any] = {}  # by class; filled by those who rebuild them
        self._decoders = DECODERS
        self._depth = 0

    def state(self, value: Any) -> Any:
        """Decode one group's state.

        Raises
        ------
        Misfit
            If it names what is not there now.
        Exception
            Of any other kind, if it is damaged.
        """
        self._depth = 0
        return self.decode(value)

    def decode(self, value: Any) -> Any:
        """Decode any value."""
        kind = type(value)
        if kind is not list and kind is not dict:
            return value
        if self._depth > DEPTH_MAX:
            raise ValueError("nested too deep")
        self._depth += 1
        decoded = self.items(value) if kind is list else self._object(value)
        self._depth -= 1
        return decoded

    def _object(self, value: dict[str, Any]) -> Any:
        if MARK not in value:
            return self.named(value)
        decoder = self._decoders.get(value[MARK])
        if decoder is None:
            raise Misfit(f"it holds a {value[MARK]!r:.40}, which this kapnb does not know")
        return decoder(self, value)

    def items(self, values: Any) -> list[Any]:
        """Decode a list."""
        if type(values) is not list:
            raise TypeError(f"a list was expected, not {values!r:.40}")
        if _NESTED.isdisjoint(map(type, values)):
            return values
        return [self.decode(value) for value in values]

    def named(self, values: Any) -> dict[str, Any]:
        """Decode values by name."""
        return {name: self.decode(value) for name, value in values.items()}

    def pairs(self, values: Iterable[Any]) -> list[tuple[Any, Any]]:
        """Decode what `Encoder.pairs` gave."""
        return [(self.decode(key), self.decode(item)) for key, item in values]


def short(value: object) -> Any:
    """Return `value` if it can be shown in a sentence, else something that can."""
    if isinstance(value, (str, bytes)) and len(value) > 40:
        return value[:40]
    if type(value) in (str, bytes, int, float, bool, type(None)):
        return value
    try:
        return _Shown(repr(value)[:60])
    except Exception:  # user code
        return _Shown(f"a {type(value).__name__}")


class _Shown(str):
    """Text whose repr is itself."""

    def __repr__(self) -> str:
        return str(self)
