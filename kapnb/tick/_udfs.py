"""Which UDFs a script uses, without evaluating it: their info is needed first."""

from __future__ import annotations

from kapnb.tick._parser import parse
from kapnb.tick._walk import chains

__all__ = ["udf_names"]


def udf_names(script: str) -> list[str]:
    """Return the names behind every ``@``, each once.

    Raises
    ------
    TickError
        If the script cannot be parsed.

    Examples
    --------
    >>> udf_names("stream|from()@mean().size(3)|window().period(1m)@outliers()|log()")
    ['mean', 'outliers']
    """
    links = (link for _, found in chains(parse(script)) for link in found)
    return list(dict.fromkeys(link.call.name for link in links if link.operator == "@"))
