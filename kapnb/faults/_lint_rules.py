"""The rules of `lint`: one function each, in one of two tables.

A rule speaks once, of the first place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from unittest.mock import patch

from kapnb._progress import track
from kapnb.faults._compare import look
from kapnb.faults._process import Case, Item, play
from kapnb.faults._states import state_of, weight
from kapnb.faults._trials_sessions import PIPE_POINTS
from kapnb.faults._wire import ShuffledCodec
from kapnb.model import Batch, Point
from kapnb.simulation import Simulation

__all__ = ["OUTPUT_RULES", "REPLAY_RULES", "Lint", "Pair", "Subject"]

#: An input with what was sent for it.
Pair = tuple[Item, list[Item]]

#: In how many places a run is interrupted to weigh the state.
_SAMPLES = 40
#: Smaller states are not worth a word.
_WEIGHT_MIN = 64
#: Units that times are often counted in, in nanoseconds; and when data may be from: 2005 to 2035.
_TIME_UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3}
_PLAUSIBLE = (1_104_537_600 * 10**9, 2_051_222_400 * 10**9)
#: Share of a series' steps in time that may go back: what comes late does, and is no mistake.
_BACK_MAX = 0.1
#: What is written, in lower case, where there is no value.
_ABSENT = {"", "-", "--", "?", "n/a", "na", "nan", "nil", "none", "null", "#n/a", "missing"}
#: Share of its time that a Handler may use without a word.
_BUSY_MAX = 0.7


@dataclass(frozen=True)
class Lint:
    """One thing that looks wrong.

    Attributes
    ----------
    code : str
        Its name: ``tags-lost``, say.
    text : str
        What was seen.
    remedy : str
        What to do about it.
    input, output : Point or Batch or None
        An example.
    """

    code: str
    text: str
    remedy: str
    input: Item | None = None
    output: Item | None = None

    def __str__(self) -> str:
        lines = [f"{self.code}: {self.text}"]
        lines += [f"  input:  {self.input!r}"] if self.input is not None else []
        lines += [f"  output: {self.output!r}"] if self.output is not None else []
        return "\n".join([*lines, f"  remedy: {self.remedy}"])


@dataclass(frozen=True)
class Subject:
    """What the rules that run the Handler again look at."""

    simulation: Simulation
    case: Case
    restored: bytes
    rate: float | None
    timeout: float
    clock: Callable[[], float]


# ------------------------------------------------------------------- what went out


def _group_lost(pairs: Iterable[Pair]) -> Iterator[Lint]:
    for item, outputs in pairs:
        for output in outputs:
            lost = [name for name in item.dimensions if name not in output.dimensions]
            if lost or (item.by_name and not output.by_name):
                what = ", ".join(lost) or "the measurement"
                yield Lint(
                    "group-lost",
                    f"the input is grouped by {what}, the output is not: whatever follows in the "
                    "task sees one group",
                    "yield point.with_fields(…), or a Point without tags and dimensions: it "
                    "inherits them; in the official API copy them from the input",
                    item,
                    output,
                )
                return


def _tags_lost(pairs: Iterable[Pair]) -> Iterator[Lint]:
    for item, outputs in pairs:
        for output in outputs:
            lost = [name for name in item.tags if name not in output.tags]
            if lost:
                yield Lint(
                    "tags-lost",
                    f"the output lacks the tag {', '.join(lost)} of its input",
                    "if that is on purpose, all is well; else yield point.with_fields(…), or a "
                    "Point without tags",
                    item,
                    output,
                )
                return


def _type_changed(pairs: Iterable[Pair]) -> Iterator[Lint]:
    seen: dict[Any, tuple[type, Point]] = {}
    for item, outputs in pairs:
        for output in outputs:
            for point in output.points if isinstance(output, Batch) else (output,):
                for name, value in point.fields.items():
                    # One type a field of a measurement, in any series (tsdb/shard.go).
                    kind, first = seen.setdefault((output.name, name), (type(value), point))
                    if kind is not type(value):
                        yield Lint(
                            "type-changed",
                            f"field {name!r} is {_kind(type(value))} here and was {_kind(kind)} "
                            f"in {first!r}: InfluxDB refuses one of the two",
                            f"make it one type always, as with float(…); {_passed(item, name)}",
                            item,
                            output,
                        )
                        return


def _kind(kind: type) -> str:
    return {float: "a double", int: "an int", str: "a string", bool: "a bool"}[kind]


def _passed(item: Item, name: str) -> str:
    """Tell whether the field came so."""
    points = item.points if isinstance(item, Batch) else [item]
    came = any(name in point.fields for point in points)
    return "it came so from upstream" if came else "the Handler made it"


def _untagged_points(pairs: Iterable[Pair]) -> Iterator[Lint]:
    for item, outputs in pairs:
        for output in outputs:
            if isinstance(output, Batch) and output.tags:
                bare = next((point for point in output.points if not point.tags), None)
                if bare is not None:
                    yield Lint(
                        "untagged-points",
                        "a batch has tags, its points have none: influxDBOut writes points' tags "
                        "only, so they would be stored untagged (Kapacitor, influxdb_out.go)",
                        "leave tags out of Point(…): the batch's are inherited; in the official "
                        "API copy them into each point",
                        item,
                        output,
                    )
                    return


def _time_unit(pairs: Iterable[Pair]) -> Iterator[Lint]:
    """Find times that are plausible as counts of seconds, ms or µs, and as nanoseconds are not."""
    units = dict(_TIME_UNITS)
    first: Item | None = None
    for item, _ in pairs:
        for point in item.points if isinstance(item, Batch) else (item,):
            first = item if first is None else first
            units = {
                unit: length
                for unit, length in units.items()
                if _PLAUSIBLE[0] <= point.time * length < _PLAUSIBLE[1]
            }
            if not units:
                return
    for unit in units if first is not None else ():
        yield Lint(
            "time-unit",
            f"all times lie in January 1970: they look like {unit} since then, and are read as "
            "nanoseconds",
            f'convert them, as with pandas.to_datetime(column, unit="{unit}", utc=True)',
            first,
        )


def _time_order(pairs: Iterable[Pair]) -> Iterator[Lint]:
    """Find series in which time goes back again and again: the data are not sorted by it."""
    last: dict[Any, int] = {}
    steps: dict[Any, int] = {}
    back: dict[Any, int] = {}
    example: dict[Any, Item] = {}
    for item, _ in pairs:
        if isinstance(item, Batch):
            last.clear()  # windows may overlap
        for point in item.points if isinstance(item, Batch) else (item,):
            series = (point.name, point.group, frozenset(point.tags.items()))
            before = last.get(series, point.time)
            last[series] = point.time
            if point.time != before:
                steps[series] = steps.get(series, 0) + 1
            if point.time < before:
                back[series] = back.get(series, 0) + 1
                example.setdefault(series, item)
    for series, count in back.items():
        if count > max(1, _BACK_MAX * steps[series]):
            backwards = count == steps[series]
            run = "run backwards, the newest first" if backwards else "jump back and forth"
            yield Lint(
                "time-order",
                f"times {run}: of {steps[series]} steps in time of a series {count} go back; "
                "Kapacitor passes points on as they come, and they come as they happen",
                "sort them, as with frame.sort_index(), or frame.sort_values(column) where a "
                "column holds the times",
                example[series],
            )
            return


def _text_number(pairs: Iterable[Pair]) -> Iterator[Lint]:
    """Find fields that are text for the sake of a few cells that say that there is no value."""
    absent: dict[str, tuple[str, Item]] = {}
    numbers: dict[str, int] = {}
    others: set[str] = set()
    for item, _ in pairs:
        for point in item.points if isinstance(item, Batch) else (item,):
            for name, value in point.fields.items():
                if name in others:
                    continue
                if not isinstance(value, str):
                    others.add(name)
                elif value.strip().lower() in _ABSENT:
                    absent.setdefault(name, (value, item))
                elif _is_number(value):
                    numbers[name] = numbers.get(name, 0) + 1
                else:
                    others.add(name)
    for name, (value, item) in absent.items():
        if name in numbers and name not in others:
            yield Lint(
                "text-number",
                f"field {name!r} is text, though {numbers[name]} of its values are numbers and the "
                f"others are {value!r} or the like: one such cell makes a column of a CSV text",
                "leave such cells empty, or give what pandas.read_csv makes of the file",
                item,
            )
            return


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


# ------------------------------------------------------------- what a second run shows


def _state_grows(subject: Subject) -> Iterator[Lint]:
    """Weigh the state all along; what never levels off is unbounded, as far as one can see."""
    items = subject.simulation.inputs
    if len(items) < _SAMPLES:
        return
    marks = {len(items) * step // _SAMPLES for step in range(1, _SAMPLES + 1)}
    history: dict[str, list[int]] = {}
    with patch.dict("os.environ", subject.case.env):
        process = subject.case.start(snapshot=subject.restored)
        for count, item in enumerate(track(items, f"state of {subject.case.name}"), 1):
            process.feed(item)
            if process.error is not None:
                break
            if count in marks:
                held = {**state_of(process), **subject.case.hidden.values()}
                for name, heaviest in _heaviest(held).items():
                    history.setdefault(name, []).append(heaviest)
        process.kill()
    for name, weights in history.items():
        if _grows(weights):
            early = weights[len(weights) // 4 - 1]
            yield Lint(
                "state-grows",
                f"{name} grew all through the run, from {early} values after a quarter of it to "
                f"{weights[-1]} at the end",
                "keep less, as with deque(maxlen=…), or let go of groups with group_idle or "
                "group_cap; if it is bounded by more than this, run it on more data",
                items[-1],
            )


def _heaviest(held: Mapping[str, Any]) -> dict[str, int]:
    """Return the weight of each part; of all groups' states only that of the heaviest."""
    weights: dict[str, int] = {}
    for name, value in held.items():
        part = "the state of a group" if name.startswith("group ") else name
        weights[part] = max(weights.get(part, 0), weight(value))
    return weights


def _grows(weights: list[int]) -> bool:
    """Tell whether it grew in each quarter, and in the last not much less than before."""
    if len(weights) < _SAMPLES or weights[-1] < _WEIGHT_MIN:
        return False
    quarter = len(weights) // 4
    marks = [weights[quarter * step - 1] for step in range(1, 4)] + [weights[-1]]
    steps = [later - earlier for earlier, later in pairwise(marks)]
    fallen = any(later < 0.9 * earlier for earlier, later in pairwise(weights))
    return not fallen and min(steps) > 0 and steps[-1] >= 0.5 * max(steps)


def _map_order(subject: Subject) -> Iterator[Lint]:
    items = subject.simulation.inputs
    runs = [
        play(subject.case, items, snapshot=subject.restored, codec=ShuffledCodec(seed))
        for seed in (1, 2)
    ]
    once_more = play(subject.case, items, snapshot=subject.restored, codec=ShuffledCodec(2))
    pairs = zip(runs[0].outputs, runs[1].outputs, once_more.outputs, strict=False)
    for position, (one, other, again) in enumerate(pairs):
        if list(map(look, other)) != list(map(look, again)):
            return  # not the order: the Handler is not repeatable
        if list(map(look, one)) != list(map(look, other)):
            yield Lint(
                "map-order",
                "the answer depends on the order in which map entries stand on the wire, which is "
                "random in production",
                "take fields by name: [point.fields[name] for name in NAMES]",
                items[position],
                other[0] if other else None,
            )
            return


def _deadline(subject: Subject) -> Iterator[Lint]:
    if subject.rate is None:
        return
    items = subject.simulation.inputs
    run = play(subject.case, items, snapshot=subject.restored, clock=subject.clock)
    if not run.seconds:
        return
    seconds, limit = sorted(run.seconds), subject.timeout / 2
    mean = sum(seconds) / len(seconds)
    slowest = items[run.seconds.index(seconds[-1])]
    if mean * subject.rate > _BUSY_MAX:
        text = (
            f"one input takes {mean:.3g} s on average here, and {subject.rate:g} of them come a "
            f"second: that is {mean * subject.rate:.0%} of the time, so they will queue up"
        )
    elif seconds[-1] > limit:
        text = f"one input took {seconds[-1]:.3g} s, more than half the timeout"
    elif min(subject.rate * subject.timeout, PIPE_POINTS) * seconds[len(seconds) // 2] > limit:
        text = (
            "what can wait before a keepalive takes longer than half the timeout: "
            f"{seconds[len(seconds) // 2]:.3g} s each"
        )
    else:
        return
    yield Lint(
        "deadline",
        f"{text} (timeout {subject.timeout:g} s)",
        "make it faster, raise timeout in kapacitor.conf, or give it less; kapnb's agent gives "
        "signs of life while it works, the official one does not",
        slowest,
    )


#: Rules on what went out, in the order in which they speak.
OUTPUT_RULES: tuple[Callable[[Iterable[Pair]], Iterator[Lint]], ...] = (
    _group_lost,
    _tags_lost,
    _type_changed,
    _untagged_points,
    _time_unit,
    _time_order,
    _text_number,
)
#: Rules that let the Handler run again; they speak after those.
REPLAY_RULES: tuple[Callable[[Subject], Iterator[Lint]], ...] = (
    _state_grows,
    _map_order,
    _deadline,
)
