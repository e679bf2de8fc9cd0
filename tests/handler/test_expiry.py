"""Which groups are over: the clock, the order of use, the limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapnb.errors import HandlerError
from kapnb.handler import Expiry, Handler
from kapnb.model import Duration


class Model:
    """The same rules, written to be read: every group is looked at, every time."""

    def __init__(self, idle, cap):
        self.idle, self.cap, self.now, self.used = idle, cap, None, {}

    def touch(self, group, time):
        self.now = time if self.now is None else max(self.now, time)
        gone = []
        if self.idle is not None:
            gone += [name for name, used in self.used.items() if self.now - used > self.idle]
        for name in gone:
            del self.used[name]
        if self.cap is not None and group not in self.used and len(self.used) == self.cap:
            gone.append(next(iter(self.used)))
            del self.used[gone[-1]]
        self.used.pop(group, None)
        self.used[group] = self.now
        return gone


limits = st.none() | st.integers(1, 6)
touches = st.lists(st.tuples(st.sampled_from("abcdefg"), st.integers(-10, 20)), max_size=40)


def begun(idle, cap, time, groups=()):
    expiry = Expiry(idle, cap)
    assert list(expiry.start(time, groups)) == []
    return expiry


@given(limits, limits, touches)
def test_groups_go_as_the_rules_say(idle, cap, items):
    """Any order of times, forwards, backwards and negative."""
    model = Model(idle, cap)
    expiry = begun(idle, cap, items[0][1] if items else 0)

    for group, time in items:
        assert list(expiry.touch(group, time)) == model.touch(group, time)
        assert dict(expiry.stamps) == model.used
        assert list(expiry.stamps) == list(model.used)


@given(limits, limits, touches, st.data())
def test_a_snapshot_in_between_changes_nothing(idle, cap, items, data):
    """The order of use, the ages and the clock are in it."""
    cut = data.draw(st.integers(0, len(items)))
    start = items[0][1] if items else 0
    whole, before = begun(idle, cap, start), begun(idle, cap, start)
    for group, time in items[:cut]:
        whole.touch(group, time)
        before.touch(group, time)
    order = before.order(dict.fromkeys(before.stamps))

    after = Expiry(idle, cap)
    after.load(before.now, dict(zip(order, before.ages(order), strict=True)))
    after.start(start, order)

    for group, time in items[cut:]:
        assert list(after.touch(group, time)) == list(whole.touch(group, time))
    assert (after.now, list(after.stamps.items())) == (whole.now, list(whole.stamps.items()))


def test_the_limit_itself_is_not_beyond_it():
    """A group is let go when it was idle for longer, and when there are more."""
    expiry = begun(10, 2, 0)
    expiry.touch("a", 0)

    assert list(expiry.touch("b", 10)) == []
    assert list(expiry.touch("b", 11)) == ["a"]
    assert list(expiry.touch("c", 11)) == []
    assert list(expiry.touch("d", 11)) == ["b"]


def test_a_late_point_brings_no_group_back_and_does_not_turn_the_clock():
    """It counts as use at the time that the clock shows."""
    expiry = begun(10, None, 0)
    expiry.touch("a", 0)
    expiry.touch("b", 100)

    assert list(expiry.touch("a", 5)) == []
    assert expiry.now == 100
    assert list(expiry.touch("b", 110)) == []
    assert list(expiry.touch("b", 111)) == ["a"]


def test_groups_without_a_stamp_count_as_used_when_data_comes():
    """From a snapshot that knew none: idle since the restart, not since 1970."""
    expiry = begun(10, None, 1_000, ["a", "b"])

    assert list(expiry.touch("a", 1_010)) == []
    assert list(expiry.touch("a", 1_011)) == ["b"]


def test_a_lower_cap_lets_the_least_recently_used_go():
    """The limit may be lower than when the snapshot was taken."""
    expiry = Expiry(None, 2)
    expiry.load(5, {"a": 3, "b": 2, "c": 0})

    assert list(expiry.start(0, ["c", "b", "a"])) == ["a"]


def test_groups_that_user_code_removed_or_added_are_followed():
    """A Handler may do in restore() what it likes."""
    expiry = Expiry(None, 9)
    expiry.load(5, {"gone": 3, "there": 2})
    expiry.start(7, {"new": 1, "there": 1})

    assert dict(expiry.stamps) == {"there": 3, "new": 5}
    assert expiry.order({"other": 0, "new": 0, "there": 0}) == ["there", "new", "other"]


@pytest.mark.parametrize("name", ["group_idle", "group_cap"])
@pytest.mark.parametrize("value", [0, -1, True, 1.5, "10m"], ids=repr)
def test_a_limit_that_means_nothing_is_refused(name, value):
    """When the class is made, or, if init sets it, before the first data."""
    problem = f"{name} is {value!r}; it must be None or an int above 0, as in {name} = "
    with pytest.raises(HandlerError) as raised:
        type("Limited", (Handler,), {name: value})
    assert f"Limited.{problem}" in str(raised.value)

    handler = Handler()
    setattr(handler, name, value)
    with pytest.raises(HandlerError) as raised:
        handler.group_expiry()
    assert problem in str(raised.value)


def test_a_handler_without_limits_or_without_states_has_no_expiry():
    """Nothing to count, nothing to let go."""

    class Stateless(Handler):
        group_cap = 5

    class Unlimited(Handler):
        def point(self, point, state):
            pass

    class Limited(Unlimited):
        group_idle = Duration.parse("10m")

    assert Stateless().group_expiry() is None
    assert Unlimited().group_expiry() is None
    assert Limited().group_expiry().idle == 600_000_000_000
