"""Data from a seed: the same for ever, and what they are said to be."""

import hashlib
import itertools
import statistics

import pytest

from kapnb.errors import SourceError
from kapnb.model import STREAM, Source, render_line
from kapnb.sources.synthetic import (
    Change,
    Series,
    constant,
    cycle,
    drift,
    experiment,
    gap,
    mixed,
    step,
    turbine,
    wave,
    weld,
)

START = 1_767_225_600_000_000_000


def digest(source):
    """Return a hash of all points and labels."""
    text = "\n".join(f"{render_line(point)} # {label}" for point, label in source.labelled())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def several(seed=0):
    """Return a mixture of everything there is."""
    return mixed(
        Series(
            "cpu",
            {"usage": wave(50, amplitude=20, period=30, noise=2), "n": cycle(1, 2)},
            tags={"host": "a"},
            every="500ms",
            jitter="100ms",
            missing=0.1,
            changes=[gap(10, 12), drift(20, 30, 40, fields="usage"), step(40, 5, stop=45)],
        ),
        Series("mem", {"free": constant(0.5), "ok": True}, every="2s", offset="1s", late="3s"),
        seconds=60,
        seed=seed,
    )


# Whoever changes these changes the data under everybody's snapshots.
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (turbine(rows=1000, seed=1), "f4059ec2c14e06a5"),
        (weld(rows=1000, seed=1), "1c1de6640784e02e"),
        (experiment(seconds=100), "d76236f8d1863d12"),
        (several(), "8520e58ec0742836"),
    ],
    ids=["turbine", "weld", "experiment", "several"],
)
def test_a_seed_gives_the_same_data_in_every_run_and_on_every_python(source, expected):
    """Down to the last digit."""
    assert isinstance(source, Source)
    assert source.edge is STREAM
    assert digest(source) == digest(source) == expected


@pytest.mark.parametrize("make", [turbine, weld])
def test_another_seed_gives_other_data(make):
    """And the same length."""
    one, other = make(rows=100, seed=1), make(rows=100, seed=2)
    assert digest(one) != digest(other)
    assert len(list(one)) == len(list(other)) == 100
    assert list(make(rows=50, seed=1)) == list(one)[:50]


# --------------------------------------------------------------------------- turbine


def test_a_turbine_gives_what_the_wind_allows():
    """Nothing below cut-in, a cube above, rated power at most, but for the noise."""
    for point, label in turbine(rows=5000, seed=4).labelled():
        speed, power = point.fields["wind_speed"], point.fields["grid_active_power"]
        if speed < 3:
            assert (power, label) == (0.0, "")
            continue
        expected = 3600 * (min(speed, 12.5) ** 3 - 27) / (12.5**3 - 27)
        if not label:
            assert abs(power - expected) <= 0.12 * expected + 0.01
        elif label == "icing":
            assert power <= 0.8 * expected
        else:
            assert power <= 3600 * 0.6 * 1.12


def test_wind_is_distributed_by_weibull_and_changes_slowly():
    """Mean and deviation of shape 2 and scale 8.5 are 7.53 and 3.94."""
    speeds = [point.fields["wind_speed"] for point in turbine(rows=100_000, seed=1)]
    assert abs(statistics.fmean(speeds) - 7.53) < 0.3
    assert abs(statistics.pstdev(speeds) - 3.94) < 0.3
    assert statistics.correlation(speeds[:-1], speeds[1:]) > 0.95


def test_events_are_labelled_and_can_be_left_out():
    """Both kinds occur."""
    labels = {label for _, label in turbine(rows=5000, seed=1).labelled()}
    assert labels == {"", "curtailment", "icing"}
    assert {label for _, label in turbine(rows=5000, seed=1, events=0).labelled()} == {""}


def test_name_tags_and_times_are_chosen():
    """The tag is the one that Open Edge's Telegraf makes."""
    first, second = turbine(rows=2, every="1s", start=START + 5, name="wind", tags={"t": "1"})
    assert (first.time, second.time, first.name, first.tags) == (
        START + 5,
        START + 5 + 10**9,
        "wind",
        {"t": "1"},
    )
    assert next(iter(turbine(rows=1))).tags == {"source": "turbine_1"}
    assert next(iter(weld(rows=1))).tags == {"source": "robot_1"}


# ------------------------------------------------------------------------------ weld


def test_a_weld_has_six_channels_that_the_arc_turns_on():
    """Current without an arc there is none, and wire only grows while it burns."""
    points = list(weld(rows=2000, seed=2))
    assert list(points[0].fields) == [
        "Pressure",
        "CO2 Weld Flow",
        "Feed",
        "Primary Weld Current",
        "Secondary Weld Voltage",
        "Wire Consumed",
    ]
    burning = [point.fields["Primary Weld Current"] > 0 for point in points]
    runs = [(on, len(list(run))) for on, run in itertools.groupby(burning)]
    assert {on for on, _ in runs} == {True, False}
    assert all(60 <= length <= 120 for on, length in runs[:-1] if on)
    for before, after in itertools.pairwise(points):
        if after.fields["Primary Weld Current"] > 0:
            assert after.fields["Wire Consumed"] >= before.fields["Wire Consumed"]
        else:
            assert after.fields["Wire Consumed"] == 0


def test_each_fault_of_a_weld_shows_in_its_channel():
    """Compared with sound rows of a full arc."""
    rows = {}
    for point, label in weld(rows=20_000, seed=1).labelled():
        if point.fields["Primary Weld Current"] > 100:
            rows.setdefault(label, []).append(point.fields)
    assert set(rows) == {"", "gas loss", "wire slip", "burn-through"}

    def mean(label, channel):
        return statistics.fmean(fields[channel] for fields in rows[label])

    assert mean("gas loss", "CO2 Weld Flow") < 0.3 * mean("", "CO2 Weld Flow")
    assert mean("wire slip", "Feed") < 0.6 * mean("", "Feed")
    assert mean("burn-through", "Primary Weld Current") > 1.2 * mean("", "Primary Weld Current")


# ------------------------------------------------------------------------------ mixed


def seconds(source):
    """Return measurement and time of each point, in seconds since the start."""
    return [(point.name, (point.time - START) / 1e9) for point in source]


def test_series_of_several_rates_arrive_in_their_order():
    """Those of one moment in the order in which they are given."""
    source = mixed(
        Series("fast", {"v": 1}, every="1s"), Series("slow", {"v": 2}, every="2s"), seconds=4
    )
    assert seconds(source) == [
        ("fast", 0),
        ("slow", 0),
        ("fast", 1),
        ("fast", 2),
        ("slow", 2),
        ("fast", 3),
    ]


def test_a_late_series_overlaps_with_the_others():
    """Its times lie before their arrival."""
    source = mixed(Series("a", {"v": 1}), Series("b", {"v": 2}, late="1500ms"), seconds=2)
    assert seconds(source) == [("a", 0), ("b", -1.5), ("a", 1), ("b", -0.5)]


def test_jitter_moves_times_and_missing_points_do_not_arrive():
    """By chance, but always the same."""
    points = list(mixed(Series("m", {"v": cycle(*range(1000))}, jitter="10ms"), seconds=1000))
    shifts = [point.time - START - point.fields["v"] * 10**9 for point in points]
    assert 0 <= min(shifts) < 10**5 < 99 * 10**5 < max(shifts) < 10**7
    fewer = list(mixed(Series("m", {"v": 1}, missing=0.25), seconds=1000))
    assert 700 < len(fewer) < 800


def test_changes_have_their_effect_and_their_label():
    """A gap, a drift that grows, a step for good; ints stay ints."""
    source = mixed(
        Series("m", {"v": 10, "s": "x"}, changes=[gap(1, 3), drift(4, 8, 2.0), step(9, 5)]),
        seconds=11,
    )
    assert [(point.fields["v"], label) for point, label in source.labelled()] == [
        (10, ""),
        (10, ""),
        (10.0, "drift"),
        (10.5, "drift"),
        (11.0, "drift"),
        (11.5, "drift"),
        (10, ""),
        (15, "step"),
        (15, "step"),
    ]


def test_a_change_of_ones_own_affects_the_fields_it_names():
    """And where two overlap the first gives the label."""
    stuck = Change(0, 2, "stuck", lambda value, progress: 7.0, ("a",))
    source = mixed(Series("m", {"a": 1.0, "b": 2.0}, changes=[stuck, step(1, 1)]), seconds=3)
    assert [(dict(point.fields), label) for point, label in source.labelled()] == [
        ({"a": 7.0, "b": 2.0}, "stuck"),
        ({"a": 8.0, "b": 3.0}, "stuck"),
        ({"a": 2.0, "b": 3.0}, "step"),
    ]


def test_one_more_field_changes_no_other():
    """Each has a chance of its own."""
    noisy = wave(0, noise=1)
    one = mixed(Series("m", {"a": noisy}), seconds=5)
    two = mixed(Series("m", {"z": noisy, "a": noisy}), seconds=5)
    assert [point.fields["a"] for point in one] == [point.fields["a"] for point in two]
    assert all(point.fields["a"] != point.fields["z"] for point in two)


def test_the_experiments_generator_is_expressible():
    """Two points of one time, and a series a second in the past."""
    assert [
        (point.name[-3:], point.fields["value"], (point.time - START) // 10**9)
        for point in experiment(seconds=4)
    ] == [
        *[("100", 1, 0), ("100", 999, 0), ("105", 10, -1)],
        *[("100", 2, 1), ("100", 999, 1), ("105", 10, 0)],
        *[("100", 3, 2), ("100", 999, 2), ("105", 10, 1)],
        *[("100", 1, 3), ("100", 999, 3), ("105", 10, 2)],
    ]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: mixed(seconds=1), "there is no series"),
        (lambda: mixed(Series("m", {}, every="1"), seconds=1), "series 0, every: '1' is no dur"),
        (lambda: mixed(Series("m", {}, every=0), seconds=1), "every must be longer than nothing"),
        (lambda: mixed(Series("m", {}, late=-1), seconds=1), "late is -1; it cannot be negative"),
        (lambda: turbine(start="now"), "start: 'now' is no RFC 3339"),
        (lambda: weld(every="soon"), "every: 'soon' is no duration"),
    ],
)
def test_what_cannot_be_made_is_refused_at_once(make, problem):
    """Not when somebody iterates."""
    with pytest.raises(SourceError, match=problem):
        make()


# ----------------------------------------------------------------------------- frames


def test_labels_stand_beside_the_points_and_in_the_frame():
    """A Handler cannot see what it should find."""
    source = weld(rows=300, seed=1)
    frame = source.frame()
    assert frame["label"].tolist() == [label for _, label in source.labelled()]
    assert list(frame.columns[:2]) == ["source", "Pressure"]
    assert not any("label" in point.fields for point in source)
    assert list(source.frame("fault").columns)[-1] == "fault"
    with pytest.raises(SourceError, match="there is a column 'Feed' already"):
        source.frame("Feed")


def test_a_source_shows_what_it_is():
    """In a notebook."""
    assert repr(turbine(rows=3, seed=4)) == "turbine(rows=3, seed=4)"
    assert repr(several(2)) == "Synthetic(2 series, 60 s, seed 2)"
    assert repr(experiment()) == "Synthetic(3 series, 5 s, seed 0)"
