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

from kapnb.model import INT_MAX, INT_MIN, Duration
from kapnb.tick._gotext import float_digits, go_type
from kapnb.tick._operators import EvaluationError, wrap
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


# -------------------------------------------------------------------------- floats


def _guarded(function: Callable[..., float]) -> Callable[..., float]:
    """Return a function of floats that gives NaN and infinities where Python raises."""

    def call(*arguments: float) -> float:
        try:
            return float(function(*arguments))
        except OverflowError:
            return math.inf
        except (ValueError, ZeroDivisionError):
            return math.nan

    return call


def _log(function: Callable[[float], float], pole: float) -> Callable[[float], float]:
    guarded = _guarded(function)
    return lambda x: -math.inf if x == pole else guarded(x)


def _power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        odd = exponent == int(exponent) and int(exponent) % 2 == 1
        return -math.inf if base < 0 and odd else math.inf
    except ValueError:
        if base == 0:
            odd = exponent == int(exponent) and int(exponent) % 2 == 1
            return math.copysign(math.inf, base) if odd else math.inf
        return math.nan


def _rounded(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: math.copysign(float(function(x)), x) if math.isfinite(x) else x


def _gamma(x: float) -> float:
    if x == 0:
        return math.copysign(math.inf, x)
    if x == -math.inf:
        return math.nan
    return _guarded(math.gamma)(x)


def _atanh(x: float) -> float:
    return math.copysign(math.inf, x) if abs(x) == 1 else _guarded(math.atanh)(x)


def _largest(pick: Callable[..., float]) -> Callable[[float, float], float]:
    return lambda x, y: math.nan if math.isnan(x) or math.isnan(y) else pick(x, y)


def _exponent(x: float) -> float:
    if x == 0:
        return -math.inf
    return float(math.frexp(x)[1] - 1) if math.isfinite(x) else abs(x)


def _pow10(exponent: int) -> float:
    if exponent < -323:
        return 0.0
    return math.inf if exponent > 308 else float(f"1e{exponent}")


_FLOATS: dict[str, Callable[[float], float]] = {
    "abs": math.fabs,
    "acos": _guarded(math.acos),
    "acosh": _guarded(math.acosh),
    "asin": _guarded(math.asin),
    "asinh": math.asinh,
    "atan": math.atan,
    "atanh": _atanh,
    "cbrt": math.cbrt,
    "ceil": _rounded(math.ceil),
    "cos": _guarded(math.cos),
    "cosh": _guarded(math.cosh),
    "erf": math.erf,
    "erfc": math.erfc,
    "exp": _guarded(math.exp),
    "exp2": _guarded(math.exp2),
    "expm1": _guarded(math.expm1),
    "floor": _rounded(math.floor),
    "gamma": _gamma,
    "log": _log(math.log, 0.0),
    "log10": _log(math.log10, 0.0),
    "log1p": _log(math.log1p, -1.0),
    "log2": _log(math.log2, 0.0),
    "logb": _exponent,
    "sin": _guarded(math.sin),
    "sinh": lambda x: math.copysign(_guarded(math.sinh)(abs(x)), x),
    "sqrt": _guarded(math.sqrt),
    "tan": _guarded(math.tan),
    "tanh": math.tanh,
    "trunc": _rounded(math.trunc),
}
_PAIRS: dict[str, Callable[[float, float], float]] = {
    "atan2": math.atan2,
    "hypot": math.hypot,
    "max": _largest(max),
    "min": _largest(min),
    "mod": _guarded(math.fmod),
    "pow": _power,
}


# ------------------------------------------------------------------------- strings


def _find_any(find: Callable[..., int], text: str, letters: str) -> int:
    """Return the byte index of the first, or last, of some letters; -1 if there is none."""
    places = [text.index(letter) if find is min else text.rindex(letter)
              for letter in letters if letter in text]  # fmt: skip
    return len(text[: find(places)].encode()) if places else -1


def _substring(text: str, start: int, stop: int) -> str:
    data = text.encode()
    for index in (start, stop):
        if index < 0:
            raise EvaluationError(f"found negative index for strSubstring: {index}")
    if stop >= len(data):
        raise EvaluationError(f"stop index too large for string in strSubstring: {stop}")
    if start > stop:
        raise EvaluationError(f"runtime error: slice bounds out of range [{start}:{stop}]")
    return data[start:stop].decode(errors="replace")


def _human_bytes(value: float) -> str:
    """Return a size with a unit of 1000s, as go-humanize's Bytes does."""
    size = int(value)
    if size < 10:
        return f"{size} B"
    exponent = min(len(str(size)) - 1, 20) // 3
    amount = math.floor(size / 1000**exponent * 10 + 0.5) / 10
    unit = ("B", "kB", "MB", "GB", "TB", "PB", "EB")[exponent]
    return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"


_STRING_PAIRS: dict[str, Callable[[str, str], Any]] = {
    "strContains": lambda text, part: part in text,
    "strContainsAny": lambda text, letters: any(letter in text for letter in letters),
    "strCount": lambda text, part: text.count(part),
    "strHasPrefix": str.startswith,
    "strHasSuffix": str.endswith,
    "strIndex": lambda text, part: text.encode().find(part.encode()),
    "strIndexAny": lambda text, letters: _find_any(min, text, letters),
    "strLastIndex": lambda text, part: text.encode().rfind(part.encode()),
    "strLastIndexAny": lambda text, letters: _find_any(max, text, letters),
    "strTrim": str.strip,
    "strTrimLeft": str.lstrip,
    "strTrimPrefix": str.removeprefix,
    "strTrimRight": str.rstrip,
    "strTrimSuffix": str.removesuffix,
}
_STRINGS: dict[str, Callable[[str], Any]] = {
    "strLength": lambda text: len(text.encode()),
    "strToLower": str.lower,
    "strToUpper": str.upper,
    "strTrimSpace": str.strip,
}


# --------------------------------------------------------------------- conversions

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_SPANS = {
    "ns": 1, "u": 10**3, "µ": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9,
    "h": 3600 * 10**9, "d": 86_400 * 10**9, "w": 604_800 * 10**9,
}  # fmt: skip


def _to_bool(value: Any) -> bool:
    if isinstance(value, str):
        if value in _TRUE or value in _FALSE:
            return value in _TRUE
        raise EvaluationError(f'strconv.ParseBool: parsing "{value}": invalid syntax')
    if value in (0, 1):
        return bool(value)
    raise EvaluationError(f"cannot convert {float_digits(value)} to boolean")


def _to_int(value: Any) -> int:
    if isinstance(value, float):
        return wrap(int(value)) if math.isfinite(value) else INT_MIN
    if not isinstance(value, str):
        return int(value)
    if not re.fullmatch(r"[+-]?[0-9]+", value):
        raise EvaluationError(f'strconv.ParseInt: parsing "{value}": invalid syntax')
    number = int(value)
    if not INT_MIN <= number <= INT_MAX:
        raise EvaluationError(f'strconv.ParseInt: parsing "{value}": value out of range')
    return number


def _to_float(value: Any) -> float:
    if not isinstance(value, str):
        return float(value)
    try:
        if "_" in value or value != value.strip():
            raise ValueError
        return float(value)
    except ValueError:
        raise EvaluationError(f'strconv.ParseFloat: parsing "{value}": invalid syntax') from None


def _to_string(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return float_digits(value) if isinstance(value, float) else str(value)


def _to_duration(value: Any, unit: Duration | None = None) -> Duration:
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        parts = re.findall(r"(\d+)(ns|ms|[uµsmhdw])", value)
        if not parts or "".join(f"{count}{name}" for count, name in parts) != value.lstrip("-"):
            raise EvaluationError(f'invalid duration string "{value}"')
        total = sum(int(count) * _SPANS[name] for count, name in parts)
        return Duration(-total if value.startswith("-") else total)
    if unit is None:
        raise EvaluationError("duration expects unit argument for int and float values")
    return Duration(wrap(int(value * int(unit))))


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
    table = {name: Function(call, ((float,),)) for name, call in _FLOATS.items()}
    table |= {name: Function(call, ((float, float),)) for name, call in _PAIRS.items()}
    table |= {name: Function(call, ((str, str),)) for name, call in _STRING_PAIRS.items()}
    table |= {name: Function(call, ((str,),)) for name, call in _STRINGS.items()}
    table |= {name: Function(call, ((Moment,),)) for name, call in _TIMES.items()}
    return table | {
        "bool": Function(_to_bool, convertible),
        "duration": Function(
            _to_duration,
            ((Duration,), (str,), (int,), (float,), (int, Duration), (float, Duration)),
        ),
        "float": Function(_to_float, convertible),
        "humanBytes": Function(_human_bytes, ((float,), (int,))),
        "if": Function(_if, None),
        "int": Function(_to_int, (*convertible, (Duration,))),
        "isPresent": Function(lambda value: value is not MISSING, None),
        "pow10": Function(_pow10, ((int,),)),
        "regexReplace": Function(
            lambda regex, text, by: regex.sub(expand(by), text), ((re.Pattern, str, str),)
        ),
        "strReplace": Function(
            lambda text, old, by, count: text.replace(old, by, count), ((str, str, str, int),)
        ),
        "strSubstring": Function(_substring, ((str, int, int),)),
        "string": Function(_to_string, (*convertible, (Duration,))),
    }


#: All functions without a memory; ``now`` is in the evaluator, which knows the time.
FUNCTIONS = _table()
