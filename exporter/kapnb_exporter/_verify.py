"""Prove that a script answers as the notebook did: start it, replay, compare.

Each check is a function of a `Bench`, which holds what is needed, and says in one line what it
found. The first that fails ends the export.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from kapnb.errors import ExportError, RemoteProtocolError
from kapnb.model import (
    BeginBatch,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InitResponse,
    KeepaliveResponse,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
)
from kapnb.protocol import ProtobufCodec, split_frames
from kapnb.simulation import Difference, Transcript, message_to_text
from kapnb_exporter._difference import side_by_side
from kapnb_exporter._execute import Probe, Recording
from kapnb_exporter._fingerprint import unlike
from kapnb_exporter._process import Answer, Process

__all__ = ["HASH_SEEDS", "Bench", "Row", "verify", "verify_start"]

HASH_SEEDS = ("0", "1")
#: Kapacitor gives a UDF ten seconds by default, and starts its UDFs one after the other.
_SLOW_S = 5.0
_codec = ProtobufCodec(deterministic=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    check : str
        What was looked at.
    verdict : {"ok", "note", "not verified"}
        What came of it.
    detail : str
        In a few words.
    """

    check: str
    verdict: str
    detail: str

    def __str__(self) -> str:
        return f"{self.verdict:<13} {self.check:<24} {self.detail}".rstrip()


@dataclass(frozen=True, slots=True)
class Bench:
    """What the checks work with.

    Parameters
    ----------
    process : Process
        How the script is started.
    recordings : tuple of Recording
        The simulations of its Handler.
    probes : tuple of Probe
        Further sessions of it, held after the notebook had run.
    fingerprints : dict of str to str
        What the notebook defined, to explain a difference.
    deterministic : bool
        Whether the Handler says that it can be replayed.
    allow_state_loss : bool
        Whether it may answer otherwise after a restart.
    other_python : str
        The script's Python version, if it is not the notebook's.
    volatile : tuple of str
        Places in the notebook where the clock, chance or the process decide.
    """

    process: Process
    recordings: tuple[Recording, ...]
    probes: tuple[Probe, ...]
    fingerprints: dict[str, str]
    deterministic: bool = True
    allow_state_loss: bool = False
    other_python: str = ""
    volatile: tuple[str, ...] = ()


def verify(bench: Bench, tell: Callable[[Row], None]) -> list[Row]:
    """Make all checks.

    Parameters
    ----------
    bench : Bench
        The script and what it must do.
    tell : callable
        Takes each row as soon as it is known.

    Returns
    -------
    list of Row
        The table.

    Raises
    ------
    ExportError
        KN403 or KN404 for the first check that fails.
    """
    rows: list[Row] = []
    for check in (_info, _simulations, _options, _restore, _self_check):
        for row in check(bench):
            tell(row)
            rows.append(row)
    return rows


def verify_start(bench: Bench, label: str) -> Row:
    """Check that what was written of a proven script answers as it does.

    Parameters
    ----------
    bench : Bench
        The package and what it must do.
    label : str
        What it is called in the table.

    Raises
    ------
    ExportError
        KN403 if it does not.
    """
    try:
        first = bench.process.run(arguments=["--check"])  # it may unpack itself
        list(_info(bench))
        list(_simulations(bench))
        (check,) = _self_check(bench)
    except ExportError as error:
        problem = str(error).removeprefix(f"{error.code}: ")
        raise ExportError(f"{label}: {problem}", code=error.code) from error
    plural = "s" * (len(bench.recordings) != 1)
    simulations = f"{len(bench.recordings)} simulation{plural}, as the script"
    return Row(label, "ok", f"{simulations}; --check within {first.seconds:.2f} s, {check.detail}")


# --------------------------------------------------------------------------------- checks


def _info(bench: Bench) -> Iterator[Row]:
    """Info is answered, quickly, as the notebook's Handler would."""
    answer = bench.process.run(_codec.encode_request(InfoRequest(), in_batch=False))
    told = [m for m in _messages(answer, "info") if not isinstance(m, KeepaliveResponse)]
    found = "; ".join(map(message_to_text, told))
    expected = bench.recordings[0].info
    if found != expected:
        raise ExportError(
            "the script declares something else than the notebook's Handler\n"
            f"  notebook: {expected}\n  script:   {found or '(nothing)'}{answer.last_words}",
            code="KN403",
        )
    verdict = "ok" if answer.seconds < _SLOW_S else "note"
    yield Row("info", verdict, f"answered within {answer.seconds:.2f} s of the start")


def _simulations(bench: Bench) -> Iterator[Row]:
    """Each simulation, under two hash seeds, from the first answer to the exit status."""
    jobs = [(r, seed) for r in bench.recordings for seed in HASH_SEEDS]
    with ThreadPoolExecutor(len(HASH_SEEDS)) as pool:
        answers = list(pool.map(lambda job: _replay(bench, *job), jobs))
    for number, recording in enumerate(bench.recordings, 1):
        for (ours, seed), answer in zip(jobs, answers, strict=True):
            if ours is recording:
                which = f"simulation {number}, hash seed {seed}"
                _compare(bench, recording.transcript, answer, which)
        end = "; fails as it did" if recording.error else ""
        responses = sum(1 for is_request, _ in recording.transcript if not is_request)
        detail = f"{recording.inputs} in, {responses} answers equal under {len(HASH_SEEDS)} seeds"
        yield Row(f"simulation {number}", "ok", detail + end)
    slowest = max(answer.seconds for answer in answers)
    yield Row("stdout", "ok", "nothing but frames, to the last byte")
    yield Row("end of input", "ok", f"left by itself; the longest run took {slowest:.2f} s")


def _replay(bench: Bench, recording: Recording, seed: str) -> Answer:
    requests = recording.transcript.requests
    return bench.process.run(requests, env=recording.env, seed=seed)


def _options(bench: Bench) -> Iterator[Row]:
    """Init without options and with each of them: accepted, or refused, as in the notebook."""
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(lambda p: bench.process.run(p.transcript.requests, env=p.env), bench.probes)
        )
    for probe, answer in zip(bench.probes, answers, strict=True):
        _compare(bench, probe.transcript, answer, f"init with {probe.name}")
    if bench.probes:
        quickest = min(answer.seconds for answer in answers)
        names = ", ".join(probe.name for probe in bench.probes)
        yield Row("init", "ok", f"with {names}; within {quickest:.2f} s of the start")


def _restore(bench: Bench) -> Iterator[Row]:
    """Restart in the midst of a simulation: nothing changes."""
    if not bench.deterministic:
        yield Row("restart", "not verified", "the Handler is declared deterministic = False")
        return
    found = next(filter(None, map(_cut, bench.recordings)), None)
    if found is None:
        yield Row("restart", "not verified", "no simulation is long enough to be cut")
        return
    recording, requests, cut = found
    where = f"after {cut - 1} of {len(requests) - 1} inputs"
    difference = _restarted(bench, recording, requests, cut)
    if difference is None:
        yield Row("restart", "ok", f"snapshot and restore {where} change no answer")
    elif bench.allow_state_loss:
        yield Row("restart", "note", f"a restart {where} changes answers, as was allowed")
    else:
        raise ExportError(
            f"after a restart {where} the script answers otherwise: its snapshot does not hold "
            "all of its state\n"
            f"{side_by_side(difference)}\n"
            "Keep state in what group_state() returns, or override snapshot and restore; "
            "--allow-state-loss exports it as it is",
            code="KN404",
        )


def _self_check(bench: Bench) -> Iterator[Row]:
    """Have the script check itself."""
    answer = bench.process.run(arguments=["--check"])
    if answer.status:
        raise ExportError(f"--check fails{answer.last_words}", code="KN403")
    yield Row("--check", "ok", answer.stdout.decode(errors="replace").strip().partition(": ")[2])


# ------------------------------------------------------------------------------- restarts


def _cut(recording: Recording) -> tuple[Recording, list[Any], int] | None:
    """Return requests of a simulation and where to cut them: outside batches, but at random."""
    if recording.error is not None:
        return None
    requests = [message for is_request, message in recording.transcript if is_request]
    if requests and isinstance(requests[-1], SnapshotRequest):
        requests.pop()
    cuts, in_batch = [], False
    for index, message in enumerate(requests):
        if index > 1 and not in_batch and not isinstance(message, RestoreRequest):
            cuts.append(index)
        in_batch = isinstance(message, BeginBatch) or (
            in_batch and not isinstance(message, EndBatch)
        )
    if not cuts:
        return None
    seed = hashlib.sha256(recording.transcript.requests).hexdigest()
    return recording, requests, random.Random(seed).choice(cuts)  # noqa: S311  # the same each time


def _restarted(
    bench: Bench, recording: Recording, requests: Sequence[Any], cut: int
) -> Difference | None:
    """Run up to the cut, take a snapshot, go on in another process; compare the whole."""
    first = bench.process.run(_encoded([*requests[:cut], SnapshotRequest()]), env=recording.env)
    before = _messages(first, "snapshot")
    taken = [index for index, m in enumerate(before) if isinstance(m, SnapshotResponse)]
    if not taken:
        return Difference(len(before), "snapshot  {}", "")
    snapshot = before[taken[0]]
    rest = [requests[0], RestoreRequest(snapshot.snapshot), *requests[cut:]]
    second = bench.process.run(_encoded(rest), env=recording.env)
    after = [
        message
        for message in _messages(second, "restore")
        if not isinstance(message, (InitResponse, RestoreResponse))
    ]
    expected = Transcript()
    for is_request, message in recording.transcript:
        if not is_request and not isinstance(message, SnapshotResponse):
            expected.add(False, _codec.encode_response(message, in_batch=False))
    whole = [*before[: taken[0]], *after]
    return expected.difference(
        b"".join(_codec.encode_response(message, in_batch=False) for message in whole)
    )


def _encoded(requests: Sequence[Any]) -> bytes:
    return b"".join(_codec.encode_request(message, in_batch=False) for message in requests)


# ------------------------------------------------------------------------------ comparing


def _compare(bench: Bench, expected: Transcript, answer: Answer, which: str) -> None:
    found = _messages(answer, which)
    difference = expected.difference(answer.stdout) or _other_reason(expected, found)
    if difference is not None:
        raise ExportError(
            f"the script does not answer as the notebook did ({which}); no file was written\n"
            f"{side_by_side(difference)}{answer.last_words}{_why(bench)}",
            code="KN403",
        )
    status = 1 if any(isinstance(message, ErrorResponse) for message in found) else 0
    if answer.status != status:
        raise ExportError(
            f"the script left with status {answer.status} instead of {status} ({which})"
            f"{answer.last_words}",
            code="KN403",
        )


def _messages(answer: Answer, which: str) -> list[Any]:
    try:
        return [_codec.decode_response(body) for body in split_frames(answer.stdout)]
    except (ValueError, RemoteProtocolError) as error:
        raise ExportError(
            f"the script wrote something else than frames to stdout, or was cut off ({which}): "
            f"{error}{answer.last_words}",
            code="KN403",
        ) from error


def _other_reason(expected: Transcript, found: Sequence[Any]) -> Difference | None:
    """Compare why something was refused or failed; places in files apart."""
    ours = [m for is_request, m in expected if not is_request and _reason(m)]
    theirs = [m for m in found if _reason(m)]
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True), 1):
        if _reason(one) != _reason(other):
            return Difference(number, message_to_text(one), message_to_text(other))
    return None


def _reason(message: Any) -> str:
    text = getattr(message, "error", "") or ""
    return re.sub(r" \(in .*", "", text, flags=re.DOTALL)


def _why(bench: Bench) -> str:
    """Say what else differs: the interpreter, the hour, definitions once the notebook had run."""
    if bench.volatile:
        return (
            f"\nIt calls what gives something else each time: {', '.join(bench.volatile)}. "
            "Take the point's time, or seed random.Random in group_state()"
        )
    if bench.other_python:
        here = ".".join(map(str, sys.version_info[:2]))
        return (
            f"\nThe notebook ran on Python {here} and the script on {bench.other_python}. Sums of "
            "floats by sum() differ in their last bits before and since 3.12; math.fsum does not"
        )
    program = (
        "import json, runpy, sys\n"
        "from kapnb_exporter._fingerprint import fingerprint\n"
        "space = runpy.run_path(sys.argv[1], run_name='exported')\n"
        "print(json.dumps({n: fingerprint(space[n]) for n in sys.argv[2:] if n in space}))\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program, str(bench.process.script), *bench.fingerprints],
        capture_output=True,
        text=True,
        cwd=bench.process.folder,
        env={**os.environ, "PYTHONPATH": str(bench.process.script.parent)},
        check=False,
    )
    if done.returncode:
        return ""
    text = unlike(bench.fingerprints, json.loads(done.stdout.splitlines()[-1]))
    return f"\nThey are not defined alike:\n{text}" if text else ""
