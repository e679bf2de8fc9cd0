"""The captures of a real kapacitord, and processes that are fed with them.

tests/data/transcripts/NAME.in.bin is what kapacitord sent, NAME.out.bin what the UDF of that
day answered.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from pathlib import Path

from kapnb.model import KeepaliveRequest, KeepaliveResponse, SnapshotResponse
from kapnb.protocol import ProtobufCodec, split_frames

DATA = Path(__file__).parent / "data"
TRANSCRIPTS = DATA / "transcripts"
_CODEC = ProtobufCodec(deterministic=True)


def captured(name: str, side: str) -> bytes:
    """Return the bytes of one side, ``in`` or ``out``."""
    return (TRANSCRIPTS / f"{name}.{side}.bin").read_bytes()


def requests(data: bytes) -> list:
    return [_CODEC.decode_request(body) for body in split_frames(data)]


def responses(data: bytes) -> list:
    """Return what an agent said, without the signs of life that nobody asked for."""
    found = [_CODEC.decode_response(body) for body in split_frames(data)]
    return [message for message in found if message != KeepaliveResponse(0)]


def sessions(*prefixes: str) -> list[str]:
    """Return the names of the captured processes that begin with one of `prefixes`."""
    names = (path.name.removesuffix(".in.bin") for path in sorted(TRANSCRIPTS.glob("*.in.bin")))
    # A name is CAPTURE, CAPTURE.info, CAPTURE.2, CAPTURE.info.2; split_name parts it.
    return [
        name.replace(".info", "", 1) + "/info" if ".info" in name else name
        for name in names
        if name.startswith(prefixes)
    ]


def read_session(session: str) -> tuple[bytes, bytes]:
    """Return what went in and what came out of the captured process `session`."""
    name, _, info = session.partition("/")
    if not info:
        return captured(name, "in"), captured(name, "out")
    stem, dot, number = name.partition(".")
    return captured(f"{stem}.info", f"{number}{dot}in"), captured(
        f"{stem}.info", f"{number}{dot}out"
    )


def answers(messages: list) -> list:
    """Return what must be equal: everything but keepalives and snapshot bytes."""
    kept = [message for message in messages if not isinstance(message, KeepaliveResponse)]
    return [
        SnapshotResponse() if isinstance(message, SnapshotResponse) else message for message in kept
    ]


def keepalives(messages: list) -> list[int]:
    kinds = (KeepaliveRequest, KeepaliveResponse)
    return [message.time for message in messages if isinstance(message, kinds)]


def feed_in_pieces(command: list[str], data: bytes, seed: int) -> tuple[bytes, str, int]:
    """Run `command`, write `data` cut at random positions; return stdout, stderr, status."""
    rng = random.Random(seed)
    cuts = sorted(rng.sample(range(1, len(data)), min(len(data) - 1, 40))) if len(data) > 1 else []
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )

    def write() -> None:
        with process.stdin as pipe:
            for piece in pieces:
                view = memoryview(piece)
                while view:
                    view = view[pipe.write(view) :]

    errors: list[bytes] = []
    threads = [
        threading.Thread(target=write),
        threading.Thread(target=lambda: errors.append(process.stderr.read())),
    ]
    for thread in threads:
        thread.start()
    out = bytearray()
    while chunk := process.stdout.read(65536):
        out += chunk
    for thread in threads:
        thread.join(60)
    status = process.wait(60)
    process.stdout.close()
    process.stderr.close()
    return bytes(out), errors[0].decode(), status


def python(script: Path) -> list[str]:
    return [sys.executable, str(script)]
