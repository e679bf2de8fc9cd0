"""Kapacitor's side of a Unix socket, and a server in a thread."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading

from kapnb.agent import Server
from kapnb.protocol import Connection, Role
from processes import PULSE

#: A safety net; nothing is expected to take long.
TIMEOUT_S = 60


class Client:
    """Kapacitor's side of one connection.

    Signs of life are left out: there are as many as the machine is slow.
    """

    def __init__(self, path):
        self.connection = Connection(Role.KAPACITOR)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(TIMEOUT_S)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise

    def send(self, *messages):
        """Write requests."""
        self.socket.sendall(b"".join(self.connection.send(message) for message in messages))

    def receive(self, count):
        """Return the next `count` responses."""
        events = []
        while len(events) < count:
            data = self.socket.recv(65536)
            assert data, f"no more answers; so far {events}"
            events += self._events(data)
        return events

    def _events(self, data):
        self.connection.receive_data(data)
        return [event for event in self.connection.events() if event != PULSE]

    def ask(self, *messages):
        """Send requests and return as many responses."""
        self.send(*messages)
        return self.receive(len(messages))

    def read_all(self):
        """Return the responses until the server closes its side."""
        events = []
        while data := self.socket.recv(65536):
            events += self._events(data)
        return events

    def finish(self):
        """Close our side for writing, and return what still comes until the server closes."""
        self.socket.shutdown(socket.SHUT_WR)
        return self.read_all()

    def close(self):
        self.socket.close()


class Keeper(logging.Handler):
    """Keeps the lines of a logger and of those below it."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(f"{record.name}: {record.getMessage()}")


@contextlib.contextmanager
def serving(path, handler, **settings):
    """Give a Server that runs in a thread.

    Its `lines` are what it logged, its `connect` gives a Client that is closed at the end.
    """
    log, keeper = logging.Logger("udf", logging.INFO), Keeper()
    log.addHandler(keeper)
    server = Server(path, handler, log=log, **settings)
    clients = []

    def connect():
        clients.append(Client(path))
        return clients[-1]

    server.lines, server.connect = keeper.lines, connect
    server.open()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        for client in clients:
            client.close()
        server.stop()
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()
