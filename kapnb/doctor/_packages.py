"""Whether the packages that a script was written with are those it finds."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kapnb.doctor._findings import Report
from kapnb.doctor._plan import Plan

__all__ = ["check_packages"]

#: The block of PEP 723, as that document gives it.
_BLOCK = re.compile(r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(?P<version>[^;@]*)(?P<marker>;.*)?"
)
_INSTALLED = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found[name] = None
print(json.dumps(found))
"""
_PATIENCE_S = 60


@dataclass(frozen=True)
class _Requirement:
    name: str
    version: str  # such as ==1.2 or >=3; empty if any will do
    conditional: bool  # has a marker, so it may rightly be missing

    @property
    def is_bounded(self) -> bool:
        """Whether a range will do: kapnb's messages work with any protobuf of its own range."""
        return self.name == "protobuf" and "<" in self.version

    @property
    def pin(self) -> str | None:
        """The one version that will do."""
        found = re.fullmatch(r"===?\s*([^\s,*]+)", self.version)
        return found[1] if found else None


def check_packages(plan: Plan, python: str | None, report: Report) -> None:
    """Compare what the script asks for with what `python` has installed."""
    if plan.script is None:
        return
    try:
        where, lines = _asked_for(plan.script)
    except (ValueError, OSError) as error:
        report.fail("packages", f"what is needed cannot be read: {error}", "correct that block")
        return
    needed = list(_requirements(lines))
    if not needed:
        report.warn(
            "packages",
            f"nothing says which packages {plan.script.name} needs",
            "pin them in a requirements.txt beside it, or in a PEP 723 block (# /// script)",
        )
        return
    installed = None if python is None else _installed(python, [item.name for item in needed])
    if installed is None:
        report.warn("packages", f"{where} is there, but its Python cannot be asked")
        return
    _compare(needed, installed, where, report)


def _compare(
    needed: Sequence[_Requirement], installed: dict[str, str | None], where: str, report: Report
) -> None:
    wrong, loose = [], []
    for item in needed:
        version = installed[item.name]
        if version is None:
            if not item.conditional:
                wrong.append(f"{item.name} is missing")
        elif item.pin is None and not item.is_bounded:
            loose.append(item.name + item.version)
        elif item.pin and _release(item.pin) != _release(version):
            wrong.append(f"{item.name} is {version}, not {item.pin}")
    if wrong:
        how = "pip install -r requirements.txt" if where == "requirements.txt" else "install them"
        report.fail("packages", f"{'; '.join(wrong)} ({where})", f"{how} for that Python")
    elif loose:
        report.warn(
            "packages",
            f"not pinned in {where}: {', '.join(loose)}",
            "pin what was tested: NAME==VERSION",
        )
    else:
        report.ok("packages", f"{len(needed)} of {where} installed as pinned")


def _asked_for(script: Path) -> tuple[str, list[str]]:
    """Return where the needs are written, and the lines."""
    if script.suffix == ".py":
        found = _BLOCK.search(script.read_text(encoding="utf-8", errors="replace"))
        if found:
            import tomllib  # few scripts have such a block

            text = "".join(
                line[2:] if line.startswith("# ") else line[1:]
                for line in found["content"].splitlines(keepends=True)
            )
            return "the PEP 723 block", list(tomllib.loads(text).get("dependencies", ()))
    beside = script.parent / "requirements.txt"
    if beside.is_file():
        return beside.name, beside.read_text(encoding="utf-8").splitlines()
    return "", []


def _requirements(lines: Sequence[str]) -> Iterator[_Requirement]:
    """Yield what the lines ask for; options of pip and addresses say nothing of versions."""
    for line in lines:
        text = re.sub(r"(^|\s)#.*$", "", line).split(" --hash")[0].rstrip("\\ ").strip()
        found = _REQUIREMENT.fullmatch(text)
        if found:
            version = re.sub(r"\s", "", found["version"])
            yield _Requirement(found["name"], version, found["marker"] is not None)


def _installed(python: str, names: Sequence[str]) -> dict[str, str | None] | None:
    try:
        done = subprocess.run(  # noqa: S603  # the interpreter of what is examined
            [python, "-c", _INSTALLED, *names],
            capture_output=True,
            timeout=_PATIENCE_S,
            check=True,
        )
        found: dict[str, str | None] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return found


def _release(version: str) -> str:
    """Return a version so that equal ones are equal texts: 1.2 is 1.2.0."""
    return re.sub(r"(\.0)+(?=$|[^.\d])", "", version.lower().lstrip("v").partition("+")[0])
