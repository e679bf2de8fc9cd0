"""InfluxDB 1.x queries as a Source. The client library is imported when a query runs.

Results are what InfluxDB says: types as stored, series as grouped. What Kapacitor's `batch|query`
node then makes of them, doubles, is ``typing="query"``.
"""

from __future__ import annotations

import heapq
import operator
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from kapnb.errors import MissingExtra, SourceError
from kapnb.model import BATCH, STREAM, Batch, EdgeType, FieldValue, Point

__all__ = ["InfluxQuery"]

#: The schemes of a query's address, and whether they are TLS.
_SCHEMES = {"influxdb": False, "influxdb+https": True}


@dataclass(frozen=True)
class InfluxQuery:
    """The result of an InfluxQL query to InfluxDB 1.x.

    Parameters
    ----------
    query : str
        One SELECT. Its ``GROUP BY`` of tags makes the series.
    database : str
        What is queried if the query itself names none.
    host, port, ssl
        Where InfluxDB is.
    username, password : str, optional
        If it asks for them.
    edge : {BATCH, STREAM}
        Batches, one a series, as Kapacitor's query node delivers them; or the points of all
        series in the order of time. Group by ``*`` for the points as they were written, else
        tags come as fields or not at all.
    tmax : int, optional
        The batches' time, nanoseconds since the Unix epoch: the end of the time range, as
        Kapacitor has it. By default that of a batch's last point.
    timeout : float
        Seconds to wait for the server.

    Raises
    ------
    SourceError
        While iterating: if the server cannot be reached, refuses the query, or cuts the result
        off.
    MissingExtra
        While iterating, if the client library is not there.

    Notes
    -----
    Each iteration asks anew: the same items come twice only if the data stay the same, so bound
    the time range of a database that is written to. Times are exact to the nanosecond, ints and
    floats are told apart. A null is an absent field, and a row of nulls is no point. The result
    of one iteration is held in memory.

    Examples
    --------
    >>> InfluxQuery('SELECT * FROM "cpu" GROUP BY *', "telegraf", port=9999)
    InfluxQuery('SELECT * FROM "cpu" GROUP BY *', 'telegraf', host='localhost', port=9999)
    >>> InfluxQuery.from_url("influxdb://me:secret@db:8086/telegraf?q=SELECT+*+FROM+cpu+GROUP+BY+*")
    InfluxQuery('SELECT * FROM cpu GROUP BY *', 'telegraf', host='db', port=8086)
    """

    query: str
    database: str
    _: KW_ONLY
    host: str = "localhost"
    port: int = 8086
    ssl: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    edge: EdgeType = BATCH
    tmax: int | None = None
    timeout: float = 60.0

    @staticmethod
    def is_url(data: object) -> bool:
        """Tell whether `data` is the address of a query, for `from_url`."""
        return isinstance(data, str) and data.partition("://")[0] in _SCHEMES and "://" in data

    @classmethod
    def from_url(cls, url: str) -> InfluxQuery:
        """Return the query that an address holds.

        Parameters
        ----------
        url : str
            ``influxdb://[USER:PASSWORD@]HOST[:PORT]/DATABASE?q=QUERY[&edge=stream]``, or
            ``influxdb+https://`` for TLS. Characters that an address cannot hold are written
            as ``%20`` and so on; in the query, ``+`` is a space.

        Raises
        ------
        SourceError
            If something is missing.
        """
        form = (
            "the address of a query is "
            "influxdb://[USER:PASSWORD@]HOST[:PORT]/DATABASE?q=QUERY[&edge=stream]"
        )
        scheme = url.partition("://")[0]
        try:
            parts = urlsplit(url)
            port = parts.port or 8086
        except ValueError as error:
            raise SourceError(f"{error}; {form}", f"{scheme}://") from None
        asked = parse_qs(parts.query)
        database = unquote(parts.path.strip("/"))
        edges = {"batch": BATCH, "stream": STREAM}
        edge = asked.pop("edge", ["batch"])[0]
        query = asked.pop("q", [""])[0]
        if not (parts.hostname and database and query) or asked or edge not in edges:
            # Without what stands before the host, which may be a password.
            raise SourceError(form, f"{scheme}://{parts.hostname or ''}{parts.path}")
        return cls(
            query,
            database,
            host=parts.hostname,
            port=port,
            ssl=_SCHEMES[scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            edge=edges[edge],
        )

    def __repr__(self) -> str:
        return (
            f"InfluxQuery({self.query!r}, {self.database!r}, host={self.host!r}, port={self.port})"
        )

    def __iter__(self) -> Iterator[Point | Batch]:
        """Ask the server, and give what it answers."""
        found = [_Series(series, self._where) for series in self._ask()]
        if self.edge is STREAM:
            time = operator.attrgetter("time")
            runs = (sorted(series.points(named=True), key=time) for series in found)
            yield from heapq.merge(*runs, key=time)
            return
        for series in found:
            if points := list(series.points(named=False)):
                tmax = max(point.time for point in points) if self.tmax is None else self.tmax
                yield Batch(points, name=series.name, tags=series.tags, tmax=tmax)

    @property
    def _where(self) -> str:
        return f"InfluxDB {self.host}:{self.port}, database {self.database!r}"

    def _ask(self) -> list[Mapping[str, Any]]:
        """Return the series of the result."""
        try:
            import influxdb
            import requests
        except ImportError as error:
            raise MissingExtra("influxdb", "A query", error.name or "influxdb") from error
        client = influxdb.InfluxDBClient(
            self.host,
            self.port,
            self.username or "",
            self.password or "",
            self.database,
            ssl=self.ssl,
            verify_ssl=self.ssl,
            timeout=self.timeout,
            retries=1,
        )
        errors = influxdb.exceptions
        try:
            answer = client.query(self.query, epoch="ns")
        except requests.RequestException as error:
            raise SourceError(
                f"the server cannot be reached: {error}; is it running, are host and port right?",
                self._where,
            ) from None
        except (errors.InfluxDBClientError, errors.InfluxDBServerError) as error:
            raise SourceError(f"the query is refused: {error}", self._where) from None
        finally:
            client.close()
        if isinstance(answer, list):
            raise SourceError(f"{len(answer)} statements; a Source is one SELECT", self._where)
        series: list[Mapping[str, Any]] = answer.raw.get("series", [])
        if any(part.get("partial") for part in (answer.raw, *series)):
            raise SourceError(
                "the server cut the result off (max-row-limit); narrow the time range", self._where
            )
        return series


class _Series:
    """One series of a result."""

    def __init__(self, raw: Mapping[str, Any], where: str) -> None:
        self.name: str = raw["name"]
        self.tags: dict[str, str] = raw.get("tags") or {}
        self._columns: list[str] = raw["columns"]
        self._rows: list[list[Any]] = raw.get("values") or []
        if "time" not in self._columns:
            raise SourceError("the result has no times, so the query is no SELECT of data", where)

    def points(self, *, named: bool) -> Iterator[Point]:
        """Yield the rows that have a value."""
        for row in self._rows:
            values: dict[str, FieldValue | None] = dict(zip(self._columns, row, strict=True))
            time = values.pop("time")
            fields = {name: value for name, value in values.items() if value is not None}
            if fields:
                yield Point(
                    fields,
                    time=time,  # type: ignore[arg-type]  # asked for as an int
                    name=self.name if named else None,
                    tags={key: value for key, value in self.tags.items() if value or not named},
                )
