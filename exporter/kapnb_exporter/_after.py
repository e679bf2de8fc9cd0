"""What is asked of the kernel once the notebook has run, and how it is answered there.

`closing_cell` makes the source of a cell; `report`, which it calls, runs in the kernel.
"""

from __future__ import annotations

import builtins
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
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

__all__ = ["ANSWERS", "Asked", "closing_cell", "report"]

#: The file in the folder of the simulations that holds the answers.
ANSWERS = "after.answers"
_SAMPLES: dict[ValueType, bool | int | float | str] = {
    ValueType.BOOL: True,
    ValueType.INT: 2,
    ValueType.DOUBLE: 1.5,
    ValueType.STRING: "probe",
    ValueType.DURATION: 1_000_000_000,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about one Handler.

    Parameters
    ----------
    handler : str
        Its name.
    names : list of str
        What its script will define; their fingerprints help to explain a difference.
    frozen : dict of str to int
        Name → how many characters stand before its value.
    files : list of str
        The artifacts.
    builtins : list of str
        The names that its script takes for Python's own.
    """

    handler: str
    names: list[str]
    frozen: dict[str, int]
    files: list[str]
    builtins: list[str]


def closing_cell(records: Path, asked: Sequence[Asked]) -> str:
    """Write the cell that is run after those of the notebook.

    Parameters
    ----------
    records : Path
        Where the simulations were recorded; the answers go there, too.
    asked : sequence of Asked
        What is asked about each Handler.
    """
    arguments = f"{str(records)!r}, {[asdict(item) for item in asked]!r}"
    return f"import kapnb_exporter._after\nkapnb_exporter._after.report(globals(), {arguments})"


def report(namespace: dict[str, Any], records: str, asked: list[dict[str, Any]]) -> None:
    """Answer, in the kernel; the parameters are those of `closing_cell`.

    All is answered before the first Handler is probed, which may change what the cells made.
    """
    asked_about = [Asked(**item) for item in asked]
    answers = {item.handler: _answer(namespace, item) for item in asked_about}
    for item in asked_about:
        _probe(namespace[item.handler], Path(records))
    Path(records, ANSWERS).write_text(json.dumps(answers), encoding="utf-8")


def _answer(namespace: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    cls: type[Handler] = namespace[asked.handler]
    frozen, options = asked.frozen, cls.handler_shape.options.values()
    return {
        "definition": definition_of(cls),
        "deterministic": cls.deterministic,
        "frozen": {name: literal(namespace[name], used=used) for name, used in frozen.items()},
        "artifacts": {file: _artifact(file) for file in asked.files},
        "options": {option.name: _explained(option) for option in options},
        "fingerprints": {n: fingerprint(namespace[n]) for n in asked.names if n in namespace},
        "shadowed": [name for name in asked.builtins if _is_shadowed(namespace, name)],
    }


def _is_shadowed(namespace: Mapping[str, Any], name: str) -> bool:
    """Whether the notebook's cells, and not IPython, gave a builtin's name another meaning."""
    # Of `__name__` every module has its own.
    if name not in namespace or name.startswith("__"):
        return False
    shell = namespace["get_ipython"]() if "get_ipython" in namespace else None
    before = getattr(shell, "user_ns_hidden", {}).get(name)  # such as its own `open`
    return namespace[name] is not before and namespace[name] is not getattr(builtins, name)


def _explained(option: Option[Any]) -> str:
    """Say in a line what an option is for, and what it is if nobody gives it."""
    default = "required" if option.required else f"default {option.default!r}"
    return " ".join(f"{option.doc} ({default})".split())


# ------------------------------------------------------------------------------- artifacts


def _artifact(file: str) -> dict[str, Any]:
    """Say where an artifact lies, its hash, and the modules and names that reading it takes."""
    path = KEPT[file]
    modules = {MODULES[suffix] for suffix in [Path(file).suffix] if suffix in MODULES}
    own: set[str] = set()
    read = reader_of(file)
    if read is not None:
        with _unpickling(modules, own):
            read(path)
    facts = {"modules": sorted(modules), "own": sorted(own)}
    return {"path": path, "sha256": sha256_of(path), **facts}


@contextmanager
def _unpickling(modules: set[str], own: set[str]) -> Iterator[None]:
    """Collect the modules whose classes are unpickled meanwhile, and the notebook's own names."""
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "pickle.find_class":
            module, name = map(str, arguments)
            modules.add(module)
            own.update([name.partition(".")[0]] if module == "__main__" else [])

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
            file = records / f"{cls.__name__}-{number:04d}p.probe"
            _session(cls, [init, *messages[1:]]).save(file.with_suffix(".transcript"))
            facts = json.dumps({"handler": cls.__name__, "name": name, "env": env})
            file.write_text(facts, encoding="utf-8")
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
