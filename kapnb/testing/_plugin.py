"""The pytest plugin: fixtures with which a team's CI tests Handlers without Kapacitor.

pytest loads this module in every run where kapnb is installed, so it imports nothing but pytest;
what a fixture needs is imported by the test that asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapnb.testing._golden import Golden

__all__ = ["kapnb_simulate", "kapnb_snapshot", "pytest_addoption"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that accepts what is as what should be."""
    parser.getgroup("kapnb").addoption(
        "--kapnb-update",
        action="store_true",
        help="write the files that kapnb_snapshot compares with; read the diff",
    )


@pytest.fixture
def kapnb_simulate(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Run a Handler on data as Kapacitor would: a function like `kapnb.simulate`.

    The Handler may also be named: a script, a notebook, ``module:Class``. Paths of it, of the
    data and of a TICKscript are looked for beside the test.
    """
    from kapnb.testing._fixtures import simulator

    return simulator(request.path.parent, monkeypatch)


@pytest.fixture
def kapnb_snapshot(request: pytest.FixtureRequest) -> Golden:
    """Compare with a file beside the test: ``kapnb_snapshot(simulation)``.

    ``pytest --kapnb-update`` writes the files.
    """
    from kapnb.testing._golden import Golden

    return Golden(
        request.path, request.node.name, update=bool(request.config.getoption("--kapnb-update"))
    )
