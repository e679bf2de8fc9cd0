"""Every example in a docstring runs and shows what it says."""

from __future__ import annotations

import doctest
import importlib.util
import pkgutil

import pytest

import kapnb
import kapnb.model
import kapnb_exporter

MODULES = [
    module.name
    for package in (kapnb, kapnb_exporter)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith("__main__")
]
if importlib.util.find_spec("jupyter_server") is None:  # only where JupyterLab is, as in `browser`
    MODULES.remove("kapnb_exporter._server")


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    """With the public names of kapnb and its model at hand."""
    public = {key: getattr(kapnb, key) for key in kapnb.__all__}
    names = {**public, **vars(kapnb.model)}
    module = importlib.import_module(name)

    failed, _ = doctest.testmod(
        module, extraglobs=names, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    )

    assert failed == 0


def test_there_are_examples():
    """The test above would pass on a project without any."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [
        test
        for name in MODULES
        for test in finder.find(importlib.import_module(name))
        if test.examples
    ]

    assert len(found) > 20
