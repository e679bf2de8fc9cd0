"""Every example in a docstring runs and shows what it says."""

from __future__ import annotations

import doctest
import importlib.util
import inspect
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


#: Functions of `kapnb` that no example can call, and why.
UNSHOWN = {"run": "ends the process"}


def test_each_function_of_kapnb_shows_how_it_is_called():
    """They are what a notebook begins with."""
    functions = {name for name in kapnb.__all__ if inspect.isfunction(getattr(kapnb, name))}

    silent = {name for name in functions if ">>> " not in (getattr(kapnb, name).__doc__ or "")}

    assert silent == set(UNSHOWN)


@pytest.mark.parametrize("module", ["kapnb.sources", "kapnb.sources.synthetic"])
def test_data_is_shown_being_read_and_made(module):
    """Sources and generators, but for what needs pyarrow and what is made by others."""
    public = importlib.import_module(module)

    silent = {
        name for name in public.__all__ if callable(getattr(public, name)) and mute(public, name)
    }

    assert silent <= {"DamageWarning", "Parquet", "Synthetic", "Typed", "Typing"}


#: `supervise_socket` is not among them: it ends the process.
ENTRIES = {
    "kapnb.doctor": ("Report", "examine", "plan_command", "plan_target"),
    "kapnb.notebook": ("plot_comparison", "plot_groups", "plot_precision_recall", "plot_run"),
    "kapnb.supervise": ("Front", "Supervisor", "supervise"),
    "kapnb_exporter": ("export",),
}


@pytest.mark.parametrize("module", ENTRIES)
def test_the_main_entries_of_other_rooms_show_how_they_are_called(module):
    """Where somebody looks who wants to do from Python what a command or a method does."""
    public = importlib.import_module(module)

    assert [name for name in ENTRIES[module] if mute(public, name)] == []


def mute(module, name):
    return ">>> " not in (getattr(module, name).__doc__ or "")
