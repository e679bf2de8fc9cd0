"""What the benchmarks send: init requests, and points in bulk."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kapnb.model import (
    BeginBatch,
    EndBatch,
    InitRequest,
    OptionValue,
    Point,
    ReceivedOption,
    ValueType,
)
from kapnb.protocol import ProtobufCodec

__all__ = ["WORKLOADS", "init", "narrow"]

_START = 1_700_000_000_000_000_000
_SECOND = 1_000_000_000
_CODEC = ProtobufCodec()


def frame(message: object) -> bytes:
    """Return a request's frame."""
    return _CODEC.encode_request(message, in_batch=False)


def init() -> bytes:
    """Return an init request that names the field to average."""
    option = ReceivedOption("field", (OptionValue(ValueType.STRING, "usage_user"),))
    return frame(InitRequest((option,)))


def narrow(number: int, group: str) -> bytes:
    """Return a point as Telegraf sends them: three tags, two floats, an int."""
    return frame(
        Point(
            {"usage_user": 1.5 * number, "usage_system": 2.5, "count": number},
            time=_START + number * _SECOND,
            name="cpu",
            tags={"host": group, "region": "eu-central", "cpu": "cpu0"},
            dimensions=["host"],
            database="telegraf",
            retention_policy="autogen",
        )
    )


def wide(number: int, group: str) -> bytes:
    """Return a point of thirty fields."""
    fields = {"usage_user": 1.5 * number} | {f"channel_{k:02d}": k + number / 7 for k in range(29)}
    return frame(
        Point(
            fields,
            time=_START + number * _SECOND,
            name="weld",
            tags={"host": group},
            dimensions=["host"],
            database="telegraf",
            retention_policy="autogen",
        )
    )


def _stream(point: Callable[[int, str], bytes], groups: int) -> Callable[[int], Iterator[bytes]]:
    def chunks(count: int) -> Iterator[bytes]:
        yield init()
        block = b"".join(point(number, f"host{number % groups}") for number in range(1000))
        for _ in range(count // 1000):
            yield block

    return chunks


def _batches(count: int) -> Iterator[bytes]:
    """Yield batches of a thousand points."""
    yield init()
    points = b"".join(
        frame(
            Point(
                {"usage_user": 1.5 * number, "usage_system": 2.5},
                time=_START + number * _SECOND,
                tags={"host": "host1", "cpu": "cpu0"},
            )
        )
        for number in range(1000)
    )
    tags = {"host": "host1"}
    begin = frame(BeginBatch("cpu", "host=host1", tags, 1000))
    end = frame(EndBatch("cpu", "host=host1", _START + 1000 * _SECOND, tags))
    for _ in range(count // 1000):
        yield begin + points + end


#: Workload → the handler that takes it, and what makes its requests.
WORKLOADS: dict[str, tuple[str, Callable[[int], Iterator[bytes]]]] = {
    "mirror": ("mirror", _stream(narrow, 100)),
    "moving average": ("average", _stream(narrow, 100)),
    "30 fields, average": ("average", _stream(wide, 100)),
    "batches of 1,000": ("batch", _batches),
}
