"""The handlers that the guide of the Open Edge service teaches, in our own words, run here."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys

import pytest

from captures import responses
from harness import Peer, option
from kapnb import Point, simulate
from kapnb.compat import adapt, udf_pb2
from kapnb.errors import OptionError
from kapnb.model import Batch, InitRequest, InitResponse
from kapnb.protocol import ProtobufCodec
from strategies import batch_messages

RUN = [sys.executable, "-m", "kapnb", "run"]


class CubicModel:
    """Stands for a fitted regression: one column in, one value out."""

    def predict(self, rows):
        return [2.0 * speed**3 for (speed,) in rows]


def wind(speed, power, n=0):
    fields = {"wind_speed": speed, "grid_active_power": power}
    return Point(fields, time=n, name="turbine", tags={"source": "t1"}, dimensions=["source"])


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A pickled model, named by MODEL_PATH."""
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(CubicModel()))
    monkeypatch.setenv("MODEL_PATH", str(path))
    return path


# -------------------------------------------------------------- the options template


def test_the_template_scores_double_and_int_fields_and_skips_others(load):
    """Through the whole of Kapacitor's start: info, the checks of the options, init, data."""
    points = [
        Point({"temperature": value}, time=n, name="m") for n, value in enumerate([49.5, 51, 60.25])
    ]
    points.insert(1, Point({"humidity": 1.5}, time=7, name="m"))

    options = {"field": "temperature", "threshold": 50.0, "window_size": 3, "silent": True}
    done = simulate(load("threshold").ThresholdHandler, points, options=options)

    assert [output.input for output in done.outputs] == [0, 2, 3]
    assert [dict(output.item.fields) for output in done.outputs] == [
        {"temperature": 49.5, "score": 0.5, "status": 0.0},
        {"temperature": 51, "score": 1.0, "status": 1.0},
        {"temperature": 60.25, "score": 10.25, "status": 1.0},
    ]
    assert repr(done) == "Simulation(ThresholdHandler: 4 points in, 3 points out)"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "a field name is missing; the threshold must be positive"),
        ({"field": "x", "threshold": -1.0}, "the threshold must be positive"),
        ({"field": "x", "threshold": 50}, "unexpected arg to threshold, got INT expected DOUBLE"),
        ({"nonsense": "x"}, 'no method or property "nonsense"'),
    ],
)
def test_the_template_refuses_what_it_or_kapacitor_would(load, options, text):
    """The text is what the task's owner sees."""
    with pytest.raises(OptionError, match=text):
        simulate(load("threshold").ThresholdHandler, [wind(1.0, 1.0)], options=options)


def test_the_templates_own_test_branch_still_works(script):
    """A script may do without an Agent; its print is in the log."""
    done = subprocess.run([*RUN, str(script("threshold")), "test"], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"nothing is tested here\n")


# --------------------------------------------------------------------- wind turbine

POINTS = [wind(2.0, 5.0), wind(5.0, 250.0), wind(5.0, 200.0), wind(5.0, 120.0), wind(20.0, 1.0)]
STATUS = [0.0, 0.0, 0.3, 1.0, 0.0]


def test_the_turbine_grades_errors_with_the_model_of_the_environment(load, model):
    """Points are kept past their callbacks, and stay what they were."""
    points = [*POINTS, Point({"wind_speed": 5.0}, time=9, name="turbine")]
    done = simulate(load("turbine").TurbineHandler, points, group_by="source")

    outputs = [output.item for output in done.outputs]
    assert [point.fields["anomaly_status"] for point in outputs] == STATUS
    assert [point.fields["seen"] for point in outputs] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert all(type(point.fields["seen"]) is float for point in outputs)
    assert all(point.dimensions == ("source",) for point in outputs)


def test_the_simulation_may_set_the_environment(load, model, monkeypatch):
    """As config.json does in production."""
    monkeypatch.delenv("MODEL_PATH")
    handler = load("turbine").TurbineHandler
    done = simulate(handler, POINTS, env={"MODEL_PATH": str(model)})
    assert len(done.outputs) == 5


def test_the_turbine_finds_its_model_beside_the_script(script, tmp_path):
    """../models/<name>.pkl, relative to `__file__`, whatever the working directory."""
    (tmp_path / "udfs").mkdir()
    (tmp_path / "models").mkdir()
    old = tmp_path / "udfs" / "windmill.py"
    old.write_text(script("turbine").read_text())
    (tmp_path / "udfs" / "cubic.py").write_text(
        "class Cubic:\n    def predict(self, rows):\n        return [2.0 * v**3 for (v,) in rows]\n"
    )
    pickler = f"import cubic, pickle; pickle.dump(cubic.Cubic(), open({str(tmp_path / 'models' / 'windmill.pkl')!r}, 'wb'))"
    subprocess.run([sys.executable, "-c", pickler], cwd=tmp_path / "udfs", check=True)
    codec = ProtobufCodec()
    data = b"".join(
        codec.encode_request(message, in_batch=False) for message in [InitRequest(), *POINTS]
    )
    environment = {key: value for key, value in os.environ.items() if key != "MODEL_PATH"}

    done = subprocess.run(
        [*RUN, "udfs/windmill.py"],
        input=data,
        capture_output=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )

    assert done.returncode == 0, done.stderr.decode()
    init, *points = responses(done.stdout)
    assert init == InitResponse()
    assert [point.fields["anomaly_status"] for point in points] == STATUS


def test_a_model_that_is_missing_is_named_before_any_data(load, monkeypatch, tmp_path):
    """The daemon would not come up; here the cell says why."""
    monkeypatch.setenv("MODEL_PATH", str(tmp_path / "none.pkl"))
    with pytest.raises(Exception, match=r"none\.pkl"):
        simulate(load("turbine").TurbineHandler, POINTS)


def test_the_turbine_runs_with_a_model_of_scikit_learn(load, tmp_path, monkeypatch):
    """NumPy floats reach the double fields."""
    try:
        from sklearn.linear_model import LinearRegression
    except ImportError:
        pytest.skip("scikit-learn is not installed; pip install scikit-learn to run this test")
    model = LinearRegression().fit([[1.0], [10.0]], [2.0, 20.0])
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    monkeypatch.setenv("MODEL_PATH", str(tmp_path / "model.pkl"))

    done = simulate(load("turbine").TurbineHandler, [wind(5.0, 10.0), wind(5.0, 5.0)])

    assert [output.item.fields["anomaly_status"] for output in done.outputs] == [0.0, 1.0]


def test_the_batch_variant_answers_when_its_window_is_complete(load, model):
    """Points kept over several callbacks, one output for each."""
    points = [wind(float(n), 1.0, n) for n in range(3)]
    (begin, *_) = window = list(
        batch_messages(Batch(points, name="turbine", tags={"source": "t1"}, tmax=9, by_name=False))
    )
    peer = Peer(adapt(load("turbine_batch").TurbineBatchHandler))
    peer.start()

    assert peer.feed(*window[:-1]) == []
    outputs = peer.feed(window[-1])

    assert [point.fields["expected"] for point in outputs] == [0.0, 2.0, 16.0]
    assert {point.name for point in outputs} == {"turbine"}
    assert peer.feed(begin, window[-1]) == []


# --------------------------------------------------------------- a positional model


def in_order(names):
    """Return the bytes of a point whose doubles stand in this order."""
    values = {"current": 3.0, "voltage": 2.0, "pressure": 1.0}
    point = udf_pb2.Point(name="weld", time=1)
    data = point.SerializeToString()
    for name in names:
        data += udf_pb2.Point(fieldsDouble={name: values[name]}).SerializeToString()
    return udf_pb2.Request(point=udf_pb2.Point.FromString(data)).SerializeToString()


def test_a_positional_model_depends_on_the_order_of_the_wire(load):
    """The same values in another order: another verdict. Kapacitor promises no order."""
    names = ["current", "voltage", "pressure"]
    rng = random.Random(0)
    verdicts = {}
    peer = Peer(adapt(load("weld").WeldHandler))
    peer.start()
    for _ in range(40):
        rng.shuffle(names)
        body = in_order(names)
        (answer,) = peer._feed(bytes([len(body)]) + body)
        verdict = answer.fields["verdict"]
        assert verdicts.setdefault(tuple(names), verdict) == verdict  # the order alone decides
        assert answer.fields["current"] == 3.0
    assert len(verdicts) == 6
    assert verdicts["current", "voltage", "pressure"] == "good"
    assert verdicts["pressure", "voltage", "current"] == "defect"


# ------------------------------------------------------------------ the list dialect


def test_a_handler_of_the_list_dialect_runs_beside_one_of_the_other(load, model):
    """In the same process, on the same points."""
    points = [
        Point({"temperature": value, "wind_speed": 5.0, "grid_active_power": 250.0},
              time=n, name="m", tags={"source": "s1"})
        for n, value in enumerate([20.04, 30.04])
    ]  # fmt: skip

    old = simulate(load("classifier").ClassifierHandler, points, options={"limit": 25.0})
    new = simulate(load("turbine").TurbineHandler, points)

    (output,) = old.outputs
    assert output.input == 1
    assert output.item.fields["temperature"] == 30.0
    assert output.item.fields["anomaly_status"] == 1.0
    assert output.item.tags["seen_from"] == "s1"
    assert [output.item.fields["anomaly_status"] for output in new.outputs] == [0.0, 0.0]


def test_an_option_of_the_list_dialect_is_checked_like_any_other(load):
    """Info says the same whichever way it was written."""
    peer = Peer(adapt(load("classifier").ClassifierHandler))
    assert peer.start(option("limit", 31.5)).success
    assert peer.feed(Point({"temperature": 30.0}, time=1, name="m")) == []
