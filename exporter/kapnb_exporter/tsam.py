"""The rules of Open Edge's time series analytics microservice, applied without the service.

`validate` looks at an archive and its configuration as the service does when they are posted,
and as its next steps would: what it accepts in silence and then never runs is a fault, too.
Releases 2025.2 and later are meant, whose archives hold ``udfs``, ``tick_scripts`` and ``models``.
"""

from __future__ import annotations

import json
import re
import stat
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from kapnb.errors import ExportError, TickError
from kapnb.tick import parse, udf_names
from kapnb.tick._ast import Dbrp

__all__ = ["Fault", "check", "validate"]

#: The largest configuration, in bytes of JSON.
MAX_CONFIG = 5 * 1024
#: The largest file, archive, and sum of files, in bytes.
MAX_BYTES = 100 * 1024 * 1024
MAX_ENTRIES = 100
MAX_RATIO = 100
#: What may travel in a zip file, as releases before 2026.1 take it; and in a tar file.
ZIP_SUFFIXES = frozenset(
    (".py", ".tick", ".txt", ".cb", ".pkl", ".joblib", ".xml", ".bin", ".onnx", ".pt", ".pth")
)
SUFFIXES = ZIP_SUFFIXES | {".json"}
FOLDERS = ("models", "tick_scripts", "udfs")
#: Names that its own folders have.
RESERVED = frozenset(("tmp", "log", "kapacitor", "py_package", *FOLDERS))
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LINK = "is a link; put the file there"
_ODD = "is neither an ordinary file nor a folder"
_DEVICE = re.compile(r"cpu|gpu(:\d+)?", re.IGNORECASE)
_ALERTS = {
    "mqtt": ("mqtt_broker_host", "mqtt_broker_port", "name"),
    "opcua": ("opcua_server", "namespace", "node_id"),
}
#: Where a TICKscript posts what the service writes to an OPC UA node.
OPCUA_URL = "http://localhost:5000/opcua_alerts"


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that is broken.

    Parameters
    ----------
    rule : str
        Which, in a word: ``layout``, ``size`` and so on.
    where : str
        The file or key.
    reason : str
        What is wrong, what would come of it, what to do.
    """

    rule: str
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


def validate(
    archive: Path, config: Path | Mapping[str, Any] | None = None, *, kind: str = "tar"
) -> tuple[Fault, ...]:
    """Return what the service would refuse, or accept and never run.

    Parameters
    ----------
    archive : Path
        What is posted to ``/udfs/package``.
    config : Path or mapping, optional
        What is posted to ``/config``; without it only the archive is looked at.
    kind : {"tar", "zip"}
        What the service takes: a tar file since its release 2026.1, a zip file before.

    Returns
    -------
    tuple of Fault
        None of them if everything is right.

    Examples
    --------
    >>> import tarfile, tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp(), "mean.tar")
    >>> tarfile.open(path, "w").close()
    >>> for fault in validate(path):
    ...     print(fault)
    udfs/mean.py: is missing
    tick_scripts/mean.tick: is missing
    """
    faults = [*_archive_name(archive, kind)]
    files: dict[str, bytes] = {}
    try:
        with _OPENED[kind](archive) as opened:
            entries = opened.entries()
            faults += _scan(archive, entries, kind)
            if not faults:  # only what is safe is read
                files = {
                    entry.name.removeprefix("./"): opened.read(entry.name)
                    for entry in entries
                    if entry.kind == "file"
                }
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
        return (*faults, Fault("archive", archive.name, f"is no readable {kind} archive: {error}"))
    if faults:
        return tuple(faults)
    name = archive.stem
    content, found = _read_config(config)
    faults += [*found, *_layout(name, files), *_tickscript(name, files, content)]
    if content is not None:
        faults += _config(name, content, files)
    return tuple(faults)


def check(
    archive: Path, config: Path | Mapping[str, Any] | None = None, *, kind: str = "tar"
) -> None:
    """Refuse what `validate`, which has the same parameters, finds fault with.

    Raises
    ------
    ExportError
        KN408, with each fault on a line.
    """
    faults = validate(archive, config, kind=kind)
    if faults:
        lines = "".join(f"\n  {fault}" for fault in faults)
        raise ExportError(f"the service would not run {archive.name}:{lines}", code="KN408")


# -------------------------------------------------------------------------------- archive


def _archive_name(archive: Path, kind: str) -> Iterator[Fault]:
    if archive.suffix != f".{kind}":
        yield Fault("name", archive.name, f"must end in .{kind}")
    if not _NAME.fullmatch(archive.stem):
        yield Fault("name", archive.name, "may have letters, digits and . _ - in its name alone")
    if archive.stem in RESERVED:
        yield Fault("name", archive.name, f"{archive.stem} is a folder of the service itself")


@dataclass(frozen=True, slots=True)
class _Entry:
    """What an archive says of one thing in it; its kind is ``file``, ``folder``, or a fault."""

    name: str
    size: int
    kind: str


class _Tar:
    """A tar file, as it is since release 2026.1."""

    def __init__(self, path: Path) -> None:
        self._archive = tarfile.open(path)  # noqa: SIM115  # closed by `__exit__`

    def __enter__(self) -> _Tar:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def entries(self) -> list[_Entry]:
        return [_Entry(one.name, one.size, self._kind(one)) for one in self._archive.getmembers()]

    def read(self, name: str) -> bytes:
        stream = self._archive.extractfile(name)
        return stream.read() if stream else b""

    @staticmethod
    def _kind(entry: tarfile.TarInfo) -> str:
        if entry.issym() or entry.islnk():
            return _LINK
        if entry.issparse() or not (entry.isreg() or entry.isdir()):
            return _ODD
        return "file" if entry.isreg() else "folder"


class _Zip:
    """A zip file, as it was before."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)

    def __enter__(self) -> _Zip:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def entries(self) -> list[_Entry]:
        found = self._archive.infolist()
        return [_Entry(one.filename, one.file_size, self._kind(one)) for one in found]

    def read(self, name: str) -> bytes:
        return self._archive.read(name)

    @staticmethod
    def _kind(entry: zipfile.ZipInfo) -> str:
        mode = entry.external_attr >> 16
        if stat.S_ISLNK(mode):
            return _LINK
        if entry.flag_bits & 1:
            return "is encrypted"
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            return _ODD
        return "folder" if entry.is_dir() else "file"


_OPENED: dict[str, type[_Tar | _Zip]] = {"tar": _Tar, "zip": _Zip}


def _scan(archive: Path, entries: list[_Entry], kind: str) -> Iterator[Fault]:
    """Apply the scan for what may not be unpacked."""
    total, packed = sum(entry.size for entry in entries), archive.stat().st_size
    if len(entries) > MAX_ENTRIES:
        yield Fault(
            "entries", archive.name, f"has {len(entries)} entries; {MAX_ENTRIES} are the limit"
        )
    if max(total, packed) > MAX_BYTES:
        yield Fault("size", archive.name, f"holds {_mb(max(total, packed))}; 100 MB are the limit")
    if total > MAX_RATIO * packed:
        yield Fault("ratio", archive.name, f"grows to more than {MAX_RATIO} times its size")
    suffixes = ZIP_SUFFIXES if kind == "zip" else SUFFIXES
    for entry in entries:
        yield from _entry(entry, suffixes)


def _entry(entry: _Entry, suffixes: frozenset[str]) -> Iterator[Fault]:
    path = PurePosixPath(entry.name)
    if path.is_absolute() or ".." in path.parts:
        yield Fault("path", entry.name, "must be a path inside the archive")
    if entry.kind not in ("file", "folder"):
        yield Fault("kind", entry.name, entry.kind)
    elif entry.kind == "file" and path.suffix not in suffixes:
        allowed = " ".join(sorted(suffixes))
        yield Fault("type", entry.name, f"may not travel; these may: {allowed}")
    if entry.size > MAX_BYTES:
        yield Fault("size", entry.name, f"has {_mb(entry.size)}; 100 MB are the limit")


def _mb(size: int) -> str:
    return f"{size / (1024 * 1024):.1f} MB"


def _layout(name: str, files: Mapping[str, bytes]) -> Iterator[Fault]:
    """One name everywhere, and no folder around it all."""
    for needed in (f"udfs/{name}.py", f"tick_scripts/{name}.tick"):
        if needed not in files:
            around = [path for path in files if path.endswith(f"/{needed}")]
            why = f"stands in a wrapping folder, as {around[0]}" if around else "is missing"
            yield Fault("layout", needed, why)
    for path in files:
        folder, _, rest = path.partition("/")
        if folder not in FOLDERS or not rest:
            place = "; it belongs into udfs" if path == "requirements.txt" else ""
            yield Fault("layout", path, f"stands in none of {', '.join(FOLDERS)}{place}")


# ------------------------------------------------------------------------------ TICKscript


def _tickscript(
    name: str, files: Mapping[str, bytes], config: Mapping[str, Any] | None
) -> Iterator[Fault]:
    path = f"tick_scripts/{name}.tick"
    if path not in files:
        return
    try:
        text = files[path].decode()
        tree, udfs = parse(text), udf_names(text)
    except (UnicodeDecodeError, TickError) as error:
        yield Fault("tick", path, f"Kapacitor cannot read it: {error}")
        return
    if not any(isinstance(statement, Dbrp) for statement in tree.statements):
        yield Fault("dbrp", path, 'has no dbrp "database"."policy"; it is defined without -dbrp')
    if name not in udfs:
        found = ", ".join(f"@{udf}()" for udf in udfs) or "no UDF"
        yield Fault("one name", path, f"has {found} instead of @{name}()")
    if config is None:
        return
    alerts = config.get("alerts") or {}
    if ".mqtt(" in text and "mqtt" not in alerts:
        yield Fault("alerts", path, "has .mqtt(), but without alerts.mqtt there is no broker")
    if OPCUA_URL in text and "opcua" not in alerts:
        yield Fault("alerts", path, "posts to the OPC UA server, but alerts.opcua is not there")


# --------------------------------------------------------------------------- configuration


def _read_config(
    config: Path | Mapping[str, Any] | None,
) -> tuple[Mapping[str, Any] | None, list[Fault]]:
    """Return what it says, and what keeps it from being read."""
    if config is None:
        return None, []
    if not isinstance(config, Path):
        text, where = json.dumps(config), "config.json"
    else:
        text, where = config.read_text(encoding="utf-8"), config.name
    faults = []
    if len(text.encode()) > MAX_CONFIG:
        faults.append(Fault("size", where, f"has {len(text.encode())} bytes; 5 KB are the limit"))
    try:
        content = json.loads(text)
    except ValueError as error:
        return None, [*faults, Fault("config", where, f"is no JSON: {error}")]
    if not isinstance(content, dict) or not isinstance(content.get("udfs"), dict):
        return None, [*faults, Fault("config", "udfs", "is missing; it names the UDF")]
    return content, faults


def _config(name: str, content: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[Fault]:
    udfs: Mapping[str, Any] = content["udfs"]
    if "name" not in udfs:
        yield Fault("config", "udfs.name", "is missing")
    elif udfs["name"] != name:
        yield Fault("one name", "udfs.name", f"is {udfs['name']!r}, and the archive is {name}")
    yield from _models(name, udfs, files)
    device = udfs.get("device", "cpu")
    if not isinstance(device, str) or not _DEVICE.fullmatch(device):
        yield Fault("config", "udfs.device", f"is {device!r}; it may be cpu, gpu or gpu:N")
    for key in sorted(set(udfs) - {"name", "models", "model", "device"}):
        yield Fault("config", f"udfs.{key}", "is unknown to the service, which ignores it")
    for key in sorted(set(content) - {"udfs", "alerts", "model_registry"}):
        yield Fault("config", key, "is unknown to the service, which ignores it")
    yield from _alerts(content.get("alerts", {}))


def _models(name: str, udfs: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[Fault]:
    if "model" in udfs:
        yield Fault("config", "udfs.model", "is ignored by the service; the key is udfs.models")
    model = udfs.get("models")
    if model is None:
        return
    if not isinstance(model, str) or not model:
        yield Fault("config", "udfs.models", f"is {model!r}; it must be one file's name")
        return
    if not model.startswith(name):
        yield Fault("one name", "udfs.models", f"is {model!r}, which does not begin with {name}")
    if f"models/{model}" not in files:
        yield Fault("layout", f"models/{model}", "is missing, and udfs.models names it")


def _alerts(alerts: Any) -> Iterator[Fault]:
    if not isinstance(alerts, dict):
        yield Fault("alerts", "alerts", "must be an object with mqtt or opcua")
        return
    for kind in sorted(set(alerts) - set(_ALERTS)):
        yield Fault("alerts", f"alerts.{kind}", "is unknown to the service, which ignores it")
    for kind, keys in _ALERTS.items():
        if kind not in alerts:
            continue
        given = alerts[kind] if isinstance(alerts[kind], dict) else {}
        for key in keys:
            if given.get(key) in (None, ""):
                yield Fault("alerts", f"alerts.{kind}.{key}", "is missing; all three are needed")
    if _ALERTS.keys() <= alerts.keys():
        yield Fault("alerts", "alerts", "has mqtt and opcua; the service does one of them")
