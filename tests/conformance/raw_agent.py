"""An agent in plain Python, right but for the one fault it is told to have.

    python raw_agent.py FAULT [ROLE or case] [--socket PATH]

It knows the wire only as far as a mirror must: a point, a keepalive, a snapshot, a STREAM →
STREAM info look the same as request and as response, so they go back byte by byte. Without a
fault (`none`) it is a mirror that passes every case that fits one.
"""

import os
import select
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import ClassVar

FAULT = sys.argv[1]
PATH = sys.argv[sys.argv.index("--socket") + 1] if "--socket" in sys.argv else None
TIMEOUT_S = float(os.environ.get("KAPNB_CASE_TIMEOUT", "3"))
INFO, INIT, KEEPALIVE, SNAPSHOT, RESTORE, BEGIN, POINT, END = (
    bytes([0x0A]),
    bytes([0x12]),
    bytes([0x1A]),
    bytes([0x22]),
    bytes([0x2A]),
    bytes([0x82, 0x01]),
    bytes([0x8A, 0x01]),
    bytes([0x92, 0x01]),
)
NEW_FIELD = bytes([0xC2, 0x3E])
EARLY_POINT = POINT + bytes([0x07, 0x12, 0x05]) + b"early"
LIMIT = 256 * 1024 * 1024
GRACE_S = 2


class Leave(Exception):
    """The conversation is over, with this exit status."""


class Garbage(Exception):
    """What came cannot be read."""


def length_of(data):
    """Return length and number of its bytes, or None if there are too few."""
    size = 0
    for at, byte in enumerate(data[:5]):
        size |= (byte & 0x7F) << 7 * at
        if byte < 0x80 or (FAULT == "two-byte-lengths" and at == 1):
            if size > LIMIT and FAULT != "trusts-lengths":
                kept = bytearray(b"x" * LIMIT) if FAULT == "allocates" else b""
                raise Garbage(f"invalid length {size}{kept[:0].decode()}")
            return size, at + 1
    if len(data) >= 5 and FAULT != "trusts-lengths":
        raise Garbage("invalid length of more than 5 bytes")
    return None


def framed(body):
    size, out = len(body), bytearray()
    while size > 0x7F:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes(out) + bytes([size]) + body


def check(body, tag):
    """Refuse a body that is not one message of its own length."""
    try:
        size, count = length_of(body[len(tag) :])
    except TypeError:
        raise Garbage("invalid protobuf: no length") from None
    if len(tag) + count + size > len(body):
        raise Garbage("invalid protobuf: too short")


class Mirror:
    """One connection."""

    def __init__(self, read, write):
        self.read, self.write_now = read, write
        self.buffer, self.late, self.points = b"", b"", 0

    def serve(self):
        """Return the exit status."""
        try:
            while True:
                data = self.read()
                if not data:
                    return self.end()
                self.buffer += data
                self.take_frames()
        except Garbage as error:
            print(f"error: {error}", file=sys.stderr, flush=True)
            if FAULT != "quiet-garbage":
                text = str(error).encode()
                self.send(b"\x32" + framed(b"\x0a" + framed(text)))
            while FAULT != "quiet-garbage" and self.read():
                pass  # until Kapacitor has read the error and hangs up
            return 1
        except Leave as leave:
            return leave.args[0]
        except OSError as error:
            print(f"broken pipe: {error}", file=sys.stderr, flush=True)
            if FAULT == "logs-twice":
                print(f"broken pipe: {error}", file=sys.stderr, flush=True)
            if FAULT == "stays-without-reader":
                threading.Event().wait()
            return 3

    def end(self):
        if self.buffer and FAULT != "ignores-truncation":
            print("the input was truncated", file=sys.stderr, flush=True)
            return 1
        if FAULT == "lingers":
            threading.Event().wait()
        if self.late and FAULT != "loses-what-is-late":
            self.write_now(self.late)
        return 1 if FAULT == "wrong-status" else 0

    def take_frames(self):
        while self.buffer:
            found = length_of(self.buffer)
            if found is None or sum(found) > len(self.buffer):
                if FAULT == "whole-reads":
                    raise Leave(1)
                return
            size, count = found
            body, self.buffer = self.buffer[count : count + size], self.buffer[count + size :]
            if FAULT == "one-frame-a-read":
                self.buffer = b""
            self.take(body)

    def take(self, body):
        if FAULT == "dislikes-new-fields" and NEW_FIELD in body:
            raise Leave(1)
        for tag, method in self.methods.items():
            if body.startswith(tag):
                check(body, tag)
                method(self, body)
                return
        if body and body[0] & 7 > 5:
            raise Garbage("invalid protobuf")
        if FAULT == "dies-of-the-unknown":
            raise Leave(1)
        if FAULT != "skips-in-silence":
            print("skipped an unknown request", file=sys.stderr, flush=True)
        if FAULT == "handles-the-unknown":
            self.echo(body)

    def send(self, body):
        self.write_now(framed(body))

    def echo(self, body):
        if FAULT in ("flushes-late", "loses-what-is-late") and body.startswith(POINT):
            self.late, now = framed(body), self.late
            self.write_now(now)
            return
        self.send(body)

    def info(self, body):
        self.echo(body)
        if FAULT == "two-infos":
            self.echo(body)

    def init(self, body):
        if FAULT == "early-data":
            self.send(EARLY_POINT)
        self.send(bytes([0x12, 0x02, 0x08, 0x01]))

    def keepalive(self, body):
        if FAULT == "own-time":
            body = bytes([0x1A, 0x02, 0x08, 0x07])
        self.echo(body)

    def snapshot(self, body):
        self.echo(body)
        if FAULT == "two-snapshots":
            self.echo(body)

    def restore(self, body):
        self.send(bytes([0x2A, 0x02, 0x08, 0x01]))

    def begin(self, body):
        if FAULT != "lone-end":
            self.echo(body)
        if FAULT == "begins-twice":
            self.echo(body)

    def point(self, body):
        self.points += 1
        if FAULT == "prints":
            self.write_now(b"case 11 print\n")
        if FAULT == "empty-response":
            body = b""
        if FAULT == "keeps-old-types":
            inner = body[2 + length_of(body[2:])[1] :]
            value = b"\x4a\x09\x0a\x05value\x10\x01"
            body = POINT + framed(inner + value)
        if FAULT == "computes" or (FAULT == "immortal" and self.points == 2):
            self.work()
        if FAULT == "half-batch" and self.points == 7:
            self.send(b"\x32" + framed(b"\x0a" + framed(b"RoleError: failed")))
            raise Leave(1)
        self.echo(body)

    def work(self):
        """Take twice the timeout, in silence, or for ever, with signs of life."""
        if FAULT == "computes":
            time.sleep(2 * TIMEOUT_S)
        while FAULT == "immortal":
            self.send(bytes([0x1A, 0x02, 0x08, 0x07]))
            time.sleep(TIMEOUT_S / 4)

    methods: ClassVar = {
        INFO: info,
        INIT: init,
        KEEPALIVE: keepalive,
        SNAPSHOT: snapshot,
        RESTORE: restore,
        BEGIN: begin,
        POINT: point,
        END: lambda self, body: self.echo(body),
    }


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data) :]


def leave_unread():
    """Leave when the input has ended long ago: nobody reads what is being written."""
    hung_up = select.poll()
    hung_up.register(0, 0)
    hung_up.poll()
    time.sleep(GRACE_S)
    os._exit(3)


def serve_socket(path):
    """Serve until SIGTERM, one thread a connection."""
    if FAULT != "respects-stale-files":
        Path(path).unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()

    def leave(number, frame):
        if FAULT != "leaves-its-file":
            Path(path).unlink()
        os._exit(0)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if FAULT == "ignores-sigterm" else leave)
    while True:
        connection, _ = server.accept()
        thread = threading.Thread(target=serve_connection, args=(connection,), daemon=True)
        thread.start()
        if FAULT == "one-at-a-time":
            thread.join()


def serve_connection(connection):
    mirror = Mirror(lambda: connection.recv(65536), connection.sendall)
    status = mirror.serve()
    if status and FAULT == "falls-together":
        os._exit(1)
    if FAULT != "keeps-connections":
        connection.close()


if __name__ == "__main__":
    if FAULT == "loads-in-silence":
        time.sleep(2 * TIMEOUT_S)
    if PATH is not None:
        serve_socket(PATH)
    if FAULT != "waits-for-a-reader":
        threading.Thread(target=leave_unread, daemon=True).start()
    os._exit(Mirror(lambda: os.read(0, 65536), lambda data: write_all(1, data)).serve())
