"""Prove that a script answers as the notebook did: start it, replay, compare.

Each simulation is replayed against fresh processes under two hash seeds, so that what hangs
on the order of a set differs here and not in production.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kapnb.errors import ExportError
from kapnb.model import KeepaliveResponse
from kapnb.protocol import ProtobufCodec, split_frames
from kapnb.simulation import message_to_text
from kapnb_exporter._execute import Recording

__all__ = ["HASH_SEEDS", "verify"]

HASH_SEEDS = ("0", "1")
_INFO_REQUEST = bytes.fromhex("020a00")
#: Seconds a replay may take beyond what any simulation needs; a script that hangs must not
#: hang the export.
_PATIENCE_S = 600


def verify(script: Path, recordings: Sequence[Recording], folder: Path) -> None:
    """Replay `recordings` against `script`.

    Parameters
    ----------
    script : Path
        The script, somewhere temporary.
    recordings : sequence of Recording
        The simulations of its Handler.
    folder : Path
        Where the processes run: the copy of the notebook's folder, so that relative paths
        mean what they meant.

    Raises
    ------
    ExportError
        If any response differs, with the first difference side by side.
    """
    for seed in HASH_SEEDS:
        _check_info(script, recordings[0], folder, seed)
        for number, recording in enumerate(recordings, 1):
            answer, stderr = _replay(
                script, recording.transcript.requests, recording.env, folder, seed
            )
            _compare(recording, answer, stderr, f"simulation {number}, hash seed {seed}")


def _check_info(script: Path, recording: Recording, folder: Path, seed: str) -> None:
    answer, stderr = _replay(script, _INFO_REQUEST, recording.env, folder, seed)
    bodies = _bodies(answer, stderr, "info")
    messages = [ProtobufCodec().decode_response(body) for body in bodies]
    told = [message for message in messages if not isinstance(message, KeepaliveResponse)]
    found = "; ".join(message_to_text(message) for message in told)
    if found != recording.info:
        raise ExportError(
            f"the script declares something else than the notebook's Handler\n"
            f"  notebook: {recording.info}\n  script:   {found or '(nothing)'}{_tail(stderr)}",
            code="KN403",
        )


def _replay(
    script: Path, requests: bytes, env: dict[str, str], folder: Path, seed: str
) -> tuple[bytes, str]:
    """Return what a fresh process answers to `requests`, and its stderr."""
    environment = {**os.environ, **env, "PYTHONHASHSEED": seed}
    try:
        done = subprocess.run(  # noqa: S603  # the script that is being exported
            [sys.executable, "-P", str(script)],
            input=requests,
            capture_output=True,
            cwd=folder,
            env=environment,
            timeout=_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ExportError(
            f"the script did not end within {_PATIENCE_S} s after its input did", code="KN403"
        ) from error
    return done.stdout, done.stderr.decode(errors="replace")


def _compare(recording: Recording, answer: bytes, stderr: str, which: str) -> None:
    _bodies(answer, stderr, which)
    difference = recording.transcript.difference(answer)
    if difference is not None:
        raise ExportError(
            f"the script does not answer as the notebook did ({which}); no file was written\n"
            f"{difference}{_tail(stderr)}",
            code="KN403",
        )


def _bodies(answer: bytes, stderr: str, which: str) -> list[bytes]:
    try:
        return list(split_frames(answer))
    except ValueError as error:
        raise ExportError(
            f"the script's answer is cut off ({which}): {error}{_tail(stderr)}", code="KN403"
        ) from error


def _tail(stderr: str) -> str:
    """Return the last line of stderr, which for a traceback is the exception."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    return f"\n  stderr:   {lines[-1]}" if lines else ""
