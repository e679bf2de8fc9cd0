"""What a Handler failed on is kept, and can be tried again."""

from datetime import UTC, datetime

from test_agent_feed import frames

from harness import cpu
from kapnb import BATCH, Handler, simulate
from kapnb.agent import Agent
from kapnb.agent._dead_letters import DeadLetters, dead_letters_for
from kapnb.model import BeginBatch, EndBatch, InitRequest, Point

MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Fragile(Handler):
    """Fails on negative values."""

    error_policy = "skip"

    def point(self, point, state):
        if point.fields["value"] < 0:
            raise ValueError("negative")
        state["n"] = state.get("n", 0) + 1
        return point


class Sturdy(Handler):
    """Fragile, mended."""


def feed(handler, path, *messages):
    """Run a Handler on messages with its dead letters at `path`."""
    letters = DeadLetters(str(path), type(handler).__name__, clock=lambda: MOMENT)
    Agent(handler, skip=letters).feed(frames(InitRequest(), *messages))


def test_a_skipped_point_is_kept_with_its_reason(tmp_path):
    """As line protocol, with comments that people read."""
    feed(Fragile(), tmp_path / "dead.lp", cpu(1.0), cpu(-1.0, time=5), cpu(2.0))

    comment, line = (tmp_path / "dead.lp").read_text().splitlines()

    assert comment.startswith(
        "# 2026-01-31T12:00:00+00:00 Fragile skipped 1 point(s), grouped by 'host': "
        "ValueError: negative (in Fragile.point, line "
    )
    assert line == "cpu,dc=x,host=a value=-1.0 5"


def test_the_file_can_be_simulated_with_the_mended_handler(tmp_path):
    """The points come back as they were, in their groups."""
    path = tmp_path / "dead.lp"
    points = [cpu(-1.0 * n, time=n, host="ab"[n % 2]) for n in range(1, 5)]
    feed(Fragile(), path, *points)

    simulation = simulate(Sturdy, path, group_by="host")

    assert [output.item.fields for output in simulation.outputs] == [p.fields for p in points]
    assert [output.item.group for output in simulation.outputs] == [p.group for p in points]


def test_a_skipped_batch_is_kept_whole(tmp_path):
    """Its points get the name that only the begin carries."""

    class FragileBatch(Handler):
        wants = provides = BATCH
        error_policy = "skip"

        def batch(self, batch):
            raise ValueError("boom")

    tags = {"host": "a"}
    inner = [Point({"value": float(n)}, time=n, tags=tags) for n in range(2)]
    begin, end = BeginBatch("cpu", "host=a", tags, 2), EndBatch("cpu", "host=a", 9, tags)
    feed(FragileBatch(), tmp_path / "dead.lp", begin, *inner, end)

    comment, *lines = (tmp_path / "dead.lp").read_text().splitlines()

    assert "skipped 2 point(s), grouped by 'host': ValueError: boom" in comment
    assert lines == ["cpu,host=a value=0.0 0", "cpu,host=a value=1.0 1"]


def test_a_file_that_cannot_be_written_is_said_once_and_stops_nothing(tmp_path, caplog):
    """Better a lost letter than a lost task."""
    handler = Fragile()

    feed(handler, tmp_path / "no" / "dead.lp", cpu(-1.0), cpu(-2.0), cpu(3.0))

    assert handler.group_states == {"host=a": {"n": 1}}
    assert caplog.text.count("dead letters cannot be written") == 1


def test_the_environment_comes_before_the_class():
    """The operator knows where there is room."""
    handler = type("Named", (Fragile,), {"dead_letters": "class.lp"})()

    assert dead_letters_for(handler, {})._path == "class.lp"
    assert dead_letters_for(handler, {"KAPNB_DEAD_LETTERS": "env.lp"})._path == "env.lp"
    assert dead_letters_for(Fragile(), {}) is None
