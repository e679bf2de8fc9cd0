"""Points from a DataFrame and back, column by column.

pandas is imported when a conversion runs, never before: a Handler that takes no frames runs
without it. The order of rows is data; nothing is sorted. Times are turned to nanoseconds
before they become ints, because pandas 3 keeps microseconds by default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from kapnb.errors import MissingExtra, SourceError
from kapnb.model import INT_MAX, INT_MIN, FieldValue, Point, check_field, parse_time

if TYPE_CHECKING:
    import pandas as pd

_V = TypeVar("_V")

__all__ = [
    "Table",
    "frame_from_columns",
    "frame_from_points",
    "points_from_frame",
    "table_from_frame",
]

#: Rows that are turned into Python values together, and no more: a frame may be large.
_BLOCK = 4096


class Table:
    """The columns of a frame, once they are known to hold points: a row each.

    Attributes
    ----------
    times : sequence of int
        Nanoseconds since the Unix epoch.
    tags : dict of str to sequence
        Texts, and None where there is none.
    fields : dict of str to sequence
        Python values, and None where there is none; or an array of int64, or of float64 in
        which NaN says so.
    name : str or None
        Measurement.
    """

    __slots__ = ("fields", "name", "tags", "times")

    def __init__(
        self,
        times: Sequence[int],
        tags: dict[str, Sequence[str | None]],
        fields: dict[str, Sequence[Any]],
        name: str | None,
    ) -> None:
        self.times, self.tags, self.fields, self.name = times, tags, fields, name

    def __len__(self) -> int:
        return len(self.times)

    def blocks(self) -> Iterator[Table]:
        """Yield tables of some rows each, in order."""
        for start in range(0, len(self), _BLOCK):
            rows = slice(start, start + _BLOCK)
            yield Table(
                self.times[rows],
                {name: column[rows] for name, column in self.tags.items()},
                {name: column[rows] for name, column in self.fields.items()},
                self.name,
            )

    def points(self) -> Iterator[Point]:
        """Yield the rows as points."""
        for block in self.blocks():
            count = len(block)
            times = _listed(block.times)
            rows = zip(times, _rows(block.fields, count), _rows(block.tags, count), strict=True)
            for moment, fields, tags in rows:
                yield Point(fields, time=moment, name=self.name, tags=tags if self.tags else None)

    def first_without_fields(self) -> int | None:
        """Return the first row that misses all fields, if there is one."""
        if any(_is_whole(column) for column in self.fields.values()):
            return None
        start = 0
        for block in self.blocks():
            for row, fields in enumerate(_rows(block.fields, len(block)), start):
                if not fields:
                    return row
            start += len(block)
        return None


def points_from_frame(
    frame: pd.DataFrame,
    *,
    time: str | None = None,
    tags: Iterable[str] = (),
    name: str | None = None,
) -> Iterator[Point]:
    """Yield the rows of `frame` as points, in their order.

    Parameters
    ----------
    frame : DataFrame
        One row a point. A missing value (NaN, None, NaT, NA) is an absent field or tag; a
        row that misses all is a point without fields.
    time : str, optional
        The column of times. By default the index if it is a DatetimeIndex, else the column
        ``time``. Times without a zone are UTC; ints are nanoseconds since the Unix epoch;
        text is RFC 3339.
    tags : iterable of str
        The columns that are tags; all others are fields.
    name : str, optional
        Measurement.

    Raises
    ------
    SourceError
        Before the first point, if any column or time cannot be used: nothing is guessed,
        nothing dropped.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"time": [0, 1], "host": "a", "n": [1, 2], "x": [0.5, None]})
    >>> for point in points_from_frame(frame, tags=["host"], name="cpu"):
    ...     print(point)
    Point(cpu host=a 1970-01-01T00:00:00Z n=1 x=0.5)
    Point(cpu host=a 1970-01-01T00:00:00.000000001Z n=2)
    """
    return table_from_frame(frame, time=time, tags=tags, name=name).points()


def table_from_frame(
    frame: pd.DataFrame,
    *,
    time: str | None = None,
    tags: Iterable[str] = (),
    name: str | None = None,
) -> Table:
    """Return the columns of `frame` as those of points; see `points_from_frame`."""
    pandas = _pandas()
    tags = (tags,) if isinstance(tags, str) else tuple(tags)
    _check_columns(pandas, frame)
    times, time = _find_times(pandas, frame, time)
    _check_tags(frame, tags, time)
    return Table(
        times,
        {tag: _tag_values(pandas, frame[tag]) for tag in tags},
        {
            column: _field_values(pandas, frame[column])
            for column in frame.columns
            if column != time and column not in tags
        },
        name,
    )


def frame_from_points(points: Iterable[Point], *, tags: bool = True) -> pd.DataFrame:
    """Return `points` as a DataFrame, one row a point, in their order.

    The index ``time`` is in UTC and nanoseconds. Columns are the tags and then the fields,
    each in the order in which they first appear. A column keeps its type: int64 (Int64 where
    values are absent), float64 (absent is NaN), bool (boolean), str. A field whose type
    differs among the points is an object column of the values as they are. No points give
    an empty frame.

    Parameters
    ----------
    points : iterable of Point
        All must have a time.
    tags : bool
        Whether tags become columns.

    Raises
    ------
    SourceError
        If a tag and a field have the same name.

    Examples
    --------
    >>> frame = frame_from_points([Point({"n": 1, "x": 0.5}, time=0), Point({"n": 2}, time=1)])
    >>> frame.dtypes.to_dict()
    {'n': dtype('int64'), 'x': dtype('float64')}
    >>> frame.index.dtype
    datetime64[ns, UTC]
    """
    points = list(points)
    return frame_from_columns(
        [point.time for point in points],
        _columns([point.tags for point in points]) if tags else {},
        _columns([point.fields for point in points]),
    )


def frame_from_columns(
    times: Sequence[int],
    tags: Mapping[str, list[str | None]],
    fields: Mapping[str, list[FieldValue | None]],
) -> pd.DataFrame:
    """Return points that are columns already as a DataFrame; see `frame_from_points`."""
    pandas = _pandas()
    if both := [name for name in tags if name in fields]:
        raise SourceError(
            f"{both[0]!r} is a tag and a field, and a frame has one column of a name; "
            "leave the tags out with tags=False, or rename one of them",
            "DataFrame",
        )
    moments = pandas.Index(times, dtype="int64", name="time")
    index = moments.astype("datetime64[ns]").tz_localize("UTC")
    columns: dict[str, list[Any]] = {**tags, **fields}
    data = {
        name: pandas.Series(values, index=index, dtype=_dtype(values))
        for name, values in columns.items()
    }
    frame: pd.DataFrame = pandas.DataFrame(data, index=index)
    return frame


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtra("notebook", "A conversion from or to a DataFrame", "pandas") from error
    return pd


# ------------------------------------------------------------------ frame to points


def _found(frame: pd.DataFrame) -> str:
    return f"the columns are {', '.join(map(repr, frame.columns)) or 'none at all'}"


def _check_columns(pandas: Any, frame: pd.DataFrame) -> None:
    if isinstance(frame.index, pandas.MultiIndex):
        raise SourceError("the index has several levels; call reset_index() first", "DataFrame")
    for position, name in enumerate(frame.columns):
        if not isinstance(name, str) or not name:
            raise SourceError(
                f"column {position} is called {name!r}; a name must be text, so rename it",
                "DataFrame",
            )
    if not frame.columns.is_unique:
        name = frame.columns[frame.columns.duplicated()][0]
        raise SourceError(f"two columns are called {name!r}; rename one", "DataFrame")


def _check_tags(frame: pd.DataFrame, tags: tuple[str, ...], time: str | None) -> None:
    for tag in tags:
        if tag == time:
            raise SourceError(f"the tag column {tag!r} holds the times", "DataFrame")
        if tag not in frame.columns:
            raise SourceError(
                f"the tag column {tag!r} does not exist: {_found(frame)}", "DataFrame"
            )


def _find_times(
    pandas: Any, frame: pd.DataFrame, time: str | None
) -> tuple[Sequence[int], str | None]:
    """Return the times, and the name of the column they come from, if it is one."""
    index = frame.index
    dated = isinstance(index, pandas.DatetimeIndex)
    if time is None and dated and "time" in frame.columns:
        raise SourceError(
            "the index holds times, and so may the column 'time'; drop or rename one, or "
            'choose the column with time="time"',
            "DataFrame",
        )
    column = "time" if time is None else time
    if column in frame.columns and not (time is None and dated):
        if index.name is not None and not dated:
            raise SourceError(
                f"the index {index.name!r} would be lost; call reset_index() first", "DataFrame"
            )
        return _moments(pandas, frame[column], f"column {column!r}"), column
    zoned = time is None and len(index) > 0 and hasattr(index[0], "tzinfo")  # objects
    if (time is None and dated) or index.name == column or zoned:
        return _moments(pandas, index.to_series(), "index"), None
    raise SourceError(
        f"there are no times: the index is no DatetimeIndex, and there is no column {column!r} "
        f"({_found(frame)}); name the column that holds the times with time=",
        "DataFrame",
    )


def _moments(pandas: Any, values: pd.Series, what: str) -> Sequence[int]:
    """Return times as nanoseconds since the Unix epoch."""
    types = pandas.api.types
    where = f"DataFrame, {what}"
    missing = values.isna().tolist()
    if any(missing):
        raise SourceError("the time is missing", f"{where}, row {missing.index(True)}")
    if types.is_datetime64_any_dtype(values.dtype):
        try:
            times: Sequence[int] = pandas.DatetimeIndex(values).as_unit("ns").asi8
        except pandas.errors.OutOfBoundsDatetime as error:
            raise SourceError(f"nanoseconds hold the years 1678 to 2261: {error}", where) from None
        return times
    if not any(
        check(values.dtype)
        for check in (types.is_integer_dtype, types.is_object_dtype, types.is_string_dtype)
    ):
        raise SourceError(
            f"dtype {values.dtype} holds no times; convert it with pandas.to_datetime", where
        )
    entries = values.tolist()
    if types.is_object_dtype(values.dtype):
        _check_zones(entries, where)
    return [_moment(value, f"{where}, row {row}") for row, value in enumerate(entries)]


def _check_zones(values: list[Any], where: str) -> None:
    """Refuse datetimes of several zones, which pandas leaves as objects, with the first two."""
    zones: dict[str, int] = {}
    for row, value in enumerate(values):
        if hasattr(value, "tzinfo"):
            zones.setdefault(str(value.tzinfo or "no zone"), row)
        if len(zones) > 1:
            (first, at), (second, other) = zones.items()
            raise SourceError(
                f"the times have several zones: {first} in row {at}, {second} in row {other}; "
                "convert all with pandas.to_datetime(..., utc=True)",
                f"{where}, row {other}",
            )


def _moment(value: Any, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        if INT_MIN <= value <= INT_MAX:
            return value
        raise SourceError(f"the time {value} does not fit 64 bits of nanoseconds", where)
    if not isinstance(value, str):
        raise SourceError(
            f"{value!r} is no time, or one among other kinds of values; convert all with "
            "pandas.to_datetime(..., utc=True)",
            where,
        )
    try:
        return parse_time(value)
    except ValueError as error:
        raise SourceError(
            f"{error}; convert the column with pandas.to_datetime(..., utc=True) if it is in UTC",
            where,
        ) from None


def _field_values(pandas: Any, column: pd.Series) -> Sequence[Any]:
    """Return the values of a column as `Table.fields` says."""
    types = pandas.api.types
    dtype: Any = column.dtype
    where = f"DataFrame, column {column.name!r}"
    if isinstance(dtype, pandas.CategoricalDtype):
        return _category_values(column, where)
    if types.is_object_dtype(dtype) or types.is_unsigned_integer_dtype(dtype):
        return _object_values(column, where)  # those may exceed 64 bits with a sign
    if not (
        types.is_bool_dtype(dtype)
        or types.is_integer_dtype(dtype)
        or (types.is_float_dtype(dtype) and dtype.itemsize <= 8)
        or types.is_string_dtype(dtype)
    ):
        raise SourceError(
            f"dtype {dtype} is no type a field can have; convert the column to numbers or text, "
            "drop it, or name it with time= if it holds the times",
            where,
        )
    if not types.is_extension_array_dtype(dtype) and dtype.kind in "if":
        numbers: Sequence[Any] = column.to_numpy("int64" if dtype.kind == "i" else "float64")
        return numbers
    return _with_gaps(column.tolist(), column)


def _with_gaps(values: list[Any], column: pd.Series) -> list[Any]:
    """Return the values of `column` with None where one is missing."""
    missing = column.isna()
    if not missing.any():
        return values
    return [None if gap else value for value, gap in zip(values, missing.tolist(), strict=True)]


def _category_values(column: pd.Series, where: str) -> list[Any]:
    """Return the values of a categorical column; each category in use is looked at once."""
    codes = column.cat.codes.tolist()
    categories = column.cat.categories.astype(object).tolist()
    first = dict(zip(reversed(codes), reversed(range(len(codes))), strict=True))
    values: dict[int, Any] = {
        code: None if code < 0 else _checked(categories[code], f"{where}, row {row}")
        for code, row in sorted(first.items(), key=lambda found: found[1])
    }
    return [values[code] for code in codes]


def _object_values(column: pd.Series, where: str) -> list[Any]:
    values = _with_gaps(column.astype(object).tolist(), column)
    kinds = set(map(type, values))
    if kinds <= {str, float, bool, type(None)}:
        return values
    return [
        None if value is None else _checked(value, f"{where}, row {row}")
        for row, value in enumerate(values)
    ]


def _checked(value: Any, where: str) -> FieldValue:
    """Return one value of an object column."""
    try:
        # check_field would take NumPy's times for the ints that they wrap.
        if getattr(getattr(value, "dtype", None), "kind", "-") in "mM":
            raise TypeError(f"{value!r} is a time, which no field can hold")
        return check_field("value", value)
    except (TypeError, ValueError) as error:
        raise SourceError(f"{error}; convert the column, or drop it", where) from None


def _tag_values(pandas: Any, column: pd.Series) -> list[str | None]:
    values = _listed(_field_values(pandas, column))
    if set(map(type, values)) <= {str, type(None)}:
        return values
    return [None if value is None else str(value) for value in values]


def _listed(column: Sequence[Any]) -> list[Any]:
    """Return a column of a Table as Python values."""
    if isinstance(column, list):
        return column
    values: list[Any] = column.tolist()  # type: ignore[attr-defined]
    return values if _is_whole(column) else [None if x != x else x for x in values]


def _is_whole(column: Any) -> bool:
    """Return whether a column of a Table has a value in every row."""
    if isinstance(column, list):
        return None not in column
    return bool((column == column).all())  # NaN differs from itself


def _rows(columns: Mapping[str, Sequence[_V | None]], count: int) -> Iterator[dict[str, _V]]:
    """Turn columns into rows without the absent values."""
    names = tuple(columns)
    if not names:
        return ({} for _ in range(count))
    return (
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in zip(*map(_listed, columns.values()), strict=True)
    )


# ------------------------------------------------------------------ points to frame


def _columns(rows: list[Mapping[str, _V]]) -> dict[str, list[_V | None]]:
    """Turn rows into columns, with None for what is absent."""
    columns: dict[str, list[_V | None]] = {}
    for row, values in enumerate(rows):
        for name, value in values.items():
            column = columns.setdefault(name, [])
            column.extend([None] * (row - len(column)))
            column.append(value)
    for column in columns.values():
        column.extend([None] * (len(rows) - len(column)))
    return columns


def _dtype(values: list[Any]) -> str | None:
    """Return the dtype that holds `values` exactly; None lets pandas choose its own for text."""
    kinds = set(map(type, values))
    gaps = type(None) in kinds
    kinds.discard(type(None))
    if kinds == {int}:
        return "Int64" if gaps else "int64"
    if kinds == {bool}:
        return "boolean" if gaps else "bool"
    if kinds == {float}:
        return "float64"
    return None if kinds == {str} else "object"
