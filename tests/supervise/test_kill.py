"""The kill test: 50 SIGKILLs of the Handler process at random moments over 200,000 points."""

import itertools
import json
import os
import random
import signal

import pytest

from harness import cpu
from kapnb.model import InitRequest, Point, SnapshotRequest, SnapshotResponse

POINTS, GROUPS, KILLS = 200_000, 100, 50

HANDLER = """
progress = os.open({progress!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


class UDF(Handler):
    handled = 0

    def group_state(self):
        return {{"count": 0, "sum": 0}}

    def point(self, point, state):
        UDF.handled += 1
        if UDF.handled % 50 == 0:  # replays count as well
            os.write(progress, b".")
        state["count"] += 1
        state["sum"] = (31 * state["sum"] + point.time) % 1_000_003
        yield point.with_fields(count=state["count"], sum=state["sum"])
        if state["count"] % 10 == 0:
            yield Point({{"tenth": state["count"]}})
"""


def inputs():
    """Yield the points, in groups of random order."""
    rng = random.Random(1)
    for time in range(POINTS):
        yield cpu(time=time, host=f"host{rng.randrange(GROUPS)}")


class Expected:
    """What the Handler must answer, worked out without any of the code under test."""

    def __init__(self):
        self.states = {}
        self.outputs = self.run()

    def run(self):
        for point in inputs():
            host = point.tags["host"]
            count, total = self.states.get(host, (0, 0))
            count, total = count + 1, (31 * total + point.time) % 1_000_003
            self.states[host] = count, total
            yield host, point.time, {"value": 1.0, "count": count, "sum": total}
            if count % 10 == 0:
                yield host, point.time, {"tenth": count}


class Killer:
    """Kills Handler processes at random moments, each once, 50 in all.

    The points are sent in portions, one for each planned kill, so that all kills fall due,
    however fast or slow the machine is. A kill is due once a random part of the portion's
    outputs has been seen; a third of the processes that take over are killed too: while they
    start, within their replay, or soon after it.
    """

    def __init__(self, kapacitor, progress, rng):
        self.kapacitor, self.progress, self.rng = kapacitor, progress, rng
        again = set(rng.sample(range(KILLS - 1), KILLS // 3))
        self.again = [number in again for number in range(KILLS)]  # kill who takes over
        self.portion = -(-POINTS // (KILLS - len(again)))
        self.outputs = 0  # wanted for the portions sent so far
        self.killed = []
        self.source = inputs()
        self.next_portion()

    def next_portion(self):
        """Send a portion, and draw after how many outputs the kill is due."""
        self.due_at = self.outputs + self.rng.randrange(self.portion)
        items = list(itertools.islice(self.source, self.portion))
        self.kapacitor.send(*items)
        self.outputs += len(items)  # at the least; there are some more
        self.due_progress = None

    def look(self, seen):
        """Kill if it is time, after `seen` outputs."""
        number, pids = len(self.killed), self.kapacitor.handler_pids()
        if number == KILLS or not pids or pids[-1] in self.killed[-1:]:
            return
        handled = self.progress.stat().st_size if self.progress.exists() else 0
        due = seen >= self.due_at
        if self.due_progress is not None:
            due = handled >= self.due_progress or seen >= self.outputs
        if not due:
            return
        os.kill(pids[-1], signal.SIGKILL)
        self.killed.append(pids[-1])
        if self.again[number]:
            self.due_progress = handled + self.rng.choice([0, 1, 10, 40, 80])
        else:
            self.next_portion()


@pytest.mark.slow
def test_fifty_kills_over_two_hundred_thousand_points(start, tmp_path):
    """Every output exactly once, in order, and the state of each group exact."""
    progress = tmp_path / "progress"
    kapacitor = start(
        HANDLER.format(progress=str(progress)),
        *("--snapshot-every", "2000", "--max-restarts", "1000"),
    )
    kapacitor.send(InitRequest((), "task", "node1"))
    killer, expected = Killer(kapacitor, progress, random.Random(7)), Expected()

    seen, snapshots = 0, []
    while (data := kapacitor.step()) != b"":
        if data:
            kapacitor.connection.receive_data(data)
        for answer in kapacitor.connection.events():
            if isinstance(answer, Point):
                output = (answer.tags["host"], answer.time, dict(answer.fields))
                assert output == next(expected.outputs)
                seen += 1
            elif isinstance(answer, SnapshotResponse):
                snapshots.append(json.loads(answer.snapshot))
        killer.look(seen)
        if len(killer.killed) == KILLS and not kapacitor.closing:
            kapacitor.send(*killer.source, SnapshotRequest())
            kapacitor.close()

    assert next(expected.outputs, None) is None
    assert seen >= POINTS
    (snapshot,) = snapshots
    states = {group: (state["count"], state["sum"]) for group, state in snapshot["groups"].items()}
    assert states == {f"host={host}": state for host, state in expected.states.items()}
    assert kapacitor.wait() == 0
    assert kapacitor.text().count("signal SIGKILL") == len(killer.killed) == KILLS
