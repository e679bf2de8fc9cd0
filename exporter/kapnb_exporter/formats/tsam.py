"""An archive and a configuration for Open Edge's time series analytics microservice.

One name stands everywhere: archive, script, TICKscript, UDF, and the beginning of each model's
file. The runtime travels inside the script, since no wheel may; the service's image has protobuf.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kapnb.errors import ExportError
from kapnb.model import BATCH, InfoResponse
from kapnb_exporter._alerts import Alert, read_alert
from kapnb_exporter._archive import tar_bytes, unpack, zip_bytes
from kapnb_exporter._bundle import inlined, runtime_of
from kapnb_exporter._distributions import (
    beyond,
    closure,
    files_of,
    is_compiled,
    pinned,
    until_both_have_it,
)
from kapnb_exporter._feeding import feeding_script, info_of
from kapnb_exporter._packed import runtime_files
from kapnb_exporter._venv import find_python, inspect
from kapnb_exporter._write import write_all
from kapnb_exporter.formats import File, Product, Start
from kapnb_exporter.tsam import check

__all__ = ["HELP", "files", "starts"]

HELP = "archive and configuration for Open Edge's time series analytics microservice"

#: The Python of the service, up to its release 2026.0.
_PYTHON = "3.10"
#: Where its Telegraf writes, for data that names no database.
_DATABASE = "datain"


def files(product: Product) -> Iterable[File]:
    """Return the archive and the configuration.

    Raises
    ------
    ExportError
        KN408 if the service would refuse them, or its Python could not run them; KN402 if no
        simulation says what the TICKscript should feed.
    """
    _check_python(product)
    info, alert = info_of(product), _alert(product)
    name = _name(product, info)
    models = _models(name, product)
    branches = [alert.branch] if alert else []
    tick = feeding_script(name, product, database=_DATABASE, branches=branches, code="KN408")
    held = [
        File(f"tick_scripts/{name}.tick", tick.encode()),
        File(f"udfs/{name}.py", _script(name, product).encode(), 0o755),
        *(File(f"models/{model}", file.content) for model, file in models.items()),
    ]
    pins = [text for text in product.requirements if not text.startswith(("kapnb==", "protobuf"))]
    if pins:
        held.append(File("udfs/requirements.txt", "".join(f"{pin}\n" for pin in pins).encode()))
    held.sort(key=lambda file: file.path)
    suffix = _suffix(product)
    content = tar_bytes(held) if suffix == "tar" else zip_bytes(held, compressed=False)
    archive = File(f"{name}.{suffix}", content)
    config = _config(name, product, models, alert)
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    variant = "-batch" * (info.wants is BATCH) + "-opcua" * bool(alert and alert.kind == "opcua")
    made = [archive, File(f"config{variant}.json", text.encode())]
    with TemporaryDirectory(prefix="kapnb-tsam-") as folder:
        check(*write_all(Path(folder), made), kind=suffix)
    return made


def starts(product: Product, folder: Path) -> Iterator[Start]:
    """Start it as the service does: its environment, its folders, nothing of ours installed."""
    name = _name(product, info_of(product))
    service, packages = folder / name, folder / "py_package"
    unpack(folder / f"{name}.{_suffix(product)}", service)
    needed = {
        file.path: file
        for distribution in closure(product.requirements, product.interpreter)
        for file in files_of(distribution)
    }
    write_all(packages, needed.values())
    models = sorted(path.name for path in service.glob("models/*"))
    env = {
        "PYTHONPATH": str(packages),
        "MODEL_PATH": str(service / "models" / (models[0] if models else "")),
        "DEVICE": _device(product),
        "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python",
    }
    here, script = inspect(product.interpreter).minor, str(service / "udfs" / f"{name}.py")
    yield Start(f"tsam on {here}", (product.interpreter, "-S", "-u", script), env)
    if here == _PYTHON or (product.request and product.request.python):
        return
    label = f"tsam on {_PYTHON}"
    if any(is_compiled(path) and "/_upb/" not in path for path in needed):
        yield Start(label, reason=f"what it needs is compiled for {here}; see --python {_PYTHON}")
        return
    try:
        python = find_python(_PYTHON)
    except ExportError:
        yield Start(label, reason=f"there is no Python {_PYTHON}, which the service has, to try")
        return
    yield Start(label, (python, "-S", "-u", script), env)


# ---------------------------------------------------------------------------------- names


def _name(product: Product, info: InfoResponse) -> str:
    """Return the one name; that of a UDF for batches says so, as the service's own do."""
    is_plain = info.wants is not BATCH or product.name.endswith("_batch")
    return product.name if is_plain else f"{product.name}_batch"


def _models(name: str, product: Product) -> dict[str, File]:
    """Return the artifacts by their names in the archive, all of which begin with the one name."""
    found = [file for file in product.beside if not file.path.endswith(".py")]
    renamed = {}
    for file in sorted(found, key=lambda file: file.path):
        path = Path(file.path)
        stem = path.stem.removeprefix(name).strip("_-. ")
        is_first = len(found) == 1 or not stem
        renamed[f"{name}{path.suffix}" if is_first else f"{name}_{stem}{path.suffix}"] = file
    if len(renamed) < len(found):
        raise ExportError(
            f"artifacts of {product.handler} would have one name when they begin with {name}; "
            "name them otherwise",
            where=product.notebook,
            code="KN408",
        )
    return dict(sorted(renamed.items()))


def _alert(product: Product) -> Alert | None:
    request = product.request
    if request is None or not request.alert or not request.alert_when:
        return None
    return read_alert(product.name, request.alert, request.alert_when)


# ---------------------------------------------------------------------- what was asked for


def _suffix(product: Product) -> str:
    return (product.request and product.request.archive) or "tar"


def _device(product: Product) -> str:
    """Return what the service tells the UDF: ``cpu`` reaches it as ``auto``."""
    device = ((product.request and product.request.device) or "cpu").lower()
    return "auto" if device == "cpu" else device


def _config(
    name: str, product: Product, models: Mapping[str, File], alert: Alert | None
) -> dict[str, Any]:
    config: dict[str, Any] = {"udfs": {"name": name}}
    if models:
        config["udfs"]["models"] = next(iter(models))
    if product.request and product.request.device:
        config["udfs"]["device"] = product.request.device
    if alert is not None:
        config["alerts"] = {alert.kind: alert.config}
    return config


# ---------------------------------------------------------------------------------- texts


def _script(name: str, product: Product) -> str:
    """Return the script, with the runtime and its modules inside and its models renamed."""
    script = product.script
    for model, file in _models(name, product).items():
        script = _renamed(script, file.path, model)
    modules = [file for file in product.beside if file.path.endswith(".py")]
    return inlined(script, [*runtime_of(runtime_files(product)), *modules])


def _renamed(script: str, old: str, new: str) -> str:
    """Replace the file's name in the call that reads it, which is the one with a hash."""
    lines = script.splitlines(keepends=True)
    for node in ast.walk(ast.parse(script)):
        if not isinstance(node, ast.Call) or "sha256" not in {word.arg for word in node.keywords}:
            continue
        named = node.args[0] if node.args else None
        if isinstance(named, ast.Constant) and named.value == old:
            line = lines[named.lineno - 1].encode()
            end = named.end_col_offset
            text = line[: named.col_offset] + json.dumps(new).encode() + line[end:]
            lines[named.lineno - 1] = text.decode()
    return "".join(lines)


# --------------------------------------------------------------------------------- Python


def _check_python(product: Product) -> None:
    """Refuse what the service's Python cannot read or install, unless another was asked for."""
    if product.request and product.request.python:
        return
    minor = int(_PYTHON.partition(".")[2])
    sources = [(f"{product.name}.py", product.script)]
    sources += [
        (file.path, file.content.decode()) for file in product.beside if file.path.endswith(".py")
    ]
    for path, source in sources:
        try:
            ast.parse(source, feature_version=(3, minor))
        except SyntaxError as error:
            raise _too_new(f"line {error.lineno} of {path}: {error.msg}", product) from error
    _check_installable(product)


def _check_installable(product: Product) -> None:
    """Refuse pins that it cannot have, and a proof with releases that it would not install."""
    needed = closure(product.requirements, product.interpreter)
    version = f"{_PYTHON}.0"
    too_new = beyond([one for one in needed if pinned(one) in product.requirements], version)
    if too_new:
        what = f"it cannot have {', '.join(too_new)}"
        raise _too_new(what, product, until_both_have_it(too_new, _PYTHON))
    too_new = beyond(needed, version)
    if too_new:
        what = f"it would install another release than {', '.join(too_new)} of the proof"
        raise _too_new(what, product, f"prove it with that one (--python {_PYTHON})")


def _too_new(what: str, product: Product, remedy: str = "write it otherwise") -> ExportError:
    return ExportError(
        f"the service has Python {_PYTHON} up to its release 2026.0: {what}; if yours is newer, "
        f"name its Python (--python 3.13), else {remedy}",
        where=product.notebook,
        code="KN408",
    )
