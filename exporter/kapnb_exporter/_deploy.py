"""What an operator needs besides the script: all of it derives from the script's name.

A section of Kapacitor's configuration, the TICKscript, pinned requirements, a systemd unit for
socket mode, and the commands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kapnb.errors import ExportError, TickError
from kapnb.model import InfoResponse
from kapnb.simulation import message_from_text
from kapnb.tick import check_script
from kapnb_exporter._execute import Recording
from kapnb_exporter._proof import Proof
from kapnb_exporter._tickscript import feed_of, tickscript
from kapnb_exporter.formats import File, Product

__all__ = ["deploy_files"]

#: Part of every venv, and of no script's needs.
_INSTALLERS = frozenset({"pip", "setuptools", "wheel"})

_CONF = """\
# {name}: a section of /etc/kapacitor/kapacitor.conf
[udf.functions.{name}]
    prog = "{home}/venv/bin/python"
    args = ["{home}/{name}.py"]
    timeout = "10s"

# Behind a Unix socket instead ({unit}.service): put this in place of the above.
# [udf.functions.{name}]
#     socket = "/run/{unit}/{name}.sock"
#     timeout = "10s"
"""

_UNIT = """\
# Serves {name} at a Unix socket; needed only if kapacitor.conf names the socket.
[Unit]
Description=Kapacitor UDF {name}
Before=kapacitor.service

[Service]
DynamicUser=yes
Group=kapacitor
RuntimeDirectory={unit}
RuntimeDirectoryMode=0750
ExecStart={home}/venv/bin/python {home}/{name}.py --socket /run/{unit}/{name}.sock --mode 0660
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""

_README = """\
# {name}

A Kapacitor UDF: `{handler}`, exported from `{notebook}`. {proof}

| file | is |
| --- | --- |
| {script_files} | the UDF |
| `{name}.tick` | a TICKscript that feeds it as the notebook did |
| `kapacitor.conf` | the section that names it to Kapacitor |
| `{unit}.service` | a systemd unit, if it is to serve a Unix socket |
| `requirements.txt` | what it needs, pinned |

## Install

On Kapacitor's host, from the folder in which the script lies:

```sh
sudo mkdir -p {home}
sudo cp -r {copied} {home}/
sudo python3 -m venv {home}/venv
sudo {home}/venv/bin/python -m pip install -r {folder}/requirements.txt
{home}/venv/bin/python {home}/{name}.py --check
```

The last one answers a few points as in the notebook, without Kapacitor. If kapnb is on none of your
indexes, have pip look where its wheel lies, too: `--find-links DIR`.

## Start

```sh
sudo tee -a /etc/kapacitor/kapacitor.conf < {folder}/kapacitor.conf
sudo systemctl restart kapacitor
kapacitor define {name} -tick {folder}/{name}.tick
kapacitor enable {name}
kapacitor show {name}
```

## Or behind a Unix socket

One process serves all tasks. Use the other section of `kapacitor.conf`, and before Kapacitor
restarts:

```sh
sudo cp {folder}/{unit}.service /etc/systemd/system/
sudo systemctl enable --now {unit}
```
"""


def deploy_files(
    product: Product,
    recordings: Sequence[Recording],
    proof: Proof,
    explained: Mapping[str, str],
) -> Iterator[File]:
    """Yield the files of the folder ``NAME-deploy``.

    Parameters
    ----------
    product : Product
        The script and what lies beside it.
    recordings : sequence of Recording
        The simulations of its Handler; the TICKscript is that of the first that ended well.
    proof : Proof
        What was proven; requirements are pinned to the packages of its venv.
    explained : mapping of str to str
        What each option is for.

    Raises
    ------
    ExportError
        KN402 if no simulation says what the TICKscript should feed; or if Kapacitor would
        refuse it.
    """
    folder, unit = f"{product.name}-deploy", f"kapnb-{product.name.replace('_', '-')}"
    beside = dict.fromkeys(file.path.partition("/")[0] for file in product.beside)
    scripts = [f"{product.name}.py", *beside]
    names = {
        "name": product.name,
        "handler": product.handler,
        "notebook": product.notebook,
        "folder": folder,
        "unit": unit,
        "home": f"/opt/{unit}",
        "copied": " ".join(scripts),
        "script_files": ", ".join(f"`../{file}`" for file in scripts),
        "proof": _proof_text(product, proof),
    }
    texts = {
        "README.md": _README.format(**names),
        "kapacitor.conf": _CONF.format(**names),
        f"{unit}.service": _UNIT.format(**names),
        f"{product.name}.tick": _tickscript(product, recordings, explained),
        "requirements.txt": "".join(f"{line}\n" for line in _pinned(product, proof)),
    }
    for name, text in texts.items():
        yield File(f"{folder}/{name}", text.encode())


def _proof_text(product: Product, proof: Proof) -> str:
    if proof.mode == "none":
        return "It was NOT verified."
    return (
        "It answers as the notebook did, which was tried before it was written: see "
        f"`../{product.name}.validation.json`."
    )


def _tickscript(
    product: Product, recordings: Sequence[Recording], explained: Mapping[str, str]
) -> str:
    """Write the TICKscript, and make sure that Kapacitor would take it."""
    good = [recording for recording in recordings if recording.error is None]
    good.sort(key=lambda recording: not recording.outputs)
    if not good:
        raise ExportError(
            f"no simulation of {product.handler} says what its TICKscript should feed it; add "
            f"simulate({product.handler}, …), or leave out --deploy",
            where=product.notebook,
            code="KN402",
        )
    info = message_from_text(good[0].info, request=False)
    assert isinstance(info, InfoResponse)
    feed = feed_of(info, good[0].transcript)
    try:
        text = tickscript(product.name, feed, explained=explained)
        check = check_script(text, {product.name: info})
        refusal = check.define or check.enable
    except TickError as error:
        refusal = error
    if refusal is not None:
        raise ExportError(
            f"Kapacitor would refuse the TICKscript of @{product.name}: {refusal}; if the name is "
            "at fault, rename the Handler",
            where=product.notebook,
        )
    return f"// Feeds {product.handler} as {product.notebook} did.\n{text}"


def _pinned(product: Product, proof: Proof) -> list[str]:
    """Return what was installed where the script was proven; else what it declares."""
    if proof.mode != "venv" or proof.interpreter is None:
        return list(product.requirements)
    packages = proof.interpreter.packages
    return [f"{name}=={packages[name]}" for name in sorted(packages) if name not in _INSTALLERS]
