"""Law, ahead: many points at once are the same as one by one, and as protobuf decodes them.

The points are written here byte by byte, as Go's protobuf writes them, which has no order of
map entries, and with names, texts and values that look like encoded fields wherever they can.
"""

import struct
from random import Random

from hypothesis import example, given
from hypothesis import strategies as st

from harness import Peer
from kapnb.compat import udf_pb2
from kapnb.compat._official import _read_ahead, _was_decoded
from kapnb.handler import Handler
from kapnb.protocol import Foresight
from kapnb.protocol._wire import delimited, schema, varint, wire_point

SHORT = ["", "x", "y", "xB", "ab2", "val"]
NAMES = [*SHORT, "value", "value2", "sevenbb", "é", "n" * 63, "J" * 74, "w" * 122, "w" * 123]
NAMES += ["w" * 200, "x\n\x01x", "B\x0c\n\x01x\x11"]


def entry_head(name):
    """Return what an entry of a double begins with."""
    key = name.encode()
    return b"B" + varint(11 + len(key)) + delimited(1, key) + b"\x11"


def piece(random, names):
    """Return a part of an encoded field as a text, if it can be one."""
    data = entry_head(random.choice(names)) + random.choice([b"", 8 * b"\0", b"\x10\x05"])
    start = random.choice([0, 0, 1, 2])
    stop = random.choice([len(data), random.randrange(len(data) + 1), len(data) - 2])
    return data[start:stop].decode(errors="ignore")


def text(random, names):
    """Return a text: a plain one, or one that looks like fields."""
    choice = random.random()
    if choice < 0.5:
        return random.choice(["", "a", "host1", "\0", "\x01", "é" * 40])
    looks = piece(random, names)
    return looks if choice < 0.8 else random.choice(["", "a" * 60]) + looks + piece(random, names)


def number(random, names):
    """Return the eight bytes of a double."""
    choice = random.random()
    if choice < 0.3:
        head = entry_head(random.choice(names))
        fill = random.randbytes(8)
        data = random.choice([head, fill[: random.randrange(8)] + head]) + fill
        return data[:8] if choice < 0.2 else (fill + head[: random.randrange(8)])[-8:]
    special = [0.0, -0.0, 1.5, float("inf"), float("-inf"), float("nan"), -8.98846567431158e307]
    return struct.pack("<d", random.choice(special) if choice < 0.6 else random.random())


def shuffled(random, entries):
    """Return a map's entries in the order of the day."""
    entries = list(entries)
    random.shuffle(entries)
    return b"".join(entries)


def integer(random):
    """Return an int64 whose last byte may begin an entry."""
    low = random.choice([0, 0, 1, random.getrandbits(62), 0x5EED_5EED_5EED_5EED])
    return random.choice([low, 0x42 << random.choice([0, 7, 14, 56]) | low & 0x7F, 2**64 - 1])


def point(random, names, *, grouped):
    """Return the bytes of one point, which mostly has the doubles `names` and a time."""

    def some(low=0, high=3):
        return random.sample(NAMES, random.randrange(low, high))

    odd = random.random() < 0.03
    doubles = dict.fromkeys(names[1:] if odd else names)
    doubles |= dict.fromkeys(some(0, 2))
    ints = random.sample(names, 1) if random.random() < 0.1 else some(0, 2)
    parts = []
    if time := integer(random) or not odd:
        parts.append(b"\x08" + varint(time))
    texts = [random.choice(["", "m", text(random, names)]) for _ in range(3)]
    texts.append((text(random, names) or "g" * (not odd)) * grouped)
    for at, value in enumerate(texts, 2):
        if value:
            parts.append(delimited(at, value.encode()))
    parts += [delimited(6, text(random, names).encode()) for _ in range(random.randrange(3))]

    def entries(at, keys, value):
        return shuffled(
            random, (delimited(at, delimited(1, key.encode()) + value()) for key in keys)
        )

    parts += [
        entries(7, some(), lambda: delimited(2, text(random, names).encode())),
        entries(8, doubles, lambda: b"\x11" + number(random, names)),
        entries(9, ints, lambda: b"\x10" + varint(integer(random))),
        entries(10, some(0, 2), lambda: delimited(2, text(random, names).encode())),
        random.choice([b"", b"X\x01"]),
        entries(12, some(0, 2), lambda: b"\x10" + random.choice([b"\0", b"\x01"])),
    ]
    return b"".join(parts)


def shown(value):
    """Return a value so that equal means the same bits."""
    return struct.pack("<d", value) if isinstance(value, float) else repr(value)


def asked(seen, double, names):
    """Return what a Handler asks of a point; `double` reads a field."""
    said = [shown(seen.group), shown(seen.time)]
    for name in names:
        try:
            said.append(shown(double(seen, name)))
        except KeyError:
            said.append("none")
    return said


def native(seen, name):
    """Read a field as a Handler of ours does."""
    value = seen.fields[name]
    if not isinstance(value, float):
        raise KeyError(name)
    return value


def official(seen, name):
    """Read a field as an old script does, or of protobuf's own message, without adding it."""
    if name not in seen.fieldsDouble:
        raise KeyError(name)
    return seen.fieldsDouble[name]


def stream(seed):
    """Return the names that are asked for, and lists of points."""
    random = Random(seed)
    names = random.sample(NAMES, random.randrange(1, 5))
    grouped = random.random() < 0.7

    def some():
        return [point(random, names, grouped=grouped) for _ in range(random.randrange(8))]

    # Where all are odd, no list is read ahead.
    return names, [
        random.choice([some, lambda: some()[:1]])() + some()[:1] * 3 + [plain(names, grouped)] * 6
        for _ in range(3)
    ]


def plain(names, grouped=True):
    """Return a point without anything odd, from which is learned what will be asked."""
    message = schema().Point(time=7, group="g" if grouped else "")
    for name in names:
        message.fieldsDouble[name] = 1.0
    return message.SerializeToString()


@given(st.integers(0, 2**64))
def test_what_is_read_ahead_is_what_protobuf_decodes(seed):
    """The same values, bit by bit, natively and for old scripts."""
    names, lists = stream(seed)
    parse = schema().Point.FromString
    teach = [plain(names)] * 8
    for foresight, one, double in (
        (Foresight(), wire_point, native),
        (Foresight(_read_ahead, _was_decoded), udf_pb2.Point.FromString, official),
    ):
        for run in [teach, teach, teach, *lists]:
            for data, item in zip(run, foresight.points(run), strict=True):
                seen = one(item) if isinstance(item, bytes) else item
                assert asked(seen, double, names) == asked(parse(data), official, names)


def framed(data):
    """Return a request that is this point."""
    body = delimited(17, data)
    return varint(len(body)) + body


class Asking(Handler):
    """Asks of each point the same, and sends it with two fields added."""

    def __init__(self, names=("x",)):
        self.names, self.said = names, []

    def point(self, point):
        """Ask, and answer."""
        self.said.append(asked(point, native, self.names))
        return point.with_fields(mean=1.25, x=2.5)


@given(st.integers(0, 2**64))
@example(0)
def test_many_points_at_once_are_answered_as_one_by_one(seed):
    """The agent asks, says and sends the same, however the points arrive."""
    names, lists = stream(seed)
    runs = [[plain(names)] * 8] * 3 + [run for run in lists for _ in range(2)]
    peers = [Peer(Asking(names)) for _ in range(2)]
    for peer in peers:
        assert peer.start().success
    together, single = peers
    for run in runs:
        frames = list(map(framed, run))
        given_at_once = together._feed_bytes(together.agent.feed(b"".join(frames)))
        one_by_one = [
            answer for frame in frames for answer in single._feed_bytes(single.agent.feed(frame))
        ]
        assert [answer.canonical() for answer in given_at_once] == [
            answer.canonical() for answer in one_by_one
        ]
    assert together.handler.said == single.handler.said
