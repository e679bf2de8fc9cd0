"""Play: what a case is given to judge a command with.

It starts processes as the case's role, knows how long things may take, and cleans up. The
difference between pipes and a socket ends here: cases ask whether an agent has `left`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from kapnb.model import ErrorResponse, InitRequest, InitResponse, ReceivedOption
from kapnb.testing._kapacitor import Kapacitor, Misbehaved
from kapnb.testing._process import AgentProcess
from kapnb.testing.conformance._case import Case, NotApplicable
from kapnb.testing.conformance._expect import require
from kapnb.testing.conformance._roles import Skills

__all__ = ["Play", "Target"]

#: Exit status of a command that cannot play a role; as test drivers of many projects use it.
EXIT_DECLINED = 77
#: How long the status of a process is awaited that has closed its output, in seconds.
_STATUS_S = 0.5


@dataclass(frozen=True)
class Target:
    """The command that is judged, and by which measure.

    Attributes
    ----------
    command : sequence of str
        Program and arguments, in which ``{case}`` stands for a case's name and ``{socket}``
        for the path.
    socket : str, optional
        Where the command listens; ``{case}`` is replaced, too.
    timeout_s : float
        The keepalive timeout that Kapacitor would use, in seconds.
    grace_s : float
        How long an agent may take to leave, in seconds.
    """

    command: Sequence[str]
    socket: str | None
    timeout_s: float
    grace_s: float

    @property
    def plays_roles(self) -> bool:
        """Whether the command is told which case it is for."""
        return any("{case}" in argument for argument in self.command)


@dataclass
class Play:
    """One case on one command.

    Attributes
    ----------
    target : Target
        The command.
    case : Case
        What is judged.
    skills : Skills or None
        What a command without roles can do; None if it plays roles.
    """

    target: Target
    case: Case
    skills: Skills | None
    _started: list[Kapacitor] = field(default_factory=list)

    def __enter__(self) -> Play:
        self.restart()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.restart()

    # ----------------------------------------------------------------- knowing

    @property
    def timeout_s(self) -> float:
        """The keepalive timeout, in seconds."""
        return self.target.timeout_s

    @property
    def grace_s(self) -> float:
        """How long an agent may take to leave, in seconds."""
        return self.target.grace_s

    @property
    def plays_role(self) -> bool:
        """Whether the command plays the case's role."""
        return self.skills is None

    @property
    def mirrors(self) -> bool:
        """Whether points come back unchanged; the role is `mirror` or a kin of it."""
        return self.skills is None or self.skills.mirrors

    @property
    def socket(self) -> str | None:
        """Path of the socket, or None for pipes."""
        path = self.target.socket
        return None if path is None else path.replace("{case}", self.case.name)

    # ---------------------------------------------------------------- starting

    def environment(self) -> dict[str, str]:
        """Return what a role may need to know."""
        return {
            "KAPNB_CASE": self.case.name,
            "KAPNB_CASE_ROLE": self.case.role.name,
            "KAPNB_CASE_TIMEOUT": f"{self.timeout_s:g}",
        }

    def command(self) -> list[str]:
        """Return the command for this case."""
        return [
            part.replace("{case}", self.case.name).replace("{socket}", self.socket or "")
            for part in self.target.command
        ]

    def start(self, env: Mapping[str, str] | None = None, *, patience_s: float = 0) -> Kapacitor:
        """Start the command and connect to it; a server may take so long until it listens."""
        return self._keep(
            Kapacitor(
                self.command(),
                socket=self.socket,
                env={**self.environment(), **(env or {})},
                timeout_s=self.timeout_s,
                patience_s=patience_s or None,
            )
        )

    def connect(self, process: AgentProcess) -> Kapacitor:
        """Connect once more to a server that runs."""
        return self._keep(Kapacitor(process, socket=self.socket, timeout_s=self.timeout_s))

    def started(self, *options: ReceivedOption, **env: str) -> Kapacitor:
        """Start the command and make it ready for data."""
        kapacitor = self.start(env)
        self.init(kapacitor, *options)
        return kapacitor

    def init(self, kapacitor: Kapacitor, *options: ReceivedOption) -> None:
        """Send init; it must succeed."""
        kapacitor.send(InitRequest(options, "task", "udf2"))
        answer = kapacitor.receive(InitResponse)
        if not answer.success:
            raise Misbehaved(f"init was refused: {answer.error}")

    def restart(self) -> None:
        """End what runs; a socket that a server was given no time to remove is removed."""
        while self._started:
            self._started.pop().kill()
        if self.socket is not None and Path(self.socket).is_socket():
            Path(self.socket).unlink()

    def _keep(self, kapacitor: Kapacitor) -> Kapacitor:
        kapacitor.keepalive_every_s = self.timeout_s / 2
        self._started.append(kapacitor)
        return kapacitor

    def declined(self) -> bool:
        """Return whether the command said, by its exit status, that it cannot play the role."""
        return any(_final_status(one) == EXIT_DECLINED for one in self._started)

    def last_words(self) -> str:
        """Return the last line on stderr of what was started last."""
        lines = self._started[-1].stderr().split("\n") if self._started else []
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    # ----------------------------------------------------------------- leaving

    def left(self, kapacitor: Kapacitor, status: str = "any", *, after: str = "") -> None:
        """Wait for the agent to leave by itself.

        Parameters
        ----------
        kapacitor : Kapacitor
            Its peer.
        status : {"zero", "nonzero", "any"}
            How the process must exit. A server on a socket must close the connection and
            stay, whatever is asked for.
        after : str, optional
            What should have made it leave, for the reason of a failure.
        """
        if self.socket is not None:
            if not kapacitor.exchange(lambda: kapacitor.at_end, self.grace_s):
                raise Misbehaved(f"the connection was not closed within {self.grace_s:g} s")
            if kapacitor.process.status() is not None:
                raise Misbehaved("the server has left with its connection")
            return
        if not kapacitor.exchange(
            lambda: kapacitor.process.status() is not None, self.grace_s, 0.02
        ):
            raise Misbehaved(f"the process did not exit within {self.grace_s:g} s {after}".rstrip())
        code = kapacitor.exit_status(self.grace_s)
        if status != "any" and (code == 0) is not (status == "zero"):
            wanted = "0" if status == "zero" else "a status other than 0"
            raise Misbehaved(
                f"it exited with status {code} where {wanted} was due {after}".rstrip()
            )

    def fails(self, kapacitor: Kapacitor, *patterns: str) -> str:
        """Receive an error frame, hang up as Kapacitor does then, and see the agent leave."""
        answer = kapacitor.receive(ErrorResponse)
        require(answer.error, "the error frame", *patterns)
        more = kapacitor.rest(self.grace_s)
        if more:
            raise Misbehaved(f"after its error frame it sent {len(more)} more, first {more[0]!r}")
        self.left(kapacitor)
        return answer.error

    def has_said(self, kapacitor: Kapacitor, *patterns: str) -> bool:
        """Return whether there are words on stderr, which may be under way until it ends.

        A server does not end with its connection: of it they are awaited as long as an answer.
        """

        def is_known() -> bool:
            said = _all_found(kapacitor.stderr(), patterns)
            return said or kapacitor.process.status() is not None

        kapacitor.exchange(is_known, poll_s=0.02)
        return _all_found(kapacitor.stderr(), patterns)

    def says(self, kapacitor: Kapacitor, *patterns: str) -> None:
        """Require words on stderr; see `has_said`."""
        if not self.has_said(kapacitor, *patterns):
            require(kapacitor.stderr(), "stderr", *patterns)

    def needs_socket(self) -> None:
        """Leave a case that is about sockets."""
        if self.socket is None:
            raise NotApplicable("on pipes there is no socket; give --socket PATH")


def _final_status(kapacitor: Kapacitor) -> int | None:
    """Return the exit status of a process; if it has closed its output, one is on the way."""
    if kapacitor.at_end:
        kapacitor.exchange(lambda: kapacitor.process.status() is not None, _STATUS_S, 0.01)
    return kapacitor.process.status()


def _all_found(text: str, patterns: Iterable[str]) -> bool:
    return all(re.search(pattern, text, re.IGNORECASE) for pattern in patterns)
