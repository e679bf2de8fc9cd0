"""The tree of errors: what each says, and who catches it."""

import pytest

from kapnb import errors
from kapnb.errors import (
    ExportError,
    HandlerError,
    KapnbError,
    LocalProtocolError,
    MissingExtra,
    OptionError,
    ProtocolError,
    RemoteProtocolError,
    SnapshotError,
    SourceError,
    TargetError,
)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (LocalProtocolError("no"), "no"),
        (RemoteProtocolError("no"), "no"),
        (RemoteProtocolError("no", 0), "no (frame at byte 0)"),
        (OptionError("no"), "no"),
        (SnapshotError("no"), "no"),
        (HandlerError("no"), "no"),
        (TargetError("no"), "no"),
        (SourceError("no"), "no"),
        (SourceError("no", "a.csv, line 3"), "a.csv, line 3: no"),
        (ExportError("no"), "no"),
        (ExportError("no", "a.ipynb, cell 2"), "a.ipynb, cell 2: no"),
        (ExportError("no", "a.ipynb, cell 2", "KN201"), "a.ipynb, cell 2: KN201: no"),
        (ExportError("no", code="KN201"), "KN201: no"),
        (
            MissingExtra("notebook", "Plots", "matplotlib"),
            "Plots needs matplotlib: pip install 'kapnb[notebook]'",
        ),
    ],
)
def test_an_error_says_where_and_what_to_do(error, text):
    """Every one is a KapnbError."""
    assert str(error) == text
    assert isinstance(error, KapnbError)


def test_the_tree_is_as_drawn():
    """Errors of the protocol have one base, a missing extra is an ImportError."""
    assert {LocalProtocolError, RemoteProtocolError} == set(ProtocolError.__subclasses__())
    assert issubclass(MissingExtra, ImportError)
    assert sorted(errors.__all__) == errors.__all__


def test_an_error_keeps_its_place():
    """For who wants more than text."""
    assert RemoteProtocolError("no", 5).offset == 5
    assert SourceError("no", "there").where == "there"
    assert (ExportError("no", "there", "KN1").where, ExportError("no", "there", "KN1").code) == (
        "there",
        "KN1",
    )
    assert MissingExtra("notebook", "a", "b").extra == "notebook"
    assert KapnbError().simulation is None
