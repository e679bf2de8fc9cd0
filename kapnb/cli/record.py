"""`kapnb record`: write data as a recording that `kapacitor replay` takes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kapnb.cli._entry import add_query_argument, chosen

__all__ = ["HELP", "configure", "execute"]

HELP = "write data as a recording that `kapacitor replay` takes"

_SUFFIXES = {".srpl": "stream", ".brpl": "batch"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--data",
        required=True,
        metavar="FILE",
        help="input: .csv, .parquet, .lp, .srpl, .brpl, or influxdb://HOST/DATABASE?q=QUERY",
    )
    parser.add_argument(
        "-o",
        "--out",
        required=True,
        type=Path,
        metavar="FILE",
        help="the recording: .srpl for a stream, .brpl for batches",
    )
    parser.add_argument(
        "--type", choices=["stream", "batch"], help="what to write, if the suffix does not say it"
    )
    add_query_argument(parser)
    parser.add_argument("--time", metavar="COLUMN", help="column of times of a table")
    parser.add_argument("--tags", metavar="COLUMN,…", help="columns of a table that are tags")
    parser.add_argument("--name", metavar="MEASUREMENT", help="measurement of a table's rows")
    parser.add_argument(
        "--group-by",
        metavar="TAG,…",
        help="tags that make the groups of batches, * for all; columns of a table become tags",
    )
    parser.add_argument(
        "--by-measurement", action="store_true", help="the measurement is part of a batch's group"
    )
    parser.add_argument(
        "--period",
        metavar="DURATION",
        help="length of a batch's window, as in 10s; without it a group is one batch",
    )
    parser.add_argument(
        "--every", metavar="DURATION", help="from window to window; by default the period"
    )
    parser.add_argument("--database", metavar="NAME", help="database of a stream's points")
    parser.add_argument(
        "--retention-policy", metavar="NAME", help="their retention policy; autogen by default"
    )
    parser.set_defaults(usage_error=parser.error)


def execute(arguments: argparse.Namespace) -> int:
    """Write the recording, whole or not at all."""
    kind = _kind(arguments)
    from kapnb.cli._damage import damage_reported
    from kapnb.sources import StreamRecording, write_recording

    with damage_reported() as damage:
        count = write_recording(
            chosen(arguments.data, arguments.query),
            arguments.out,
            time=arguments.time,
            tags=_names(arguments.tags),
            name=arguments.name,
            group_by=_names(arguments.group_by),
            by_measurement=arguments.by_measurement,
            period=arguments.period,
            every=arguments.every,
            database=arguments.database,
            retention_policy=arguments.retention_policy,
        )
    noun = "point" if kind == "stream" else "batch"
    plural = "" if count == 1 else "es" if noun == "batch" else "s"
    print(f"{arguments.out}: {count} {noun}{plural}")
    if kind == "stream" and not next(iter(StreamRecording(arguments.out))).database:
        print(
            "warning: the points have no database, so a replay reaches no task; give "
            "--database and --retention-policy as in the task's dbrp",
            file=sys.stderr,
        )
    return 1 if damage else 0


def _kind(arguments: argparse.Namespace) -> str:
    """Return what is to be written; wrong usage if what was given contradicts itself."""
    suffix = arguments.out.suffix
    kind = _SUFFIXES.get(suffix)
    if kind is None:
        arguments.usage_error(f"{arguments.out}: the suffix must be .srpl or .brpl")
    if arguments.type not in (None, kind):
        arguments.usage_error(f"a {suffix} file is of --type {kind}, not {arguments.type}")
    only = {
        "stream": ("database", "retention_policy"),
        "batch": ("period", "every", "by_measurement"),
    }
    for other, names in only.items():
        for name in names:
            if other != kind and getattr(arguments, name):
                flag = f"--{name.replace('_', '-')}"
                arguments.usage_error(f"{flag} is for --type {other}, not {kind}")
    return str(kind)


def _names(text: str | None) -> list[str]:
    return text.split(",") if text else []
