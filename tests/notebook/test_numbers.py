"""Reading numbers, and reducing them to what pixels can show."""

import numpy as np
import pytest

from kapnb import Handler, Point
from kapnb.notebook._fields import Shown
from kapnb.notebook._numbers import Numbers, decimate, trace

X_AND_MEAN = Shown(("x",), ("mean",))


def test_reading_goes_on_where_it_stopped(run, handlers):
    """Items that were read are not touched again."""
    simulation = run(handlers.Mean, count=10)
    numbers = Numbers(simulation, X_AND_MEAN)
    numbers.read()
    later = run(handlers.Mean, count=13)
    simulation.inputs = [None] * 10 + later.inputs[10:]
    simulation.outputs = [None] * 10 + later.outputs[10:]
    numbers.read()
    times, values = numbers.inputs["x"]["host=h0"].sorted()
    assert list(times) == [number * 10**9 for number in range(13)]
    assert list(values) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2]
    assert len(numbers.outputs["mean"]["host=h0"]) == 13


def test_a_limited_reading_takes_a_selection(run, handlers):
    """Most of a long backlog is skipped; what is taken comes from all of it."""
    simulation = run(handlers.Mean, count=500, groups=2)
    numbers = Numbers(simulation, X_AND_MEAN)
    numbers.read(50)
    taken = [numbers.inputs["x"][group].sorted()[0] for group in ("host=h0", "host=h1")]
    assert 40 <= sum(map(len, taken)) <= 50
    assert min(map(len, taken)) > 10
    assert max(map(max, taken)) > 450 * 10**9


@pytest.mark.parametrize("most", [None, 50])
def test_columns_of_bytes_and_points_give_the_same_numbers(run, handlers, most):
    """Whether a run keeps its points encoded or as objects cannot be seen."""
    fields = ({"x": 1.0}, {"x": 2.0, "n": 3}, {"x": 2, "n": True}, {"n": 300}, {"x": "off"})
    data = [
        Point(fields[n % 5], time=n * 10**9, name="m", tags={"host": f"h{n % 3}"})
        for n in range(200)
    ]
    simulation = run(handlers.Mirror, data=data)
    encoded = Numbers(simulation, Shown(("x", "n"), ("x", "n")))
    encoded.read(most)
    simulation.inputs, simulation.outputs = list(simulation.inputs), list(simulation.outputs)
    decoded = Numbers(simulation, Shown(("x", "n"), ("x", "n")))
    decoded.read(most)
    for one, other in ((encoded.inputs, decoded.inputs), (encoded.outputs, decoded.outputs)):
        assert _plain(one) == _plain(other)
        assert len(one["x"]) == 3


def test_batches_give_the_numbers_of_their_points(run, handlers, batches):
    """In the group of the batch, whatever its points say."""
    simulation = run(handlers.BatchMean, data=batches(4), group_by=None)
    numbers = Numbers(simulation, Shown(("x",), ("mean",)))
    numbers.read()
    assert _plain(numbers.inputs)["x"]["host=h0"][1] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] * 2
    assert _plain(numbers.outputs)["mean"]["host=h0"][1] == [2.0, 7.0] * 2


def _plain(side):
    return {
        name: {group: [part.tolist() for part in columns.sorted()] for group, columns in of.items()}
        for name, of in side.items()
    }


def test_only_the_chosen_fields_are_looked_at(run, points):
    """Of a point with many fields the others stay encoded."""

    class Wide(Handler):
        def point(self, point):
            yield point

    simulation = run(Wide, data=points(3, y=1.0))
    outputs = simulation.outputs = list(simulation.outputs)
    Numbers(simulation, Shown((), ("x",))).read()
    assert outputs[0].item.fields._values is None
    assert outputs[0].item._fields is not None


def test_late_points_are_put_in_order(run, handlers):
    """A line runs forward in time, whatever the order of arrival."""
    data = [Point({"x": float(time)}, time=time, name="m") for time in (3, 1, 2)]
    numbers = Numbers(run(handlers.Mirror, data=data, group_by=None), Shown(("x",), ()))
    numbers.read()
    times, values = numbers.inputs["x"][""].sorted()
    assert list(times) == [1, 2, 3]
    assert list(values) == [1.0, 2.0, 3.0]


def test_a_field_may_be_missing_or_text_here_and_there(run, handlers):
    """Points without a number in the field are skipped."""
    values = ({"x": 1.0}, {"x": "off"}, {"y": 2.0}, {"x": True})
    data = [Point(fields, time=number, name="m") for number, fields in enumerate(values)]
    numbers = Numbers(run(handlers.Mirror, data=data, group_by=None), Shown(("x",), ("x",)))
    numbers.read()
    for side in (numbers.inputs, numbers.outputs):
        times, numbers_read = side["x"][""].sorted()
        assert (list(times), list(numbers_read)) == ([0, 3], [1.0, 1.0])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1.7e308])
def test_what_no_axis_can_show_is_left_out(run, handlers, value):
    """NaN, the infinities and the outermost floats are no place on an axis."""
    data = [Point({"x": number}, time=0, name="m") for number in (1.0, value, 2.0)]
    numbers = Numbers(run(handlers.Mirror, data=data, group_by=None), Shown((), ("x",)))
    numbers.read()
    assert list(numbers.outputs["x"][""].sorted()[1]) == [1.0, 2.0]


def test_decimation_keeps_every_extreme():
    """The lowest and highest of each column survive, so no spike is lost."""
    times = np.arange(100_000, dtype=np.int64)
    values = np.sin(times / 900.0)
    values[[777, 60_001]] = 50.0, -50.0
    few_times, few_values = decimate(times, values, 200)
    assert len(few_times) == len(few_values) <= 400
    assert (np.diff(few_times) >= 0).all()
    assert few_values.max() == 50.0
    assert few_values.min() == -50.0


def test_decimation_leaves_short_data_alone():
    """What fits is drawn as it is."""
    times, values = np.arange(5), np.ones(5)
    assert decimate(times, values, 10)[0] is times


def test_decimation_spans_all_of_int64():
    """The farthest times there are do not overflow."""
    times = np.array([-(2**63), *range(50), 2**63 - 1], dtype=np.int64)
    few_times, few_values = decimate(times, np.arange(52.0), 4)
    assert few_times[0] == -(2**63)
    assert few_values.max() == 51.0


def test_decimation_of_one_moment_is_its_range():
    """Equal times give one column."""
    few_times, few_values = decimate(np.zeros(50, np.int64), np.arange(50.0), 4)
    assert list(few_times) == [0, 0]
    assert list(few_values) == [0.0, 49.0]


def seconds(*parts):
    """Return times at each second of some ranges."""
    return np.concatenate([np.arange(*part, dtype=np.int64) for part in parts]) * 10**9


def breaks(drawn):
    """Return the times, in seconds, at which a line breaks."""
    return [int(time) // 10**9 for time in drawn.times[np.isnan(drawn.values)]]


def test_a_line_breaks_where_it_pauses():
    """More than ten usual steps without a value is a pause; fewer are none."""
    times = seconds((0, 100), (109, 150), (161, 200))
    drawn = trace(times, np.ones(len(times)), 400)
    assert breaks(drawn) == [149]
    assert drawn.alone == []
    assert len(drawn.times) == len(times) + 1


def test_a_value_between_two_breaks_is_alone():
    """Its place is told, that it can be marked; so are those of some within one pixel."""
    times = seconds((0, 50), (100, 101), (150, 151), (150, 151), (200, 250), (300, 301))
    times[52] += 10**8
    drawn = trace(times, np.arange(len(times)) * 1.0, 400)
    assert breaks(drawn) == [49, 100, 150, 249]
    assert drawn.values[drawn.alone].tolist() == [50.0, 51.0, 52.0, 103.0]


def test_a_single_value_is_alone():
    """A line of one point shows nothing."""
    assert trace(np.array([5]), np.array([1.0]), 400).alone == [0]


@pytest.mark.parametrize("columns", [400, 800])
def test_reduced_lines_break_too(columns):
    """A pause that pixels can show outlasts decimation, and so does what stands alone."""
    times = seconds((0, 30_000), (33_000, 60_000), (70_000, 70_001), (80_000, 90_000))
    values = np.sin(times / 1e12)
    drawn = trace(times, values, columns)
    assert len(drawn.times) <= 2 * columns + 3
    assert [round(time, -3) for time in breaks(drawn)] == [30_000, 60_000, 70_000]
    assert {int(drawn.times[place]) // 10**9 for place in drawn.alone} == {70_000}
    assert np.isfinite(drawn.values[drawn.alone]).all()


def test_a_pause_too_short_for_pixels_breaks_nothing():
    """What cannot be seen is not worth a break."""
    times = seconds((0, 50_000), (50_100, 100_000))
    assert breaks(trace(times, np.ones(len(times)), 400)) == []


def test_random_steps_are_no_pauses():
    """Points that come by chance, and bursts that repeat, are joined as before."""
    chance = np.cumsum(np.random.default_rng(1).exponential(1e9, 300)).astype(np.int64)
    assert len(breaks(trace(chance, np.ones(300), 400))) <= 1
    bursts = (np.arange(200)[:, None] * 10**10 + np.arange(20) * 10**6).ravel()
    assert breaks(trace(bursts, np.ones(4000), 400)) == []


def test_the_usual_step_of_many_is_that_of_all():
    """Sources that take turns are not met at one place of their round only."""
    round_of_8 = np.array([0, 1, 2, 3, 4, 5, 6, 107])
    times = (np.arange(8000)[:, None] * 10**3 + round_of_8).ravel() * 10**6
    times[32_000:] += 2_000_000 * 10**6
    assert len(breaks(trace(times, np.ones(len(times)), 400))) == 1


def test_pauses_may_span_all_of_int64():
    """The farthest times there are do not overflow."""
    times = np.array([-(2**63), *range(30), 2**63 - 1], dtype=np.int64)
    drawn = trace(times, np.arange(32.0), 400)
    assert np.isnan(drawn.values).sum() == 2
    assert len(drawn.alone) == 32  # thirty nanoseconds are nothing beside it


def test_what_was_not_read_is_no_pause():
    """Of a selection only long pauses break a line: shorter ones may be its own."""
    times = seconds((0, 300), (330, 600), (700, 1000))
    assert breaks(trace(times, np.ones(len(times)), 800)) == [299, 599]
    assert breaks(trace(times, np.ones(len(times)), 800, sampled=True)) == [599]


def test_a_limited_reading_says_so(run, handlers):
    """Only once it leaves something out."""
    numbers = Numbers(run(handlers.Mean, count=40), X_AND_MEAN)
    numbers.read(50)
    assert not numbers.sampled
    numbers = Numbers(run(handlers.Mean, count=60), X_AND_MEAN)
    numbers.read(50)
    numbers.read(50)
    assert numbers.sampled
