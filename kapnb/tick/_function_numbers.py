"""Functions of floats, as Go's package math has them: poles give infinities, the rest NaN."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["OF_ONE_FLOAT", "OF_TWO_FLOATS", "pow10"]


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


def pow10(exponent: int) -> float:
    if exponent < -323:
        return 0.0
    return math.inf if exponent > 308 else float(f"1e{exponent}")


OF_ONE_FLOAT: dict[str, Callable[[float], float]] = {
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
OF_TWO_FLOATS: dict[str, Callable[[float, float], float]] = {
    "atan2": math.atan2,
    "hypot": math.hypot,
    "max": _largest(max),
    "min": _largest(min),
    "mod": _guarded(math.fmod),
    "pow": _power,
}
