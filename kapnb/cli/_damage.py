"""What commands do with a damaged recording: use what is sound, say what is not, exit with 1."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kapnb.sources import DamageWarning

__all__ = ["damage_reported"]


@contextmanager
def damage_reported() -> Iterator[list[str]]:
    """Print each `DamageWarning` as a line on stderr, and collect it; other warnings pass by."""
    found: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always", DamageWarning)
        pass_on = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
            if not issubclass(category, DamageWarning):
                pass_on(message, category, *place)
                return
            found.append(str(message))
            print(f"warning: {message}", file=sys.stderr)

        warnings.showwarning = show  # type: ignore[assignment]
        yield found
