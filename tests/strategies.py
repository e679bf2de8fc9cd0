"""Hypothesis strategies: points, batches, messages, valid conversations."""

from hypothesis import strategies as st

from kapnb.model import (
    BATCH,
    INT_MAX,
    INT_MIN,
    Batch,
    BeginBatch,
    EdgeType,
    EndBatch,
    ErrorResponse,
    InfoRequest,
    InfoResponse,
    InitRequest,
    InitResponse,
    KeepaliveRequest,
    KeepaliveResponse,
    OptionValue,
    Point,
    ReceivedOption,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
    ValueType,
    group_id,
)

#: Text as the wire carries it: any Unicode but lone surrogates.
texts = st.text(max_size=12)
names = st.text(min_size=1, max_size=6) | st.sampled_from(
    ["a", "b", "host", "value", "x=1,y", "\n"]
)
int64s = st.integers(INT_MIN, INT_MAX)
field_values = st.one_of(st.floats(), int64s, texts, st.booleans())
fields = st.dictionaries(names, field_values, max_size=4)
tags = st.dictionaries(names, texts, max_size=3)
edges = st.sampled_from(EdgeType)
#: States a Handler may keep: what the snapshot format promises to bring back.
plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None), max_size=5)
    | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(
            st.text(max_size=3) | st.just("!") | st.integers() | st.none(), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@st.composite
def points(draw, fields=fields):
    """Draw a point as it comes in on an edge of STREAM: complete, with any grouping."""
    point_tags = draw(tags)
    dimensions = sorted(draw(st.sets(st.sampled_from([*point_tags, "missing"]))))
    return Point(
        draw(fields),
        time=draw(int64s),
        name=draw(names),
        tags=point_tags,
        dimensions=dimensions,
        by_name=draw(st.booleans()),
        database=draw(texts),
        retention_policy=draw(texts),
    )


@st.composite
def batches(draw, max_size=4):
    """Draw a whole batch; its points carry their group's tags and maybe more."""
    group_tags = draw(tags)
    items = [
        Point(draw(fields), time=draw(int64s), tags={**draw(tags), **group_tags})
        for _ in range(draw(st.integers(0, max_size)))
    ]
    return Batch(
        items, name=draw(names), tags=group_tags, tmax=draw(int64s), by_name=draw(st.booleans())
    )


def batch_messages(batch):
    """Return the messages in which Kapacitor sends `batch`."""
    group = group_id(batch.name, batch.tags, batch.dimensions, batch.by_name)
    bare = [Point(point.fields, time=point.time, tags=point.tags) for point in batch.points]
    return [
        BeginBatch(batch.name, group, dict(batch.tags), len(bare), batch.by_name),
        *bare,
        EndBatch(batch.name, group, batch.tmax, dict(batch.tags)),
    ]


_OPTION_VALUES = {
    ValueType.BOOL: st.booleans() | st.none(),
    ValueType.INT: int64s,
    ValueType.DOUBLE: st.floats(allow_nan=False),
    ValueType.STRING: texts,
    ValueType.DURATION: int64s,
}
option_values = st.sampled_from(ValueType).flatmap(
    lambda kind: _OPTION_VALUES[kind].map(lambda value: OptionValue(kind, value))
)
received_options = st.builds(ReceivedOption, names, st.lists(option_values, max_size=3).map(tuple))
init_requests = st.builds(
    InitRequest, st.lists(received_options, max_size=3).map(tuple), texts, texts
)
_begins = st.builds(BeginBatch, names, texts, tags, st.integers(0, INT_MAX), st.booleans())
_ends = st.builds(EndBatch, names, texts, int64s, tags, st.booleans())

#: One request of each kind, whatever the state.
requests = st.one_of(
    st.builds(InfoRequest),
    init_requests,
    st.builds(KeepaliveRequest, int64s),
    st.builds(SnapshotRequest),
    st.builds(RestoreRequest, st.binary(max_size=20)),
    _begins,
    points(),
    _ends,
)
#: One response of each kind, whatever the state.
responses = st.one_of(
    st.builds(
        InfoResponse,
        edges,
        edges,
        st.dictionaries(names, st.lists(st.sampled_from(ValueType), max_size=3).map(tuple)),
    ),
    st.builds(InitResponse, st.booleans(), texts),
    st.builds(KeepaliveResponse, int64s),
    st.builds(SnapshotResponse, st.binary(max_size=20)),
    st.builds(RestoreResponse, st.booleans(), texts),
    st.builds(ErrorResponse, texts),
    _begins,
    points(),
    _ends,
)

_management = st.lists(
    st.one_of(
        st.builds(KeepaliveRequest, int64s), st.builds(SnapshotRequest), st.builds(InfoRequest)
    ),
    max_size=1,
)


@st.composite
def data(draw, wants, max_size=5):
    """Draw what Kapacitor sends once a task runs: data with management in between."""
    if wants is BATCH:
        items = [
            message
            for batch in draw(st.lists(batches(), max_size=max_size // 2))
            for message in batch_messages(batch)
        ]
    else:
        items = draw(st.lists(points(), max_size=max_size))
    return [message for item in items for message in (*draw(_management), item)]


@st.composite
def conversations(draw, wants, max_size=5):
    """Draw the requests of a whole life: info, init, perhaps restore, data."""
    info = draw(st.lists(st.builds(InfoRequest) | st.builds(KeepaliveRequest, int64s), max_size=1))
    restore = draw(st.lists(st.builds(RestoreRequest, st.binary(max_size=9)), max_size=1))
    return [*info, InitRequest((), "task", "node1"), *restore, *draw(data(wants, max_size))]


@st.composite
def splits(draw, data):
    """Draw `data` cut into pieces, none of them empty."""
    at = sorted(draw(st.sets(st.integers(1, max(1, len(data) - 1)), max_size=8)))
    pieces = [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True)]
    return [piece for piece in pieces if piece]
