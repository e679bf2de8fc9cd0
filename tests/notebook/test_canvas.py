"""A live picture on a canvas: what travels, and what stays."""

import json
import shutil
import struct
import subprocess

import numpy as np
import pytest

from kapnb import Handler, MissingExtra, Point
from kapnb.notebook import CanvasView
from kapnb.notebook._canvas import _SCRIPT, encode_frame
from kapnb.notebook._live_marks import Marks, parse_thresholds
from kapnb.notebook._live_strip import Cell
from kapnb.notebook._scene import gather
from kapnb.simulation import Simulation


def decoded(frame):
    """Return head and numbers, as canvas.js reads them."""
    (length,) = struct.unpack_from("<I", frame)
    assert length % 4 == 0
    return json.loads(frame[4 : 4 + length]), np.frombuffer(frame, "<f4", offset=4 + length)


def test_a_frame_holds_the_lines_of_the_scene(run):
    """Times as milliseconds since the first, heights as shares of the range."""
    scene = gather(run(count=20, groups=2))
    head, numbers = decoded(encode_frame(scene, [Cell("rate", "5 inputs/s", [])]))
    (panel,) = head["panels"]
    low, high = panel["range"]
    assert [label for label, _ in head["legend"]] == ["input", "host=h0", "host=h1"]
    assert len(panel["lines"]) == len(scene.lines)
    for sent, line in zip(panel["lines"], scene.lines, strict=True):
        times, values = np.split(numbers[sent["at"] : sent["at"] + 2 * sent["n"]], 2)
        assert values * (high - low) + low == pytest.approx(line.values, abs=1e-5)
        assert list(times) == [(time - scene.ends[0]) / 1e6 for time in line.times]
    assert head["strip"] == [["rate", "5 inputs/s", False]]


def test_a_frame_holds_thresholds_and_anomalies(run):
    """A level from end to end, rings where the outputs are, and an axis that has room for all."""
    done = run(count=20)
    scene = gather(done)
    marks = Marks(done, parse_thresholds({"limit": 1000}), lambda point: point.fields["x"] > 5)
    marks.read()
    head, numbers = decoded(encode_frame(scene, marks=marks.shown(scene, columns=400)))
    (panel,) = head["panels"]
    level, rings = (
        np.split(numbers[mark["at"] : mark["at"] + 2 * mark["n"]], 2) for mark in panel["marks"]
    )
    assert [(mark["text"], mark["rings"]) for mark in panel["marks"]] == [
        ("limit 1000", False),
        ("", True),
    ]
    low, high = panel["range"]
    assert list(level[0]) == [0, head["span"]]
    assert level[1] * (high - low) + low == pytest.approx([1000, 1000])
    found = [one.item for one in done.outputs if one.item.fields["x"] > 5]
    assert 0 < len(found) < 20
    assert list(rings[0]) == [(point.time - scene.ends[0]) / 1e6 for point in found]
    heights = [point.fields["mean"] for point in found]
    assert rings[1] * (high - low) + low == pytest.approx(heights, abs=1e-3)
    assert high > 1000


def test_a_line_breaks_on_a_canvas_where_it_does_in_a_picture(run, handlers):
    """NaN among the heights; what stands alone is named."""
    there = [*range(100), 160, *range(220, 300)]
    data = [Point({"x": 1.0 * n}, time=n * 10**9, name="m") for n in there]
    head, numbers = decoded(encode_frame(gather(run(handlers.Mean, data=data, group_by=None))))
    for sent in head["panels"][0]["lines"]:
        _, heights = np.split(numbers[sent["at"] : sent["at"] + 2 * sent["n"]], 2)
        assert list(np.flatnonzero(np.isnan(heights))) == [100, 102]
        assert sent["marked"] == [101]


def test_few_outputs_are_marked_on_a_canvas_too(run, handlers):
    """As in a picture; so what stands alone is seen, be it between breaks or not."""
    data = [Point({"x": 1.0}, time=n * 10**9, name="m") for n in [*range(9), 40, *range(90, 99)]]
    head, _ = decoded(encode_frame(gather(run(handlers.Mean, data=data, group_by=None))))
    given, sent = head["panels"][0]["lines"]
    assert given["marked"] == [10]
    assert sent["marked"] == list(range(19 + 2))


#: Paints a frame, and prints what the pen was told in between two strokes of lines in a colour.
PAINT = """
const told = [];
const pen = new Proxy({}, {
  get: (kept, name) => kept[name] ?? ((...args) => { told.push([name, ...args]); }),
  set: (kept, name, value) => { kept[name] = value; told.push([name, value]); return true; },
});
const canvas = { dataset: {}, style: {}, getContext: () => pen };
globalThis.document = { createElement: () => canvas };
globalThis.window = { devicePixelRatio: 1 };
globalThis.getComputedStyle = () => ({ color: "black" });
globalThis.requestAnimationFrame = (paint) => paint();
const bytes = await new Promise((resolve) => {
  const parts = [];
  process.stdin.on("data", (part) => parts.push(part));
  process.stdin.on("end", () => resolve(Buffer.concat(parts)));
});
const frame = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const script = await import(process.argv[1]);
script.default.render({ model: { get: () => frame, on() {}, off() {} }, el: { appendChild() {} } });
console.log(JSON.stringify(told));
"""


@pytest.fixture
def paint(tmp_path):
    """Return what canvas.js tells the pen of a canvas."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js; on Debian: apt-get install nodejs")
    script = tmp_path / "canvas.mjs"
    shutil.copy(_SCRIPT, script)

    def paint(frame):
        command = [node, "--input-type=module", "-e", PAINT, str(script)]
        done = subprocess.run(command, input=frame, capture_output=True, timeout=60)
        assert not done.stderr.decode()
        return json.loads(done.stdout)

    return paint


def test_the_pen_is_lifted_where_a_line_breaks(run, handlers, paint):
    """A canvas passes over NaN as if it were not there, and would go on with the line."""
    there = [*range(100), 160, *range(220, 300)]
    data = [Point({"x": 1.0 * n}, time=n * 10**9, name="m") for n in there]
    told = paint(encode_frame(gather(run(handlers.Mean, data=data, group_by=None))))
    ours = [number for number, one in enumerate(told) if one == ["strokeStyle", "#0072B2"]]
    names = [name for name, *_ in told[ours[0] : ours[0] + 200]]
    assert names.count("moveTo") == 3
    assert names.count("lineTo") == 99 + 79
    assert names.count("fillRect") == 1


def test_ticks_of_bools_are_words(run, paint):
    """In place of the numbers that stand for them."""

    class Judge(Handler):
        def point(self, point):
            yield point.with_fields(high=point.fields["x"] > 7)

    told = paint(encode_frame(gather(run(Judge))))
    texts = [one[1] for one in told if one[0] == "fillText"]
    assert {"False", "True"} <= set(texts)


@pytest.mark.parametrize("first", [2**53, 2**62, 9 * 10**299], ids=["2**53", "2**62", "9e299"])
def test_large_values_differ_on_a_canvas(run, handlers, first):
    """A float32 of the value itself would be infinite, or the same for all."""
    data = [Point({"x": float(first) * (1 + n / 10**6)}, time=n, name="m") for n in range(9)]
    head, numbers = decoded(encode_frame(gather(run(handlers.Mirror, data=data))))
    sent = head["panels"][0]["lines"][0]
    heights = numbers[sent["at"] + sent["n"] : sent["at"] + 2 * sent["n"]]
    assert (np.diff(heights) > 0.05).all()
    assert 0 < heights[0] < heights[-1] < 1


def test_a_level_line_of_large_values_has_a_range(run, handlers):
    """However far apart floats are there."""
    data = [Point({"x": 2**62}, time=n, name="m") for n in range(9)]
    head, numbers = decoded(encode_frame(gather(run(handlers.Mirror, data=data))))
    low, high = head["panels"][0]["range"]
    assert low < 2**62 < high
    assert np.isfinite(numbers).all()


def test_a_canvas_knows_what_is_false_or_true(run):
    """Its ticks are these two."""

    class Judge(Handler):
        def point(self, point):
            yield point.with_fields(high=point.fields["x"] > 7)

    head, _ = decoded(encode_frame(gather(run(Judge))))
    assert [(panel["label"], panel["logical"]) for panel in head["panels"]] == [
        ("x", False),
        ("high", True),
    ]


def test_a_run_without_numbers_has_an_empty_frame(run, handlers, points):
    """It can be drawn all the same."""
    done = run(handlers.Mirror, data=points(3, x="text"))
    head, numbers = decoded(encode_frame(gather(done)))
    assert head["panels"][0]["lines"] == []
    assert len(numbers) == 0


def test_frames_go_to_the_widget_and_a_picture_stays(handlers, points, display, clock):
    """First and last bundle have the same text; the canvas is in between."""
    view = CanvasView(True, display=display, clock=clock(1.0), share=0.9)
    simulation = Simulation(handlers.Mean, points(100), observers=[view])
    sent = []

    class Looks:
        def started(self, simulation):
            view._widget.observe(lambda change: sent.append(change["new"]), "frame")

        def advanced(self, simulation):
            pass

        def finished(self, simulation):
            pass

    simulation.watch(Looks())
    simulation.run()
    assert simulation.warnings == []
    assert sent
    assert all(decoded(frame)[0]["title"] == "Mean" for frame in sent)
    first, canvas, last = display.bundles
    assert canvas.keys() == {"text/plain", "application/vnd.jupyter.widget-view+json"}
    assert last.keys() == {"text/plain", "image/png"}
    assert first["text/plain"] == canvas["text/plain"] == last["text/plain"]


def test_without_anywidget_the_extra_is_named(monkeypatch):
    """With the command that brings it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="live"):
        CanvasView(True)


def test_a_time_axis_has_round_times(run, handlers, paint):
    """Twenty minutes are told by five, not by their fourths."""
    data = [Point({"x": 1.0}, time=(7 + n) * 10**9, name="m") for n in range(0, 1200, 10)]
    told = paint(encode_frame(gather(run(handlers.Mean, data=data, group_by=None))))
    texts = [one[1] for one in told if one[0] == "fillText"]
    assert [text for text in texts if text.startswith("00:")] == [
        "00:05:00",
        "00:10:00",
        "00:15:00",
    ]
