"""What each restore policy does with each snapshot that does not fit. Conformance case 25."""

import dataclasses
import json
import pickle
import re
from collections import deque, namedtuple
from pathlib import Path

import pytest

from harness import Peer, cpu, option, started
from kapnb.agent import _session
from kapnb.errors import SnapshotError
from kapnb.handler import Handler, Option, Snapshot
from kapnb.model import (
    Point,
    RestoreRequest,
    RestoreResponse,
    SnapshotRequest,
    SnapshotResponse,
)


@dataclasses.dataclass
class Window:
    n: int = 0


Pair = namedtuple("Pair", "a")


class Counting(Handler):
    size = Option(int, default=2)

    def group_state(self):
        return Window()

    def point(self, point, state):
        state.n += 1
        yield Point({"n": state.n})


def under(policy, base=Counting, **body):
    return type(base.__name__, (base,), {"restore_policy": policy, **body})


def counts(answers):
    return [answer.fields["n"] for answer in answers if isinstance(answer, Point)]


def taken(cls=Counting, *options):
    """Return the snapshot of a Handler that saw two points of a and one of b."""
    peer = started(cls, *options)
    peer.feed(cpu(), cpu(), cpu(host="b"))
    (answer,) = peer.feed(SnapshotRequest())
    return answer.snapshot


def changed(**more):
    return json.dumps({**json.loads(taken()), **more}).encode()


def document(group, **more):
    """Return a snapshot in which host=a is `group`, and host=b is a window."""
    groups = json.loads(taken())["groups"]
    return changed(groups={**groups, "host=a": group}, **more)


def window(**values):
    return {"!": "dataclass", "class": "Window", "v": values}


USED, FRESH, REFUSED, PARTLY = "used", "fresh", "refused", "partly"
#: What came → what strict, tolerant and fresh make of it. docs/state.md has the same table.
CASES = {
    "own": (taken(), USED, USED, USED),
    "garbage": (b"garbage", REFUSED, FRESH, FRESH),
    "pickle": (pickle.dumps({"host=a": 5}), REFUSED, FRESH, FRESH),
    "JSON of another agent": (b'{"host=a": [1.5]}', REFUSED, FRESH, FRESH),
    "empty": (b"", REFUSED, FRESH, FRESH),
    "newer format": (changed(kapnb=3), REFUSED, FRESH, FRESH),
    "older format": (changed(kapnb=1), USED, USED, USED),
    "another Handler": (
        changed(header={"handler": "Other", "options": {"size": "2"}}),
        REFUSED,
        FRESH,
        FRESH,
    ),
    "other options": (taken(Counting, option("size", 5)), REFUSED, USED, FRESH),
    "a new option": (
        changed(header={"handler": "Counting", "options": {}}),
        REFUSED,
        USED,
        FRESH,
    ),
    "a field less now": (
        document(window(n=2, gone=1), classes={"Window": ["n", "gone"]}),
        REFUSED,
        USED,
        FRESH,
    ),
    "a field more now": (
        document(window(gone=1), classes={"Window": ["gone"]}),
        REFUSED,
        "filled",
        FRESH,
    ),
    "a class that is gone": (
        document({"!": "dataclass", "class": "Gone", "v": {}}),
        REFUSED,
        PARTLY,
        FRESH,
    ),
    "a kind that is unknown": (document({"!": "tensor", "v": 1}), REFUSED, PARTLY, FRESH),
    "one damaged group": (document({"!": "deque"}), REFUSED, PARTLY, FRESH),
    "damaged ages": (changed(expiry={"now": 1, "ages": []}), REFUSED, USED, FRESH),
}
#: What the next points of a and b give.
COUNTS = {USED: [3, 2], FRESH: [1, 1], PARTLY: [1, 2], "filled": [1, 2]}


@pytest.mark.parametrize("policy", ["strict", "tolerant", "fresh"])
@pytest.mark.parametrize("case", CASES)
def test_each_policy_does_what_the_table_says(case, policy, caplog):
    """Never an unhandled exception, never silence."""
    data, *outcomes = CASES[case]
    outcome = outcomes[["strict", "tolerant", "fresh"].index(policy)]
    peer = started(under(policy))

    (answer,) = peer.feed(RestoreRequest(data))

    if outcome == REFUSED:
        assert not answer.success
        assert (
            "restore_policy is strict: to start without it, define the task under" in answer.error
        )
        assert peer.session.refused
        assert isinstance(peer.session.error, SnapshotError)
        assert peer.feed(cpu()) == []
        return
    assert answer == RestoreResponse(True)
    assert counts(peer.feed(cpu(), cpu(host="b"))) == COUNTS[outcome]
    exact_fit = case in ("own", "older format")
    assert ("the stored snapshot was not used" in caplog.text) is not exact_fit
    if outcome != FRESH and not exact_fit:
        assert "the stored snapshot was not used as it is: " in caplog.text


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("empty", "0 bytes, which stand for a snapshot that could not be taken"),
        ("newer format", "snapshot format 3; this kapnb reads format 2 and older"),
        ("another Handler", "taken with handler 'Other', now 'Counting'"),
        ("other options", "taken with options {'size': '5'}, now {'size': '2'}"),
        ("a field less now", "group 'host=a': dataclass 'Window' had the fields n, gone, now n"),
        ("a class that is gone", "there is no dataclass 'Gone' in the Handler's module"),
        ("a kind that is unknown", "it holds a 'tensor', which this kapnb does not know"),
        ("one damaged group", "group 'host=a': it is damaged: KeyError('v')"),
    ],
)
def test_the_reason_is_readable(case, words):
    """The answer is all that Kapacitor shows."""
    (answer,) = started(under("strict")).feed(RestoreRequest(CASES[case][0]))

    assert words in answer.error


def test_groups_that_start_anew_for_one_reason_are_told_in_one_line(caplog):
    """There may be a million."""
    gone = {"!": "dataclass", "class": "Gone", "v": {}}
    groups = {f"g{i}": gone for i in range(1_000)} | {"deep": {"!": "set"}, "own": window(n=1)}
    peer = started(under("tolerant"))

    peer.feed(RestoreRequest(changed(groups=groups)))

    assert list(peer.handler.group_states) == ["own"]
    assert len(caplog.records) == 2
    assert "group 'g0' and 999 more starts anew: there is no dataclass 'Gone'" in caplog.text


def test_many_reasons_are_told_in_few_lines(caplog):
    """A snapshot that is damaged all over fills no log."""
    groups = {f"g{i}": {"!": f"kind{i}", "v": 1} for i in range(50)}

    started(under("tolerant")).feed(RestoreRequest(changed(groups=groups)))

    assert len(caplog.records) == 6
    assert "and 45 more reasons why groups start anew" in caplog.text


@dataclasses.dataclass(frozen=True, slots=True)
class Grown:
    """In the snapshot it has but a name."""

    name: str
    window: deque = dataclasses.field(default_factory=lambda: deque(maxlen=3))
    total: float = 0.0
    pair: tuple = Pair(0)


class Growing(Handler):
    restore_policy = "tolerant"


def test_new_fields_of_a_dataclass_take_their_defaults():
    """Plain ones, and those that a factory makes, each its own."""
    old = {"!": "dataclass", "class": "Grown", "v": {"name": "x"}}
    data = {
        "kapnb": 2,
        "header": {"handler": "Growing", "options": {}},
        "classes": {"Grown": ["name"]},
        "groups": {"a": old, "b": old},
    }
    handler = Growing()

    handler.restore(Snapshot(json.dumps(data).encode()))

    assert handler.group_states == {"a": Grown("x"), "b": Grown("x")}
    assert handler.group_states["a"].window is not handler.group_states["b"].window
    assert handler.restore_notes == (
        "dataclass 'Grown' had the fields name, now name, window, total, pair",
    )


def test_a_new_field_without_a_default_cannot_be_filled():
    """The group starts anew; nothing is invented."""
    old = {"!": "dataclass", "class": "Grown", "v": {"total": 1.0}}
    data = {
        "kapnb": 2,
        "header": {"handler": "Growing", "options": {}},
        "classes": {"Grown": ["total"]},
        "groups": {"a": old, "b": 1, "c": {"!": "namedtuple", "class": "Pair", "v": {"b": 1}}},
    }
    handler = Growing()

    handler.restore(Snapshot(json.dumps(data).encode()))

    assert handler.group_states == {"b": 1}
    assert "dataclass 'Grown' has a new field 'name' without a default" in str(
        handler.restore_notes
    )
    assert "named tuple 'Pair' has a new field 'a' without a default" in str(handler.restore_notes)


class Resizing(Handler):
    """Keeps its window when its size changes, if there is enough of it."""

    restore_policy = "tolerant"
    size = Option(int, default=2)

    def group_state(self):
        return deque(maxlen=self.size)

    def adapt_state(self, state):
        if not state:
            raise SnapshotError("an empty window tells nothing")
        return deque(state, maxlen=self.size)


@pytest.mark.parametrize(("size", "adapted"), [(2, False), (3, True)])
def test_states_are_adapted_when_they_do_not_fit(size, adapted):
    """Other options: the Handler may make of each state what it needs now, or drop it."""
    first, second = Resizing(), Resizing()
    first.group_states.update(a=deque([1, 2], 2), b=deque(maxlen=2), c=deque(maxlen=2))
    second.size = size

    second.restore(Snapshot(first.snapshot()))

    assert second.group_states["a"].maxlen == size
    assert ("b" in second.group_states) is not adapted
    assert len(second.restore_notes) == (2 if adapted else 0)


def test_an_exception_in_adapt_state_is_a_refusal():
    """It is a mistake in the code, not in the bytes."""
    peer = started(under("tolerant", adapt_state=lambda self, state: 1 / 0))

    (answer,) = peer.feed(RestoreRequest(taken(Counting, option("size", 5))))

    assert answer.error.startswith("ZeroDivisionError: division by zero (in Counting.adapt_state")


# ------------------------------------------------------------------- bytes of one's own


class Totalling(Counting):
    """The documented way to keep what is not a group's: in front of what kapnb keeps."""

    def init(self):
        self.total = 0

    def point(self, point, state):
        self.total += 1
        state.n += 1
        yield Point({"n": state.n, "total": self.total})

    def snapshot(self):
        return self.total.to_bytes(8, "big") + super().snapshot()

    def restore(self, snapshot):
        if len(snapshot) < 8:
            raise SnapshotError("cut off")
        super().restore(snapshot[8:])
        self.total = int.from_bytes(snapshot[:8], "big")


class Official(Totalling):
    """The same with the official messages."""

    def snapshot(self):
        return SnapshotResponse(super().snapshot())

    def restore(self, snapshot):
        super().restore(snapshot.snapshot)
        return RestoreResponse(True)


@pytest.mark.parametrize("cls", [Totalling, Official])
def test_own_bytes_go_beside_those_of_the_groups(cls):
    """super() does its part, on both ways."""
    data = taken(cls)
    peer = started(cls)

    assert peer.feed(RestoreRequest(data)) == [RestoreResponse(True)]
    (answer,) = peer.feed(cpu())

    assert dict(answer.fields) == {"n": 3, "total": 4}


@pytest.mark.parametrize("data", [b"", b"short", b"12345678", b"12345678garbage"])
@pytest.mark.parametrize("policy", ["strict", "tolerant", "fresh"])
def test_the_policy_holds_for_own_bytes_too(policy, data):
    """An override raises SnapshotError, or super() does."""
    peer = started(under(policy, Totalling))

    (answer,) = peer.feed(RestoreRequest(data))

    assert answer.success is (policy != "strict")
    if answer.success:
        assert dict(peer.feed(cpu())[0].fields) == {"n": 1, "total": 1}


def test_a_snapshot_that_could_not_be_given_back_is_not_taken(monkeypatch, caplog):
    """It would come in a frame that is refused: the task could not start."""
    monkeypatch.setattr(_session, "_SNAPSHOT_SIZE_MAX", 10)
    peer = started(Counting)

    assert peer.feed(cpu(), SnapshotRequest())[1:] == [SnapshotResponse(b"")]
    assert "bytes, more than could be restored (10); keep less per group" in caplog.text
    assert peer.session.snapshot_size == 0


def test_the_size_of_the_last_snapshot_can_be_asked():
    """For counters."""
    peer = Peer(Counting)
    assert peer.session.snapshot_size is None
    peer.start()
    peer.feed(cpu())

    (answer,) = peer.feed(SnapshotRequest())

    assert peer.session.snapshot_size == len(answer.snapshot)
    assert len(peer.handler.group_states) == 1


# -------------------------------------------------------------------- what is promised

DOCUMENT = (Path(__file__).parents[2] / "docs" / "state.md").read_text(encoding="utf-8")
EXAMPLES = {
    re.search(r"class (\w+)", code)[1]: code
    for code in re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
}


def test_the_table_in_the_documents_is_the_one_that_is_tested():
    """Row by row."""
    rows = re.findall(r"^\| ([^|`]+) \| (\w+) \| (\w+) \| (\w+) \|$", DOCUMENT, re.MULTILINE)

    assert {name: outcomes for name, *outcomes in rows} == {
        name: list(outcomes) for name, (_, *outcomes) in CASES.items()
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_in_the_documents_run(name):
    """As Handlers, on some points, with a snapshot that is restored."""
    names = {"__name__": __name__}
    exec(EXAMPLES[name], names)
    peer = started(names[name])
    peer.feed(cpu(time=0), cpu(time=1, host="b"), cpu(time=10**15, host="b"))
    (taken,) = peer.feed(SnapshotRequest())

    assert taken.snapshot
    assert started(names[name]).feed(RestoreRequest(taken.snapshot)) == [RestoreResponse(True)]
