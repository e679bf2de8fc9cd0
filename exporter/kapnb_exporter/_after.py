"""What is asked of the kernel once the notebook has run, and how it is answered there.

`closing_cell` makes the source of a cell; `report`, which it calls, runs in the kernel.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kapnb._artifact import KEPT, MODULES, reader_of, sha256_of
from kapnb._freeze import literal
from kapnb.agent import Agent
from kapnb.handler import Handler, Option
from kapnb.model import InfoResponse, InitRequest, OptionValue, ReceivedOption, ValueType
from kapnb.protocol import ProtobufCodec
from kapnb.simulation import Transcript, definition_of
from kapnb_exporter._excerpt import opening
from kapnb_exporter._fingerprint import fingerprint

__all__ = ["ANSWER", "closing_cell", "report"]

#: The file in the folder of the simulations that holds the answer.
ANSWER = "after.answer"
_SAMPLES: dict[ValueType, bool | int | float | str] = {
    ValueType.BOOL: True,
    ValueType.INT: 2,
    ValueType.DOUBLE: 1.5,
    ValueType.STRING: "probe",
    ValueType.DURATION: 1_000_000_000,
}


def closing_cell(
    records: Path,
    handler: str,
    names: Sequence[str],
    frozen: Mapping[str, int],
    files: Sequence[str],
) -> str:
    """Write the cell that is run after those of the notebook.

    Parameters
    ----------
    records : Path
        Where the simulations were recorded; the answer goes there, too.
    handler : str
        The Handler's name.
    names : sequence of str
        What the script will define; its fingerprints help to explain a difference.
    frozen : mapping of str to int
        Name → how many characters stand before its value.
    files : sequence of str
        The artifacts.
    """
    arguments = f"{str(records)!r}, {handler!r}, {list(names)!r}, {dict(frozen)!r}, {list(files)!r}"
    return f"import kapnb_exporter._after\nkapnb_exporter._after.report(globals(), {arguments})"


def report(
    namespace: dict[str, Any],
    records: str,
    handler: str,
    names: list[str],
    frozen: dict[str, int],
    files: list[str],
) -> None:
    """Answer, in the kernel; the parameters are those of `closing_cell`."""
    cls: type[Handler] = namespace[handler]
    options = cls.handler_shape.options.values()
    answer = {
        "definition": definition_of(cls),
        "deterministic": cls.deterministic,
        "frozen": {name: literal(namespace[name], used=used) for name, used in frozen.items()},
        "artifacts": {file: _artifact(file) for file in files},
        "options": {option.name: _explained(option) for option in options},
        "fingerprints": {n: fingerprint(namespace[n]) for n in names if n in namespace},
    }
    _probe(cls, Path(records))
    Path(records, ANSWER).write_text(json.dumps(answer), encoding="utf-8")


def _explained(option: Option[Any]) -> str:
    """Say in a line what an option is for, and what it is if nobody gives it."""
    default = "required" if option.required else f"default {option.default!r}"
    return " ".join(f"{option.doc} ({default})".split())


# ------------------------------------------------------------------------------- artifacts


def _artifact(file: str) -> dict[str, Any]:
    """Say where an artifact lies, its hash, and the modules that reading it takes."""
    path = KEPT[file]
    modules = {MODULES[suffix] for suffix in [Path(file).suffix] if suffix in MODULES}
    read = reader_of(file)
    if read is not None:
        with _unpickling(modules):
            read(path)
    return {"path": path, "sha256": sha256_of(path), "modules": sorted(modules)}


@contextmanager
def _unpickling(modules: set[str]) -> Iterator[None]:
    """Collect the modules whose classes are unpickled meanwhile."""
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "pickle.find_class":
            modules.add(str(arguments[0]))

    sys.addaudithook(watch)  # it cannot be taken away again; this process ends soon
    yield
    watching = False


# ---------------------------------------------------------------------------------- probes


def _probe(cls: type[Handler], records: Path) -> None:
    """Record what the Handler answers to further sessions, which no cell ran.

    One with no options at all and one for each option, every time with the first few inputs.
    """
    base = _base(records, definition_of(cls))
    if base is None:
        return
    transcript, env = base
    messages = [message for is_request, message in opening(transcript) if is_request]
    before = dict(os.environ)
    os.environ.update(env)
    try:
        info = cls().info()
        for number, (name, init) in enumerate(_inits(info, messages[0])):
            _session(cls, [init, *messages[1:]]).save(records / f"{number:04d}p.transcript")
            facts = json.dumps({"name": name, "env": env})
            (records / f"{number:04d}p.probe").write_text(facts, encoding="utf-8")
    finally:
        os.environ.clear()
        os.environ.update(before)


def _base(records: Path, definition: int) -> tuple[Transcript, dict[str, str]] | None:
    """Return the first simulation of the Handler that ended well."""
    for file in sorted(records.glob("*.json")):
        facts = json.loads(file.read_text(encoding="utf-8"))
        if facts["definition"] == definition and facts["error"] is None:
            return Transcript.load(file.with_suffix(".transcript")), facts["env"]
    return None


def _inits(info: InfoResponse, init: InitRequest) -> Iterator[tuple[str, InitRequest]]:
    yield "no options", InitRequest((), task_id=init.task_id, node_id=init.node_id)
    for name, kinds in info.options.items():
        sample = ReceivedOption(name, tuple(OptionValue(kind, _SAMPLES[kind]) for kind in kinds))
        others = tuple(option for option in init.options if option.name != name)
        yield name, InitRequest((*others, sample), task_id=init.task_id, node_id=init.node_id)


def _session(cls: type[Handler], messages: Sequence[Any]) -> Transcript:
    codec, transcript = ProtobufCodec(deterministic=True), Transcript()
    agent = Agent(cls(), codec=codec)
    for message in messages:
        frames = codec.encode_request(message, in_batch=False)
        transcript.add(True, frames)
        answered = agent.feed(frames)
        transcript.add(False, answered)
        if agent.session.error is not None:
            break
    transcript.add(False, agent.feed(b""))
    return transcript
