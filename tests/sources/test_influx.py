"""Queries without a server: addresses, and servers that are not there or answer nonsense."""

import socket
import sys

import pytest

from kapnb.errors import MissingExtra, SourceError
from kapnb.model import BATCH, STREAM
from kapnb.sources import InfluxQuery, open_source


def test_an_address_holds_all_of_a_query():
    """Percent signs are undone, and plus signs in the query."""
    source = open_source(
        "influxdb+https://me:s%40crt@db.example:99/my%20db?q=SELECT+*+FROM+%22a%2Bb%22&edge=stream"
    )
    assert source == InfluxQuery(
        'SELECT * FROM "a+b"',
        "my db",
        host="db.example",
        port=99,
        ssl=True,
        username="me",
        password="s@crt",
        edge=STREAM,
    )
    plain = open_source("influxdb://localhost/db?q=SELECT+*+FROM+m")
    assert plain == InfluxQuery("SELECT * FROM m", "db")
    assert plain.edge is BATCH


@pytest.mark.parametrize(
    "address",
    [
        "influxdb://me:secret@/db?q=x",
        "influxdb://me:secret@host?q=x",
        "influxdb://me:secret@host/db",
        "influxdb://me:secret@host/db?q=x&edge=both",
        "influxdb://me:secret@host/db?q=x&precision=s",
        "influxdb://me:secret@host:port/db?q=x",
    ],
)
def test_an_address_that_lacks_something_is_refused_without_its_password(address):
    """The message has the form of an address."""
    with pytest.raises(SourceError) as caught:
        open_source(address)
    assert "secret" not in str(caught.value)
    assert str(caught.value).startswith("influxdb://")


def test_columns_cannot_be_chosen_for_a_query():
    """Its own GROUP BY does it."""
    with pytest.raises(SourceError, match=r"tags can be chosen for .*, not for a query"):
        open_source("influxdb://localhost/db?q=x", tags=["a"])


def test_a_server_that_is_not_there_is_named():
    """With what to look at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        source = InfluxQuery("SELECT 1", "db", host="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(SourceError, match=r"the server cannot be reached: .*is it running"):
            list(source)


def test_without_the_client_the_extra_is_named(monkeypatch):
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, "influxdb", None)
    with pytest.raises(MissingExtra, match=r"pip install 'kapnb\[influxdb\]'"):
        list(InfluxQuery("SELECT 1", "db"))
