"""The functions of lambda expressions: one table, with what each takes and gives.

Names, types and messages are Kapacitor's (tick/stateful/functions.go). Lengths and indices of
strings count bytes, as Go does. Times are in UTC; ``now()`` is the time of the point.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kapnb.model import Duration
from kapnb.tick._function_numbers import OF_ONE_FLOAT, OF_TWO_FLOATS, pow10
from kapnb.tick._function_texts import (
    OF_ONE_STRING,
    OF_TWO_STRINGS,
    human_bytes,
    substring,
    to_bool,
    to_duration,
    to_float,
    to_int,
    to_string,
)
from kapnb.tick._gotext import go_type
from kapnb.tick._operators import EvaluationError
from kapnb.tick._regex import expand
from kapnb.tick._types import MISSING, Missing, Moment

__all__ = ["FUNCTIONS", "NOT_SIMULATED", "STATEFUL", "Function"]

#: Valid in Kapacitor; the Bessel functions are in no library that is at hand.
NOT_SIMULATED = frozenset({"j0", "j1", "jn", "y0", "y1", "yn"})


@dataclass(frozen=True)
class Function:
    """A function: what it does, and the types of arguments that it takes.

    Attributes
    ----------
    call : callable
        Gets the arguments.
    signatures : tuple of tuple of type
        What may be passed; None if anything may.
    """

    call: Callable[..., Any]
    signatures: tuple[tuple[type, ...], ...] | None = None

    def check(self, name: str, arguments: list[Any]) -> None:
        """Refuse arguments that match no signature.

        Raises
        ------
        EvaluationError
            Naming the first argument that does not fit.
        """
        if self.signatures is None:
            return
        kinds = tuple(type(argument) for argument in arguments)
        if kinds in self.signatures:
            return
        sizes = {len(signature) for signature in self.signatures}
        if len(kinds) not in sizes:
            count = _COUNTS.get(max(sizes), str(max(sizes)))
            raise EvaluationError(f"{name} expects exactly {count}")
        for position, argument in enumerate(arguments):
            if all(
                signature[position : position + 1] != (type(argument),)
                for signature in self.signatures
            ):
                wanted = " or ".join(
                    dict.fromkeys(
                        _WANTED.get(signature[position], signature[position].__name__)
                        for signature in self.signatures
                        if position < len(signature)
                    )
                )
                if isinstance(argument, Missing):
                    raise EvaluationError(f"cannot pass a missing value to {name}")
                raise EvaluationError(
                    f"cannot pass {go_type(argument)} to {name}, must be {wanted}"
                )
        raise EvaluationError(f"these types of arguments do not go together in {name}")


_COUNTS = {0: "zero arguments", 1: "one argument", 2: "two arguments", 3: "three arguments"}
_COUNTS[4] = "four arguments"
_WANTED = {float: "float64", int: "int64", str: "string", bool: "bool", Moment: "time"}
_WANTED |= {Duration: "duration", re.Pattern: "regex"}


def _if(condition: bool, yes: Any, no: Any) -> Any:
    if type(condition) is not bool:
        raise EvaluationError(
            f"first argument to if must be a condition with type of bool - got {go_type(condition)}"
        )
    if type(yes) is not type(no):
        raise EvaluationError(
            "Different return types are not supported - second argument is "
            f"{go_type(yes)} and third argument is {go_type(no)}"
        )
    return yes if condition else no


_TIMES: dict[str, Callable[[Moment], int]] = {
    "day": lambda time: time.date().day,
    "hour": lambda time: time.date().hour,
    "minute": lambda time: time.date().minute,
    "month": lambda time: time.date().month,
    "unixNano": int,
    "weekday": lambda time: (time.date().weekday() + 1) % 7,
    "year": lambda time: time.date().year,
}


# ------------------------------------------------------------------------ stateful


class _Count:
    """How often it was called."""

    signatures: tuple[tuple[type, ...], ...] = ((),)

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        self.count += 1
        return self.count


class _Sigma:
    """How many standard deviations a value is off the running mean (Welford's method)."""

    signatures: tuple[tuple[type, ...], ...] = ((float,),)

    def __init__(self) -> None:
        self.count, self.mean, self.squares = 0.0, 0.0, 0.0

    def __call__(self, value: float) -> float:
        self.count += 1
        delta = value - self.mean
        self.mean += delta / self.count
        self.squares += delta * (value - self.mean)
        if self.count < 2 or self.squares == 0:
            return 0.0
        return abs(value - self.mean) / math.sqrt(self.squares / (self.count - 1))


class _Spread:
    """The range of all values so far."""

    signatures: tuple[tuple[type, ...], ...] = ((float,),)

    def __init__(self) -> None:
        self.low, self.high = math.inf, -math.inf

    def __call__(self, value: float) -> float:
        self.low, self.high = min(self.low, value), max(self.high, value)
        return self.high - self.low


#: Functions with a memory: made anew for each group.
STATEFUL: dict[str, type] = {"count": _Count, "sigma": _Sigma, "spread": _Spread}


def _table() -> dict[str, Function]:
    convertible = ((bool,), (str,), (int,), (float,))
    table = {name: Function(call, ((float,),)) for name, call in OF_ONE_FLOAT.items()}
    table |= {name: Function(call, ((float, float),)) for name, call in OF_TWO_FLOATS.items()}
    table |= {name: Function(call, ((str, str),)) for name, call in OF_TWO_STRINGS.items()}
    table |= {name: Function(call, ((str,),)) for name, call in OF_ONE_STRING.items()}
    table |= {name: Function(call, ((Moment,),)) for name, call in _TIMES.items()}
    return table | {
        "bool": Function(to_bool, convertible),
        "duration": Function(
            to_duration,
            ((Duration,), (str,), (int,), (float,), (int, Duration), (float, Duration)),
        ),
        "float": Function(to_float, convertible),
        "humanBytes": Function(human_bytes, ((float,), (int,))),
        "if": Function(_if, None),
        "int": Function(to_int, (*convertible, (Duration,))),
        "isPresent": Function(lambda value: value is not MISSING, None),
        "pow10": Function(pow10, ((int,),)),
        "regexReplace": Function(
            lambda regex, text, by: regex.sub(expand(by), text), ((re.Pattern, str, str),)
        ),
        "strReplace": Function(
            lambda text, old, by, count: text.replace(old, by, count), ((str, str, str, int),)
        ),
        "strSubstring": Function(substring, ((str, int, int),)),
        "string": Function(to_string, (*convertible, (Duration,))),
    }


#: All functions without a memory; ``now`` is in the evaluator, which knows the time.
FUNCTIONS = _table()
