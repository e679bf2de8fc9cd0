"""The sidecar: what happened when a script was proven, so that the script need not say it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kapnb._version import __version__
from kapnb_exporter._execute import Recording
from kapnb_exporter._proof import Proof
from kapnb_exporter._verify import HASH_SEEDS
from kapnb_exporter.formats import File, Product

__all__ = ["sidecar"]


def sidecar(
    product: Product,
    proof: Proof,
    notes: Sequence[str],
    recordings: Sequence[Recording],
    *,
    files: Sequence[File],
    now: datetime,
) -> File:
    """Write ``NAME.validation.json``.

    Parameters
    ----------
    product : Product
        What was proven.
    proof : Proof
        How, and what came of it.
    notes : sequence of str
        What a person should know besides.
    recordings : sequence of Recording
        The simulations.
    files : sequence of File
        What is written.
    now : datetime
        When.
    """
    is_proven = proof.mode != "none"
    content: dict[str, Any] = {
        "script": f"{product.name}.py",
        "sha256": hashlib.sha256(product.script.encode()).hexdigest(),
        "handler": product.handler,
        "notebook": product.notebook,
        "kapnb": __version__,
        "date": now.isoformat(timespec="seconds"),
        "verified": is_proven,
        "mode": proof.mode,
        "files": {file.path: hashlib.sha256(file.content).hexdigest() for file in product.beside},
        "written": {file.path: hashlib.sha256(file.content).hexdigest() for file in files},
        "requirements": list(product.requirements),
        "hash_seeds": list(HASH_SEEDS) if is_proven else [],
        "simulations": [_simulation(recording) for recording in recordings],
        "checks": [
            {"check": row.check, "verdict": row.verdict, "detail": row.detail} for row in proof.rows
        ],
        "notes": list(notes),
    }
    interpreter = proof.interpreter
    if interpreter is not None:
        content["python"] = {
            "version": interpreter.version,
            "implementation": interpreter.implementation,
            "platform": interpreter.platform,
            "packages": dict(sorted(interpreter.packages.items())) if proof.mode == "venv" else {},
        }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    return File(f"{product.name}.validation.json", text.encode())


def _simulation(recording: Recording) -> dict[str, Any]:
    return {
        "inputs": recording.inputs,
        "outputs": recording.outputs,
        "error": recording.error,
        "requests_sha256": hashlib.sha256(recording.transcript.requests).hexdigest(),
    }
