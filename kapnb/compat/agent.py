"""A look-alike of the official `kapacitor.udf.agent`: Handler, Agent, Server.

Behind it stands the runtime that serves kapnb's own Handlers, so that these scripts, too, do
not leak, may print, and cannot send what would bring the daemon down.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from kapnb import agent as runtime
from kapnb.agent._log import logger
from kapnb.agent._start import make_agent, serve_stdio, stop_on_sigterm
from kapnb.compat import _ending, udf_pb2
from kapnb.compat._official import named
from kapnb.compat._outbox import Outbox
from kapnb.compat._streams import close, cut_off, is_stdio, open_stream
from kapnb.errors import HandlerError

if TYPE_CHECKING:
    from kapnb.compat._server import Server

__all__ = ["Agent", "Handler", "Server", "udf_pb2"]


class Handler:
    """The official base class: every callback does nothing and returns None.

    `info` and `init` must be overridden, and for data `point`. A handler without `snapshot`
    keeps no state.
    """

    def info(self) -> Any:
        """Return a Response whose `.info` says what is wanted, provided and taken."""

    def init(self, init_req: Any) -> Any:
        """Return a Response whose `.init` says whether the options are right."""

    def snapshot(self) -> Any:
        """Return a Response whose `.snapshot` holds the state as bytes."""

    def restore(self, restore_req: Any) -> Any:
        """Return a Response whose `.restore` says whether the state could be used."""

    def begin_batch(self, begin_req: Any) -> Any:
        """Handle the begin of a batch."""

    def point(self, point_req: Any) -> Any:
        """Handle one point."""

    def end_batch(self, end_req: Any) -> Any:
        """Handle the end of a batch."""


class Agent:
    """Talks to Kapacitor on behalf of one Handler.

    Parameters
    ----------
    _in, out : optional
        Where to read and write: a socket, a file in binary mode, or anything with `read` and
        `write`. By default the process's stdin and stdout, which are not touched before
        `start`; so an Agent can be made in a notebook.
    handler : optional
        May also be set later, as the attribute `handler`, before `start`.
    """

    def __init__(self, _in: Any = None, out: Any = None, handler: Any = None) -> None:
        self._in, self._out = _in, out
        self.handler = handler
        self._outbox = Outbox()
        self._thread: threading.Thread | None = None
        self._runtime: runtime.Agent | None = None
        self._is_stdio = self._stopping = False

    def write_response(self, response: Any, flush: bool = False) -> None:
        """Write a Response with a point, a begin, an end or an error; from any thread.

        It is taken as it is now; changing it later changes nothing. `flush` has no meaning
        here: everything is on its way before the next input is waited for.

        Raises
        ------
        LocalProtocolError
            If Kapacitor would not bear it. The session ends then with this error.
        """
        self._outbox.write(response)

    def start(self) -> None:
        """Begin to serve, in a thread; returns at once."""
        if self.handler is None:
            raise HandlerError("start() before a handler was set: agent.handler = MyHandler(agent)")
        if self._thread is not None:
            raise HandlerError("start() was called before; make a new Agent")
        stdio = is_stdio(self._in, self._out)
        if stdio and _in_notebook():
            name = type(self.handler).__name__
            logger().warning(
                "a notebook has no Kapacitor on its stdin, so nothing was started; "
                "try simulate(%s, data)", name
            )  # fmt: skip
            return
        stream = open_stream(self._in, self._out)
        self._thread = threading.Thread(
            target=self._serve, args=(stream, stdio), name="kapnb-agent"
        )
        self._is_stdio = stdio
        _ending.began(self._thread if stdio else None)
        if stdio and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            stop_on_sigterm(self._request_stop)
        self._thread.start()

    def wait(self) -> None:
        """Return when Kapacitor has closed its side, or an error has ended the session."""
        if self._is_stdio:
            _ending.await_end()
        elif self._thread is not None:
            self._thread.join()

    def _serve(self, stream: Any, stdio: bool) -> None:
        status = runtime.EXIT_FAILED
        try:
            status = self._run(stream, stdio)
        except OSError as error:
            logger().error("the peer is gone: %s", error)
            status = runtime.EXIT_BROKEN_PIPE
        finally:
            self._outbox.end()
            if stdio:
                _ending.ended(status)
            else:
                close(stream, self._in, self._out)

    def _run(self, stream: Any, stdio: bool) -> int:
        try:
            handler = named(type(self.handler))(self.handler, self._outbox)
        except Exception as error:
            from kapnb.agent._blame import blame

            return _ending.report(stream, blame(error, type(self.handler).__name__))
        agent = self._runtime = make_agent(handler)
        if stdio:
            serve_stdio(agent)
            if not os.environ.get("KAPNB_SUPERVISED"):  # there, output belongs to an input
                self._outbox.outlive(agent.send_late)
        else:  # other connections go on
            agent.on_hung = agent.on_unread = lambda: cut_off(self._in)
        if self._stopping:  # asked before there was anything to stop
            agent.request_stop()
        return agent.run(stream)

    def _request_stop(self) -> None:
        self._stopping = True
        if self._runtime is not None:
            self._runtime.request_stop()


def _in_notebook() -> bool:
    """Tell whether this is IPython or a kernel of Jupyter, whose stdio is not Kapacitor's."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def __getattr__(name: str) -> Any:
    if name == "Server":  # most scripts have no use for sockets, and loading them takes a while
        from kapnb.compat._server import Server

        return Server
    raise AttributeError(f"module 'kapacitor.udf.agent' has no attribute {name!r}")
