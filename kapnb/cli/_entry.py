"""The argument that chooses one entry of a batch recording."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add_query_argument", "chosen"]


def add_query_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--query``."""
    parser.add_argument(
        "--query",
        type=int,
        metavar="N",
        help="the query node, from 0, whose batches of a .brpl are meant if it has several",
    )


def chosen(data: str, query: int | None) -> Any:
    """Return data as it was named, or one entry of it."""
    if query is None:
        return data
    from kapnb.sources import BatchRecording

    return BatchRecording(data, query=query)
