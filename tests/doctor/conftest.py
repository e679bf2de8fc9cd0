"""Scripts to examine, and an examination whose clocks are generous."""

from __future__ import annotations

import sys

import pytest

from kapnb.doctor import Limits, examine, plan_target
from udf_scripts import SCRIPT

#: Nothing is expected to take long; no test hangs on these.
PATIENT = {"timeout_s": 60.0, "exit_s": 60.0, "points": 500}


@pytest.fixture
def script(tmp_path):
    """Write a script that leaves stdout to whoever wants it, as the official agent does."""

    def write(source, ending="", *, shebang=None, mode=0o755):
        path = tmp_path / "udf.py"
        text = SCRIPT.format(python=sys.executable, source=source, ending=ending)
        if shebang is not None:
            text = shebang + text.partition("\n")[2]
        path.write_text(text, newline="")
        path.chmod(mode)
        return path

    return write


@pytest.fixture
def diagnose():
    """Examine a script with points few enough for a test."""

    def run(path, options=(), data=None, group_by=None, **limits):
        return examine(
            plan_target(str(path)),
            options=options,
            data=data,
            group_by=group_by,
            limits=Limits(**{**PATIENT, **limits}),
        )

    return run
