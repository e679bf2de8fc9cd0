"""What an operator needs besides the script: all of it derives from the script's name.

A section of Kapacitor's configuration, the TICKscript, pinned requirements, a systemd unit for
socket mode, and the commands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kapnb_exporter._feeding import feeding_script
from kapnb_exporter._proof import Proof
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

The first line is for the first time only: with the section twice, Kapacitor does not start. For a
new version install again, and restart Kapacitor; with the TICKscript changed, define again, too.

## Or behind a Unix socket

One process serves all tasks. Use the other section of `kapacitor.conf`, and before Kapacitor
restarts:

```sh
sudo cp {folder}/{unit}.service /etc/systemd/system/
sudo systemctl enable --now {unit}
```
"""


def deploy_files(product: Product, proof: Proof, explained: Mapping[str, str]) -> Iterator[File]:
    """Yield the files of the folder ``NAME-deploy``.

    Parameters
    ----------
    product : Product
        The script, what lies beside it, and its simulations.
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
        f"{product.name}.tick": feeding_script(product.name, product, explained=explained),
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


def _pinned(product: Product, proof: Proof) -> list[str]:
    """Return what was installed where the script was proven; else what it declares."""
    if proof.mode != "venv" or proof.interpreter is None:
        return list(product.requirements)
    packages = proof.interpreter.packages
    return [f"{name}=={packages[name]}" for name in sorted(packages) if name not in _INSTALLERS]
