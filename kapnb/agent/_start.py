"""From the start of an agent's process to its end: `run`, and what is said if it fails.

Whatever goes wrong before a Handler is served (an import, a constructor, a missing file) is
told to Kapacitor when it first asks, so that its error names the cause and not a broken pipe.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, NoReturn

from kapnb.agent._agent import EXIT_BROKEN_PIPE, EXIT_FAILED, EXIT_HUNG, EXIT_OK, Agent
from kapnb.agent._logs import configure_logging
from kapnb.agent._pulse import PULSE_FRAME
from kapnb.agent._stdio import FdStream, claimed
from kapnb.errors import HandlerError, KapnbError, RemoteProtocolError, TargetError

if TYPE_CHECKING:
    import logging

    from kapnb.agent._stdio import StdioClaim
    from kapnb.handler import Handler

leave_at_once = os._exit  # as it is before `speak_at_the_end` puts another in its place

__all__ = [
    "end_process",
    "error_frame",
    "leave_at_once",
    "leave_within_grace",
    "make_agent",
    "refuse",
    "run",
    "serve_stdio",
    "speak_at_the_end",
    "stop_on_sigterm",
    "woken_by_signals",
]

#: A process whose agent has ended leaves within this time, in seconds, whatever threads user
#: code left behind: Kapacitor waits for it without limit.
EXIT_GRACE_S = 5.0
#: How long Kapacitor may take to ask what a process that cannot start has to say, in seconds.
REFUSE_S = 30.0


def run(handler: type[Handler] | Callable[[], Handler]) -> None:
    """Serve `handler` on stdio and end the process.

    Parameters
    ----------
    handler : subclass of Handler
        Called without arguments.

    Raises
    ------
    SystemExit
        Always. Status 0: the stream ended, the process was asked to stop (SIGTERM), or init or
        restore was refused; 1: the Handler failed, could not be made, or the peer's bytes were
        wrong; 3: the peer stopped reading; 4: a call did not return within the busy limit.
    """
    claim = claimed()
    try:
        agent = make_agent(handler())
        check_declared(claim.info, agent)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # user code may raise anything, and Kapacitor must know
        end_process(refuse(claim, error, getattr(handler, "__name__", "the script")))
    serve_stdio(agent)
    stream = claim.take()
    stop_on_sigterm(agent.request_stop, stream.wake_fd)
    end_process(agent.run(stream))


def serve_stdio(agent: Agent) -> None:
    """Prepare the process for `agent` to serve its stdin and stdout."""
    claimed().agent = agent
    agent.on_hung = lambda: leave_at_once(EXIT_HUNG)
    agent.on_unread = lambda: leave_at_once(EXIT_BROKEN_PIPE)
    if os.environ.get("KAPNB_SUPERVISED"):
        from kapnb.agent._supervised import hold_to_supervision

        hold_to_supervision(agent.session, os.environ)
    # Not earlier than it is needed: a daemon that only asks for info need not wait for it.
    if "logging" in sys.modules:
        configure_logging()
    else:
        agent.session.before_init = configure_logging


def check_declared(declared: bytes | None, agent: Agent) -> None:
    """Refuse a Handler that is not what the script declared, and Kapacitor was told.

    Raises
    ------
    HandlerError
        With both answers to info.
    """
    if declared is None:
        return
    from kapnb.protocol import ProtobufCodec, split_frames

    (body,) = split_frames(declared)
    told, true = ProtobufCodec().decode_response(body), agent.session.handler.info()
    if told != true:
        raise HandlerError(
            f"claim_stdio(…) declares {told}, but the Handler says {true}; make them equal, or "
            "claim_stdio() without arguments"
        )


def make_agent(handler: Handler, log: logging.Logger | None = None) -> Agent:
    """Return an Agent for `handler`, as its class and the environment say it should be."""
    from kapnb.agent._counters import counters_from

    skip = None
    if handler.error_policy == "skip":
        from kapnb.agent._dead_letters import dead_letters_for

        skip = dead_letters_for(handler)
    agent = Agent(handler, log=log, skip=skip, counters=counters_from(log=log))
    agent.session.in_production = True
    return agent


def stop_on_sigterm(request_stop: Callable[[], None], wake_fd: int = -1) -> None:
    """Let SIGTERM end an agent after the call under way, within the grace time.

    A signal that comes just before a read blocks is not seen by Python until the read returns.
    So it also writes to `wake_fd`, which ends the read.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # starting a thread is not reentrant
        request_stop()
        leave_within_grace(0)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
        if wake_fd >= 0:
            signal.set_wakeup_fd(wake_fd, warn_on_full_buffer=False)


@contextlib.contextmanager
def woken_by_signals(wake_fd: int) -> Iterator[None]:
    """Have signals write to `wake_fd`, where this is the thread that handles them.

    A signal that comes just before a wait begins, or to another thread, does not end the wait,
    and Python sees it only afterwards. So waits are for this descriptor, too.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.set_wakeup_fd(wake_fd, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)


def end_process(status: int) -> None:
    """Leave with `status`, at the latest when the grace time is over."""
    leave_within_grace(status)
    with contextlib.suppress(OSError):  # whoever read it is gone
        sys.stderr.flush()
    sys.exit(status)


def leave_within_grace(status: int) -> None:
    """Have the process end with `status` when the grace time is over, whatever still runs."""
    last = threading.Timer(EXIT_GRACE_S, leave_at_once, (status,))
    last.daemon = True
    last.start()


# --------------------------------------------------------------- failing at the start


def speak_at_the_end(claim: StdioClaim) -> None:
    """Have it reported to Kapacitor if the process ends without a word.

    An import that fails, a script that serves nothing, an ``os._exit`` in user code.
    """
    before, process = sys.excepthook, os.getpid()

    def failed(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if claim.served or issubclass(kind, KeyboardInterrupt):
            before(kind, error, trace)
        else:
            end_process(refuse(claim, error.with_traceback(trace), "the script"))

    def ended() -> None:
        if not claim.served:
            # An excepthook of the user's, in place of ours, may have had it.
            error = getattr(sys, "last_value", None)
            refuse(claim, error or _without_a_handler(claim), "the script")

    def exit_at_once(status: int) -> NoReturn:
        # Kapacitor would see a broken pipe and no reason. A child process ends so by rights.
        if os.getpid() == process and claim.agent is not None:
            from kapnb.agent._blame import place_of

            caller = place_of(sys._getframe(1))
            claim.agent.give_up(f"the process was ended by os._exit({status}), {caller}")
        leave_at_once(status)

    os._exit = exit_at_once
    sys.excepthook = failed
    atexit.register(ended)


def _without_a_handler(claim: StdioClaim) -> TargetError:
    """Say that nothing was served; ``sys.exit("…")`` has printed why."""
    words = claim.stderr.last_words.strip().rpartition("\n")[2]
    last = f"; the last it printed: {words}" if words else ""
    return TargetError(f"the script ended before it served a Handler{last}")


def refuse(claim: StdioClaim, error: BaseException, who: str) -> int:
    """Answer Kapacitor's first question with why there is no Handler; return the exit status.

    Parameters
    ----------
    claim : StdioClaim
        The process's stdin and stdout.
    error : BaseException
        Why.
    who : str
        The Handler's class, or the script.
    """
    from kapnb.agent._blame import blame

    known = isinstance(error, KapnbError) and not isinstance(error, HandlerError)
    text = str(error) if known else str(blame(error, who))
    with contextlib.suppress(OSError):  # nobody reads it
        _show(error.__cause__ if known else error, text)
    stream = claim.take()
    if stream.isatty():  # a person, who has read it
        return EXIT_FAILED
    try:
        asked = _answer_with(stream, text)
    except OSError:
        return EXIT_BROKEN_PIPE
    # A daemon that has got its info and asks no more must not depend on who was quicker.
    return EXIT_FAILED if asked or not claim.foretold else EXIT_OK


def _show(error: BaseException | None, text: str) -> None:
    import traceback

    if error is not None:
        sys.stderr.write("".join(traceback.format_exception(error)))
    sys.stderr.write(f"kapnb: {text}\n")


def _answer_with(stream: FdStream, text: str) -> bool:
    """Wait for the first request and answer it with `text`, then for the end of the input.

    Returns whether there was a request.
    """
    import time

    from kapnb.agent._blame import wire_text
    from kapnb.model import (
        ErrorResponse,
        InitRequest,
        InitResponse,
        KeepaliveRequest,
        KeepaliveResponse,
    )
    from kapnb.protocol import Connection, EndOfStream, Role

    connection = Connection(Role.AGENT)
    deadline, answered = time.monotonic() + REFUSE_S, False
    while (left := deadline - time.monotonic()) > 0:
        data = stream.read(min(left, 1.0))
        if data is None:
            stream.write(PULSE_FRAME)  # still here, and waiting to be asked
            continue
        connection.receive_data(data)
        try:
            for event in connection.events():
                if isinstance(event, EndOfStream):
                    return answered
                if isinstance(event, KeepaliveRequest):
                    stream.write(connection.send(KeepaliveResponse(event.time)))
                elif isinstance(event, InitRequest):
                    # Kapacitor forgets a process that refuses init without closing its stdin.
                    stream.write(connection.send(InitResponse(False, wire_text(text))))
                    return True
                elif not answered:
                    answered, deadline = True, time.monotonic() + EXIT_GRACE_S
                    stream.write(connection.send(ErrorResponse(wire_text(text))))
        except RemoteProtocolError:  # whoever speaks so would not understand the answer
            return True
    return answered


def error_frame(text: str) -> bytes:
    """Return the frame of an ErrorResponse."""
    from kapnb.agent._blame import wire_text
    from kapnb.model import ErrorResponse
    from kapnb.protocol import ProtobufCodec

    return ProtobufCodec().encode_response(ErrorResponse(wire_text(text)), in_batch=False)
