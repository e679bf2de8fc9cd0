"""What can be seen without starting the UDF: shebang, executable bit, interpreter."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from kapnb.doctor._findings import Report
from kapnb.doctor._plan import Plan

__all__ = ["check_script"]

#: The oldest Python that the runtime supports.
_OLDEST = (3, 10)
_VERSION = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
_PATIENCE_S = 60


def check_script(plan: Plan, report: Report) -> str | None:
    """Check what starts the UDF; return its Python, if that is known and works."""
    if plan.program is not None:
        _check_bit(plan.program, report)
    python = _interpreter(plan, report)
    return None if python is None else _check_version(python, report)


def _shebang(script: Path) -> str:
    with script.open("rb") as file:
        first = file.readline(4096)
    # A carriage return stays: it would become part of the name.
    return first.decode(errors="replace").rstrip("\n") if first.startswith(b"#!") else ""


def _check_bit(script: Path, report: Report) -> None:
    if os.access(script, os.X_OK):
        report.ok("executable", f"{script.name} can be Kapacitor's prog")
        return
    report.warn(
        "executable",
        f"{script.name} is not executable, so it cannot be Kapacitor's prog",
        f'chmod +x {script.name}, or configure prog = "python3", args = ["-u", "{script}"]',
    )


def _interpreter(plan: Plan, report: Report) -> str | None:
    """Return the path of the Python that will run; report a shebang that leads to none."""
    program = Path(plan.command[0])
    if program.name.startswith("python"):
        return str(program)
    shebang = _shebang(program)
    if not shebang:
        if program == plan.program:
            report.fail(
                "shebang",
                f"{program.name} is executable but names no interpreter: exec format error",
                "make its first line #!/usr/bin/env python3",
            )
        return None
    name = _name_in(shebang)
    found = shutil.which(name) if name else None
    if found is None:
        report.fail("shebang", f"{shebang!r} leads to no program", _remedy(shebang, program))
        return None
    report.ok("shebang", f"{shebang} leads to {found}")
    return found if "python" in Path(found).name else None


def _name_in(shebang: str) -> str:
    """Return the interpreter that a shebang names; empty if none."""
    # Linux gives what follows the first blank as one word; only blanks part.
    first, _, more = shebang[2:].strip(" \t").partition(" ")
    if Path(first).name != "env":
        return first
    rest = shlex.split(more) if more.startswith("-S") else [more]
    names = (word.removeprefix("-S") for word in rest)
    return next((name for name in names if name and "=" not in name), "")


def _remedy(shebang: str, program: Path) -> str:
    if shebang.endswith("\r"):
        return f"save {program.name} with Unix line ends: the carriage return is part of the name"
    if len(shebang.split()) > 2 and "-S" not in shebang:
        return "env takes all that follows as one name; write #!/usr/bin/env -S python3 -u"
    return "name a Python that exists where Kapacitor runs, such as #!/usr/bin/env python3"


def _check_version(python: str, report: Report) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603  # the interpreter of what is examined
            [python, "-c", _VERSION], capture_output=True, timeout=_PATIENCE_S, check=False
        )
        version = tuple(int(part) for part in done.stdout.decode().strip().split("."))
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        report.fail("interpreter", f"{python} does not run: {error}", "name a Python that works")
        return None
    shown = ".".join(map(str, version))
    if version < _OLDEST:
        report.fail(
            "interpreter",
            f"{python} is Python {shown}; kapnb needs {'.'.join(map(str, _OLDEST))} or newer",
            "name a newer Python in the shebang, or in Kapacitor's prog",
        )
        return None
    report.ok("interpreter", f"{python} is Python {shown}")
    return python
