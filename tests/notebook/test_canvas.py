"""A live picture on a canvas: what travels, and what stays."""

import json
import struct

import numpy as np
import pytest

from kapnb import MissingExtra
from kapnb.notebook import CanvasView
from kapnb.notebook._canvas import encode_frame
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
    """Times as milliseconds since the first, values as they are."""
    scene = gather(run(count=20, groups=2))
    head, numbers = decoded(encode_frame(scene, [Cell("rate", "5 points/s", [])]))
    (panel,) = head["panels"]
    assert [label for label, _ in head["legend"]] == ["input", "host=h0", "host=h1"]
    assert len(panel["lines"]) == len(scene.lines)
    for sent, line in zip(panel["lines"], scene.lines, strict=True):
        times, values = np.split(numbers[sent["at"] : sent["at"] + 2 * sent["n"]], 2)
        assert list(values) == list(line.values.astype("<f4"))
        assert list(times) == [(time - scene.ends[0]) / 1e6 for time in line.times]
    assert head["strip"] == [["rate", "5 points/s", False]]


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
    assert [list(part) for part in level] == [[0, head["span"]], [1000, 1000]]
    found = [one.item for one in done.outputs if one.item.fields["x"] > 5]
    assert 0 < len(found) < 20
    assert list(rings[0]) == [(point.time - scene.ends[0]) / 1e6 for point in found]
    assert list(rings[1]) == [np.float32(point.fields["mean"]) for point in found]
    assert panel["range"][1] > 1000


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
