"""Scripts of the official API, as files and as modules."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

import kapnb.compat

SCRIPTS = Path(__file__).parent / "scripts"


@pytest.fixture
def script():
    """Return the path of a script."""
    return lambda name: SCRIPTS / f"{name}.py"


@pytest.fixture
def load(monkeypatch):
    """Return a function that imports a script without starting it."""
    kapnb.compat.install()
    monkeypatch.syspath_prepend(str(SCRIPTS))

    def load_script(name):
        for module in ("mirror", "turbine", name):
            monkeypatch.delitem(sys.modules, module, raising=False)
        spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load_script
