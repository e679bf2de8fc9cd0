"""What the benchmarks share: exported scripts, and requests in bulk."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from kapnb.model import InitRequest, OptionValue, Point, ReceivedOption, ValueType
from kapnb.protocol import ProtobufCodec
from kapnb_exporter import export
from notebooks import write_notebook

NOTEBOOK = """\
# %%
from collections import deque
from kapnb import Handler, Option, Point, simulate, udf
# %%
@udf
class MovingAverage(Handler):
    field = Option(str)
    size = Option(int, default=50)

    def group_state(self):
        return deque(maxlen=self.size)

    def point(self, point, state):
        state.append(point.fields[self.field])
        yield point.with_fields(mean=sum(state) / len(state))
# %%
simulate(MovingAverage, [Point({"x": 1.5}, time=1, name="m")], options={"field": "x"})
"""

MIRROR = """\
# %%
from kapnb import Handler, Point, simulate, udf
# %%
@udf
class Mirror(Handler):
    pass
# %%
simulate(Mirror, [Point({"x": 1.5}, time=1, name="m")])
"""


@pytest.fixture(scope="session")
def scripts(tmp_path_factory) -> dict[str, Path]:
    """Exported scripts by Handler."""
    exported = {}
    for text in (NOTEBOOK, MIRROR):
        folder = tmp_path_factory.mktemp("export")
        done = export(write_notebook(folder / "notebook.ipynb", text), folder)
        exported[done.handler] = done.script
    return exported


def init_requests(**options: str) -> bytes:
    """Return an init request with STRING options."""
    received = tuple(
        ReceivedOption(name, (OptionValue(ValueType.STRING, value),))
        for name, value in options.items()
    )
    return ProtobufCodec().encode_request(InitRequest(received), in_batch=False)


def point_requests(count: int) -> bytes:
    """Return `count` points as a Telegraf stream has them: 3 tags, 2 floats and an int."""
    codec = ProtobufCodec()
    frames = [
        codec.encode_request(
            Point(
                {"usage_user": 1.5 * n, "usage_system": 2.5, "count": n},
                time=1_700_000_000_000_000_000 + n,
                name="cpu",
                tags={"host": f"host{n % 10}", "region": "eu-central", "cpu": "cpu0"},
                dimensions=["host"],
                database="telegraf",
                retention_policy="autogen",
            ),
            in_batch=False,
        )
        for n in range(1000)
    ]
    return b"".join(frames) * (count // 1000)
