"""What may be asked of an export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["MODES", "Request"]

#: How a script is proven; see `Request`.
MODES = ("auto", "venv", "fast", "none")


@dataclass(frozen=True)
class Request:
    """What is asked of an export besides the notebook.

    Attributes
    ----------
    handler : str or None
        Which Handler, if several are marked.
    format : str
        What is written; see `kapnb_exporter.formats`.
    verify : {"auto", "venv", "fast", "none"}
        ``venv`` runs the script where its declared dependencies and the runtime are installed
        and nothing else; ``fast`` with this very interpreter; ``auto`` in a venv, or if that
        cannot be made, with this interpreter, and says so; ``none`` not at all.
    python : str or None
        The target's interpreter, if it is another: ``3.12``, or a path.
    runtime_wheel : Path or None
        The runtime to install; by default the one installed here.
    bring_modules : bool
        Whether modules beside the notebook come along.
    with_tests : bool
        Whether tests are written, too.
    deploy : bool
        Whether what an operator needs is written, too.
    allow_state_loss : bool
        Whether the script may answer otherwise after a restart.
    alert : str or None
        Where the Open Edge microservice sends alerts: ``mqtt://HOST:PORT/TOPIC``, or
        ``opc.tcp://HOST:PORT/?namespace=N&node_id=N``.
    alert_when : str or None
        When: a lambda expression of TICKscript, such as ``"anomaly" > 0``.
    archive : {"tar", "zip"} or None
        What that microservice takes: a tar file since its release 2026.1, which is the default,
        a zip file before.
    device : str or None
        What it tells the UDF to compute on: ``cpu``, ``gpu`` or ``gpu:N``.
    """

    handler: str | None = None
    format: str = "script"
    verify: str = "fast"
    python: str | None = None
    runtime_wheel: Path | None = None
    bring_modules: bool = False
    with_tests: bool = False
    deploy: bool = False
    allow_state_loss: bool = False
    alert: str | None = None
    alert_when: str | None = None
    archive: str | None = None
    device: str | None = None
