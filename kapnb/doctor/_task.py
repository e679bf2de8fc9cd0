"""A UDF's life, played: the daemon's question at its start, then a task with all that happens.

Each act is reported on; what ends the process leaves the acts that follow unchecked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from kapnb.doctor._data import Feed
from kapnb.doctor._findings import Report, Trouble
from kapnb.doctor._limits import Limits
from kapnb.doctor._plan import Plan
from kapnb.doctor._process import Process
from kapnb.doctor._streams import Stderr
from kapnb.errors import RemoteProtocolError
from kapnb.model import (
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    Point,
    ReceivedOption,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.simulation import message_to_text

__all__ = ["Task", "ask_info"]

#: At the most so many points are compared after a restore.
_HALF_MAX = 2000
#: Points of the memory check between two looks at the clock.
_CHUNK = 5000
_DATA = (Point, BeginBatch, EndBatch)
_ACTS = ("init", "keepalive", "data", "snapshot", "memory", "end of input", "restore")


def ask_info(plan: Plan, limits: Limits, stderr: Stderr, report: Report) -> InfoResponse | None:
    """Do what the daemon does at its start; return the answer, or None if there is none."""
    check, answer = "info", None
    try:
        with Process(plan.command, limits, stderr) as process:
            answer = _ask(process, InfoRequest(), InfoResponse, limits)
            _judge_info(answer, process.age_s, limits, report)
            check, start = "info, end", limits.clock()
            process.end()
            took = limits.clock() - start
            report.ok(check, f"left {took:.2f} s after the end of its input, with status 0")
    except Trouble as trouble:
        report.trouble(check, trouble)
    return answer


def _judge_info(info: InfoResponse, took_s: float, limits: Limits, report: Report) -> None:
    text = f"answered {took_s:.2f} s after its start, imports included"
    if took_s > limits.timeout_s / 2:
        report.warn(
            "info",
            f"{text}; the timeout is {limits.timeout_s:g} s",
            "import what is heavy in init, or raise the timeout",
        )
    else:
        report.ok("info", f"{text}: {info.wants.name} in, {info.provides.name} out")


def _ask(process: Process, request: Any, kind: type, limits: Limits) -> Any:
    """Send a request and return the answer, which is of that kind."""
    answer: Any = None
    for answer in process.exchange([request], lambda e: isinstance(e, kind), limits.answer_s):
        _refuse_error(answer)
    return answer


def _refuse_error(event: Any) -> None:
    if isinstance(event, ErrorResponse):
        raise Trouble(f"it reports an error: {event.error}", "mend what the text names")


class Task:
    """The process of a task, and those that Kapacitor would start after it.

    Parameters
    ----------
    plan, info, options, feed, limits, stderr, report
        What is examined, with what, and where the findings go.
    real : bool
        Whether the data is real; what fails on made-up data may be the data's fault.
    """

    def __init__(
        self,
        plan: Plan,
        info: InfoResponse,
        options: Sequence[ReceivedOption],
        feed: Feed,
        limits: Limits,
        stderr: Stderr,
        report: Report,
        *,
        real: bool,
    ) -> None:
        self._plan, self._info, self._options = plan, info, tuple(options)
        self._feed, self._limits, self._stderr = feed, limits, stderr
        self._report, self._real = report, real
        half = max(1, min(feed.size // 2, _HALF_MAX))
        self._first, self._second = list(feed.take(half)), list(feed.take(half))
        self._act = "init"  # under way
        self._snapshot: bytes | None = None
        self._before: list[str] = []  # what came for the first half of the data
        self._after: list[str] = []  # and for the second

    def check(self) -> None:
        """Play it all."""
        try:
            with self._start() as process:
                if self._check_init(process):
                    self._check_running(process)
            if self._snapshot is not None:
                self._act = "restore"
                self._check_restore(self._snapshot)
                return
        except Trouble as trouble:
            self._stopped(trouble)
        left = _ACTS[_ACTS.index(self._act) + 1 :]
        if left:
            self._report.warn("not checked", ", ".join(left))

    def _stopped(self, trouble: Trouble) -> None:
        text = trouble.text
        missing = "KeyError" in text or "no field" in text
        if self._act == "data" and missing and not self._real:
            self._report.warn("data", f"{text} (made-up points)", "give real ones: --data FILE")
        else:
            self._report.trouble(self._act, trouble)

    # ------------------------------------------------------------------- acts

    def _start(self) -> Process:
        info = self._info
        return Process(self._plan.command, self._limits, self._stderr, info.wants, info.provides)

    def _init(self, process: Process) -> InitResponse:
        request = InitRequest(self._options, "doctor", "doctor2")
        answer: InitResponse = _ask(process, request, InitResponse, self._limits)
        return answer

    def _check_init(self, process: Process) -> bool:
        """Report on the answer to init; return whether there is more to see."""
        answer = self._init(process)
        if answer.success:
            self._report.ok("init", f"answered {process.age_s:.2f} s after the start")
            return True
        text = f"refused: {answer.error or 'without a word why'}"
        if self._options or not self._info.options:
            self._report.fail("init", text, "mend the options, or what the text names")
        else:
            takes = ", ".join(sorted(self._info.options))
            self._report.warn("init", text, f"give its options by --option NAME=VALUE: {takes}")
        if not process.leaves():
            self._report.warn(
                "init, end",
                f"still there {self._limits.exit_s:g} s after it refused; Kapacitor forgets it so",
                "leave with status 0 after such an answer",
            )
        return False

    def _check_running(self, process: Process) -> None:
        self._act = "keepalive"
        self._check_keepalive(process)
        self._act = "data"
        self._before, snapshot = self._play(process, self._first)
        self._act = "snapshot"
        self._report_snapshot(snapshot)
        self._act = "data"
        self._after, _ = self._play(process, self._second)
        self._report_data()
        self._act = "memory"
        self._check_memory(process)
        self._act = "end of input"
        start = self._limits.clock()
        process.end()
        took = self._limits.clock() - start
        self._report.ok(self._act, f"left {took:.2f} s after it, with status 0")
        self._snapshot = snapshot

    def _check_keepalive(self, process: Process) -> None:
        start = self._limits.clock()
        self._wait(process)
        self._report.ok("keepalive", f"answered in {(self._limits.clock() - start) * 1000:.1f} ms")

    def _wait(self, process: Process, messages: Iterable[Any] = (), mark: int = 1) -> None:
        """Send messages and a keepalive request; return when that one is answered."""
        last = KeepaliveResponse(mark)
        requests = chain(messages, [KeepaliveRequest(mark)])
        for event in process.exchange(requests, lambda e: e == last, self._limits.answer_s):
            _refuse_error(event)

    def _play(self, process: Process, messages: Iterable[Any]) -> tuple[list[str], bytes]:
        """Send data and ask for a snapshot; return what came out, as texts, and the snapshot."""
        outputs: list[str] = []
        snapshot = b""
        for event in process.exchange(
            chain(messages, [SnapshotRequest()]),
            lambda e: isinstance(e, SnapshotResponse),
            self._limits.answer_s,
        ):
            _refuse_error(event)
            if isinstance(event, SnapshotResponse):
                snapshot = event.snapshot
            elif isinstance(event, _DATA):
                outputs.append(_text(event))
        return outputs, snapshot

    def _report_data(self) -> None:
        outputs = [*self._before, *self._after]
        batches = sum(text.startswith("begin") for text in outputs)
        points = sum(text.startswith("point") for text in outputs)
        out = f"{points} points" + (f" in {batches} batches" if batches else "")
        sent = sum(isinstance(item, Point) for item in (*self._first, *self._second))
        origin = "" if self._real else " made-up"
        text = f"{sent}{origin} points in, {out} out"
        if self._real and not outputs:
            self._report.warn("data", text, "see whether that is meant")
        else:
            self._report.ok("data", text)

    def _report_snapshot(self, snapshot: bytes) -> None:
        if snapshot:
            self._report.ok("snapshot", f"{len(snapshot)} bytes")
        else:
            self._report.ok("snapshot", "empty, so Kapacitor keeps none")

    # ----------------------------------------------------------------- memory

    def _check_memory(self, process: Process) -> None:
        limits, report = self._limits, self._report
        self._wait(process, self._feed.take(limits.points // 5))
        before, start, done = process.memory(), self._limits.clock(), 0
        if before is None:
            report.warn("memory", "this system has no /proc to read it from", "examine on Linux")
            return
        while done < limits.points and self._limits.clock() - start < limits.memory_s:
            count = min(_CHUNK, limits.points - done)
            done += count
            self._wait(process, self._feed.take(count), done + 1)
        grown = max((process.memory() or before) - before, 0)
        each = grown / done
        text = (
            f"{before / 1e6:.0f} MB, and {grown / 1e6:.1f} MB more over {done:,} points: "
            f"{each:.0f} bytes a point, {limits.growth_bytes:.0f} allowed"
        )
        if each > limits.growth_bytes and grown > limits.growth_floor_bytes:
            report.fail("memory", text, "bound what is kept: deque(maxlen=…), groups that expire")
        else:
            report.ok("memory", text)

    # ---------------------------------------------------------------- restore

    def _check_restore(self, snapshot: bytes) -> None:
        """Go on in a fresh process from the snapshot, and compare what comes out."""
        with self._start() as process:
            self._init(process)
            if snapshot:
                request = RestoreRequest(snapshot)
                answer = _ask(process, request, RestoreResponse, self._limits)
                if not answer.success:
                    self._report.fail(
                        "restore",
                        f"its own snapshot is refused: {answer.error}",
                        "take it, or return an empty snapshot: the task could not start again",
                    )
                    return
            found, _ = self._play(process, self._second)
            with contextlib.suppress(Trouble):  # its end was checked before
                process.end()
        self._compare(found, snapshot)

    def _compare(self, found: list[str], snapshot: bytes) -> None:
        report, expected = self._report, self._after
        if found == expected:
            how = "and what follows is the same" if snapshot else "and there is no state to keep"
            report.ok("restore", f"a fresh process goes on, {how}")
        elif not snapshot:
            report.warn(
                "restore",
                "a fresh process answers otherwise: state is lost at every restart",
                "return the state from snapshot(), and take it in restore()",
            )
        elif self._repeats():
            report.fail(
                "restore",
                f"accepted, but then it answers otherwise: {_difference(expected, found)}",
                "keep all state in the snapshot",
            )
        else:
            report.warn("restore", "accepted; answers differ from run to run anyhow")

    def _repeats(self) -> bool:
        """Return whether another process answers the same data alike."""
        with self._start() as process:
            self._init(process)
            before, _ = self._play(process, self._first)
            after, _ = self._play(process, self._second)
        return (before, after) == (self._before, self._after)


def _text(event: Any) -> str:
    try:
        return message_to_text(event)
    except RemoteProtocolError as error:  # a point is decoded when it is looked at
        raise Trouble(str(error), "send whole, valid points", "stdout") from error


def _difference(expected: list[str], found: list[str]) -> str:
    for number, (ours, theirs) in enumerate(zip(expected, found, strict=False), 1):
        if ours != theirs:
            return f"response {number} is {theirs}, without the restart {ours}"
    return f"{len(found)} responses, without the restart {len(expected)}"
