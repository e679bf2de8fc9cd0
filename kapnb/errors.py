"""One tree of errors; each class has one fate on the wire.

::

    KapnbError
    ├─ ProtocolError
    │  ├─ LocalProtocolError   we were about to send what Kapacitor forbids
    │  │                       → never sent; ErrorResponse instead
    │  └─ RemoteProtocolError  the peer's bytes or order are wrong → ErrorResponse if possible
    ├─ OptionError             missing, unknown, mistyped option → InitResponse(success=False)
    ├─ SnapshotError           restore cannot use these bytes → the Handler's restore policy
    ├─ HandlerError            user code raised; the cause is kept → ErrorResponse
    ├─ TickError               Kapacitor would refuse the script → line, column, its own text
    │  └─ NotSimulatedError    valid, but not run here → named with its line, never skipped
    ├─ SourceError             data could not be read: file and place → the simulation stops
    ├─ MomentError             a run has no such moment → go to another
    ├─ TargetError             what should be run is not there → exit 1
    └─ ExportError             notebook, cell, line, what to do → exit 1, no file written
    MissingExtra (also an ImportError) names the pip command

A class exists only if someone must act differently on it. The end of a stream is an
event, never an error.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ExportError",
    "HandlerError",
    "KapnbError",
    "LocalProtocolError",
    "MissingExtra",
    "MomentError",
    "NotSimulatedError",
    "OptionError",
    "ProtocolError",
    "RemoteProtocolError",
    "SnapshotError",
    "SourceError",
    "TargetError",
    "TickError",
]


class KapnbError(Exception):
    """Base of everything kapnb raises on purpose."""

    #: The Simulation in which it happened, where there is one: what was produced before
    #: the error is not lost.
    simulation: Any = None


class ProtocolError(KapnbError):
    """The conversation broke a rule of Kapacitor's UDF protocol."""


class LocalProtocolError(ProtocolError):
    """Our side was about to send what Kapacitor forbids. Nothing was sent."""

    #: Whether the text names the user's callback already.
    located: bool = False


class RemoteProtocolError(ProtocolError):
    """The peer's bytes, or their order, are wrong.

    Parameters
    ----------
    message : str
        What is wrong.
    offset : int, optional
        Byte offset, from the start of the stream, of the frame at fault.
    """

    def __init__(self, message: str, offset: int | None = None) -> None:
        self.offset = offset
        super().__init__(message if offset is None else f"{message} (frame at byte {offset})")


class OptionError(KapnbError):
    """An option is missing, unknown, of the wrong type, or refused by the Handler."""


class SnapshotError(KapnbError):
    """A snapshot cannot be taken, or these bytes cannot be restored."""


class HandlerError(KapnbError):
    """User code raised. The original exception is ``__cause__``."""


class TickError(KapnbError):
    """Kapacitor would refuse the TICKscript; the text is Kapacitor's own.

    Parameters
    ----------
    message : str
        As ``kapacitor define`` prints it after ``invalid TICKscript:``, or as ``enable`` does.
    line, column : int, optional
        The place, both from 1; a column is a byte, as Kapacitor counts. Known even where
        Kapacitor's text names none.
    """

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        self.line, self.column = line, column
        super().__init__(message)


class NotSimulatedError(TickError):
    """Kapacitor would take this part of a TICKscript, but a simulation cannot run it."""


class LateError(TickError):
    """Kapacitor would start a task with this part of its TICKscript, and fail once data comes."""


class SourceError(KapnbError):
    """Data could not be read.

    Parameters
    ----------
    message : str
        What is wrong and what to do.
    where : str, optional
        File and line, row or byte.
    """

    def __init__(self, message: str, where: str | None = None) -> None:
        #: What is wrong, without the place.
        self.problem = message
        self.where = where
        super().__init__(message if where is None else f"{where}: {message}")


class MomentError(KapnbError, LookupError):
    """A run has no such moment: the text names those that it has."""


class TargetError(KapnbError):
    """The script, module or notebook to run does not hold exactly one Handler."""


class ExportError(KapnbError):
    """The notebook cannot be exported; no file was written.

    Parameters
    ----------
    message : str
        What is wrong and what to do.
    where : str, optional
        Notebook, cell and line.
    code : str, optional
        The refusal's code, such as ``KN201``.
    """

    def __init__(self, message: str, where: str | None = None, code: str | None = None) -> None:
        self.where = where
        self.code = code
        head = ": ".join(part for part in (where, code) if part)
        super().__init__(f"{head}: {message}" if head else message)


class MissingExtra(KapnbError, ImportError):
    """A part of kapnb needs packages that the base install does not bring.

    Parameters
    ----------
    extra : str
        The extra's name, as in ``pip install 'kapnb[extra]'``.
    needed_by : str
        The part that needs it.
    missing : str
        The module that could not be imported.
    """

    def __init__(self, extra: str, needed_by: str, missing: str) -> None:
        self.extra = extra
        super().__init__(f"{needed_by} needs {missing}: pip install 'kapnb[{extra}]'")
