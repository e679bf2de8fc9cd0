"""`kapnb simulate`: run a Handler, or a whole TICKscript, on files of data, without Kapacitor."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kapnb._files import write_whole
from kapnb._target import TARGET_HELP, load_target
from kapnb.cli._entry import add_query_argument, chosen
from kapnb.cli._udfs import add_script_arguments, load_udfs, load_variables
from kapnb.model import Batch, Point

if TYPE_CHECKING:
    from kapnb.simulation import Simulation, TaskRun

__all__ = ["HELP", "configure", "execute"]

HELP = "run a Handler, or a TICKscript, on a file of data, as Kapacitor would"
#: What only a Handler alone takes, and what only a script takes.
_ALONE, _OF_TICK = ("option", "group_by"), ("udf", "vars", "database", "retention_policy")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("target", metavar="TARGET", nargs="?", help=TARGET_HELP)
    parser.add_argument(
        "--data",
        required=True,
        action="append",
        metavar="FILE",
        help="input: .csv, .parquet, .lp, .srpl, .brpl, or influxdb://HOST/DATABASE?q=QUERY; "
        "for a script repeatable",
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the TICKscript; several arguments are separated by commas; repeatable",
    )
    parser.add_argument("--group-by", metavar="TAG,…", help="tags to group by; * for all")
    add_query_argument(parser)
    parser.add_argument(
        "--typing",
        choices=["written", "query", "rest", "telegraf"],
        default="written",
        help="which types fields arrive with: as in the data, or as an InfluxDB query, the "
        "REST interface or Telegraf's JSON delivers them",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=_output,
        help="where outputs go, .jsonl or .csv; by default JSON lines on stdout",
    )
    parser.add_argument("--transcript", metavar="FILE", help="write every message that crossed")
    tick = parser.add_argument_group("a whole script, in place of TARGET")
    tick.add_argument("--tick", metavar="FILE.tick", help="the TICKscript to run")
    add_script_arguments(tick)
    tick.add_argument("--tags", metavar="TAG,…", help="further columns of a CSV that are tags")
    tick.add_argument("--measurement", metavar="NAME", help="measurement of a CSV's points")
    tick.add_argument("--database", metavar="NAME", help="of points that have none")
    tick.add_argument("--retention-policy", metavar="NAME", help="of points that have none")
    parser.set_defaults(usage_error=parser.error)


def _output(text: str) -> Path:
    path = Path(text)
    if path.suffix not in _WRITERS:
        raise argparse.ArgumentTypeError(f"{text}: the suffix must be .jsonl or .csv")
    return path


def execute(arguments: argparse.Namespace) -> int:
    """Simulate; nothing is written unless the run came to its end."""
    if arguments.tick:
        return _execute_tick(arguments)
    _refuse(arguments, (*_OF_TICK, "tags", "measurement"), "needs --tick")
    if arguments.target is None:
        arguments.usage_error("give a TARGET, or --tick FILE.tick")
    if len(arguments.data) > 1:
        arguments.usage_error("--data can be repeated for a script (--tick) only")
    from kapnb.cli._damage import damage_reported
    from kapnb.simulation import parse_options, simulate

    handler = load_target(arguments.target)
    with damage_reported() as damage:
        simulation = simulate(
            handler,
            chosen(arguments.data[0], arguments.query),
            options=parse_options(arguments.option, handler().info()),
            group_by=arguments.group_by.split(",") if arguments.group_by else None,
            typing=arguments.typing,
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


def _refuse(arguments: argparse.Namespace, names: Iterable[str], reason: str) -> None:
    for name in names:
        if getattr(arguments, name):
            arguments.usage_error(f"--{name.replace('_', '-')} {reason}")


def _execute_tick(arguments: argparse.Namespace) -> int:
    from kapnb.cli._damage import damage_reported
    from kapnb.simulation import simulate

    _refuse(arguments, _ALONE, "is the script's affair; it does not go with --tick")
    if arguments.query is not None:
        arguments.usage_error("--query does not go with --tick: a script has all its queries")
    if arguments.target is not None:
        arguments.usage_error("a script's Handlers are named by --udf NAME=TARGET")
    if arguments.out and arguments.out.suffix != ".jsonl":
        arguments.usage_error("the records of a script go into a .jsonl file")
    udfs, variables = load_udfs(arguments), load_variables(arguments)
    with damage_reported() as damage:
        run = simulate(
            udfs,
            arguments.data,
            tick=Path(arguments.tick),
            variables=variables,
            tags=arguments.tags.split(",") if arguments.tags else (),
            name=arguments.measurement,
            database=arguments.database,
            retention_policy=arguments.retention_policy,
            typing=arguments.typing,
        )
    for warning in run.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(repr(run), file=sys.stderr)
    lines = _record_lines(run)
    if arguments.out:
        write_whole(arguments.out, lines)
    else:
        sys.stdout.write(lines)
    if arguments.transcript:
        _write_transcripts(run, Path(arguments.transcript))
    return 1 if damage else 0


def _record_lines(run: TaskRun) -> str:
    """Return an object a line for whatever a sink got, in the order of arrival."""
    return "".join(
        f"{json.dumps(record.as_dict(), ensure_ascii=False)}\n" for record in run.records
    )


def _write_transcripts(run: TaskRun, path: Path) -> None:
    """Write the only UDF's session, or one file a UDF: NAME.NODE.SUFFIX."""
    for view in run.udfs.values():
        several = len(run.udfs) > 1
        whole = path.with_suffix(f".{view.id}{path.suffix}") if several else path
        write_whole(whole, f"{view.transcript}\n")


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
