"""`kapnb simulate`: run a Handler on a file of data, without Kapacitor."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kapnb._files import write_whole
from kapnb.cli._target import TARGET_HELP, load_target
from kapnb.model import Batch, Point

if TYPE_CHECKING:
    from kapnb.simulation import Simulation

__all__ = ["HELP", "configure", "execute"]

HELP = "run a Handler on a file of data, as Kapacitor would"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("target", metavar="TARGET", help=TARGET_HELP)
    parser.add_argument(
        "--data",
        required=True,
        metavar="FILE",
        help="input: .csv, .parquet, .lp, .srpl, .brpl, or influxdb://HOST/DATABASE?q=QUERY",
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the TICKscript; several arguments are separated by commas; repeatable",
    )
    parser.add_argument("--group-by", metavar="TAG,…", help="tags to group by; * for all")
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=_output,
        help="where outputs go, .jsonl or .csv; by default JSON lines on stdout",
    )
    parser.add_argument("--transcript", metavar="FILE", help="write every message that crossed")


def _output(text: str) -> Path:
    path = Path(text)
    if path.suffix not in _WRITERS:
        raise argparse.ArgumentTypeError(f"{text}: the suffix must be .jsonl or .csv")
    return path


def execute(arguments: argparse.Namespace) -> int:
    """Simulate; nothing is written unless the run came to its end."""
    from kapnb.cli._damage import damage_reported
    from kapnb.simulation import parse_options, simulate

    handler = load_target(arguments.target)
    with damage_reported() as damage:
        simulation = simulate(
            handler,
            arguments.data,
            options=parse_options(arguments.option, handler().info()),
            group_by=arguments.group_by.split(",") if arguments.group_by else None,
        )
    for warning in simulation.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(repr(simulation), file=sys.stderr)
    if arguments.out:
        write_whole(arguments.out, _WRITERS[arguments.out.suffix](simulation))
    else:
        sys.stdout.write(_jsonl(simulation))
    if arguments.transcript:
        write_whole(Path(arguments.transcript), f"{simulation.transcript}\n")
    return 1 if damage else 0


def _jsonl(simulation: Simulation) -> str:
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in _records(simulation))


def _records(simulation: Simulation) -> Iterator[dict[str, Any]]:
    """Yield an object a point; a batch is a begin, its points, an end."""
    from kapnb.simulation import point_dict

    for output in simulation.outputs:
        item = output.item
        if isinstance(item, Point):
            yield point_dict(item)
            continue
        head = {
            "name": item.name,
            "group": item.group,
            "dimensions": list(item.dimensions),
            "by_name": item.by_name,
            "tags": dict(item.tags),
        }
        yield {"kind": "begin", **head, "size": len(item)}
        yield from (_batch_point(point, item) for point in item.points)
        yield {"kind": "end", **head, "tmax": item.tmax}


def _batch_point(point: Point, batch: Batch) -> dict[str, Any]:
    """Return a batch's point with what it gets from its batch."""
    return {
        "name": batch.name,
        "time": point.time,
        "group": batch.group,
        "dimensions": list(batch.dimensions),
        "by_name": batch.by_name,
        "tags": dict(point.tags),
        "fields": dict(point.fields),
    }


def _csv(simulation: Simulation) -> str:
    rows = [record for record in _records(simulation) if "fields" in record]
    tags = sorted({name for row in rows for name in row["tags"]})
    fields = sorted({name for row in rows for name in row["fields"]})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["name", "time", "group", *tags, *fields])
    for row in rows:
        writer.writerow(
            [row["name"], row["time"], row["group"]]
            + [row["tags"].get(name, "") for name in tags]
            + [row["fields"].get(name, "") for name in fields]
        )
    return out.getvalue()


_WRITERS = {".jsonl": _jsonl, ".csv": _csv}
