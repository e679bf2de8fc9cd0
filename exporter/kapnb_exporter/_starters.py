"""What `kapnb new` starts a notebook with: texts for each kind, and nothing that runs.

Cells stand in percent format, ``# %% [markdown]`` for text. ``$NAME`` and ``$CLASS`` are put in.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["STARTERS", "Starter"]


@dataclass(frozen=True)
class Starter:
    """The files of one kind.

    Parameters
    ----------
    cells : str
        The notebook.
    tick : str
        The TICKscript.
    test : str
        The test module.
    """

    cells: str
    tick: str
    test: str


_RUN = """\
# %% [markdown]
## Run it

`simulate` plays Kapacitor, with real messages to and from the Handler.
"""

_EXPORT = """\
# %% [markdown]
## In a task

`$NAME.tick` is the TICKscript of the task; here it runs whole, without Kapacitor.
# %%
task = simulate($CLASS, DATA, tick="$NAME.tick")
task
# %%
task.frame("influxDBOut").tail(3)
# %% [markdown]
## Check and export it

```
kapnb check $NAME.ipynb
kapnb export $NAME.ipynb -o deploy --deploy
```

The first says whether a fresh run gives what is shown here, and whether the script would answer
as the Handler does. The second writes the script, and what an operator needs.
"""

_OUT = """\
    |influxDBOut()
        .database('telegraf')
        .retentionPolicy('autogen')
        .measurement('$NAME')
"""

_DATA = """\
# %%
%load_ext kapnb

import math

from kapnb import $EDGES, Handler, Option, Point, simulate, udf
from kapnb.sources.synthetic import Series, mixed, step, wave

HEAT = wave(60, amplitude=5, period=120, noise=0.5)
DATA = mixed(
    Series("plant", {"temperature": HEAT}, tags={"machine": "a"}, changes=[step(200, by=20)]),
    Series("plant", {"temperature": HEAT}, tags={"machine": "b"}),
    seconds=300,
    seed=1,
)
"""

_STREAM_CELLS = (
    """\
# %% [markdown]
# $CLASS

A Kapacitor UDF on a stream: it sees each point as it comes. The data are made here; a DataFrame,
a `.csv` or what `kapacitor record` wrote (`.srpl`) can take their place.
"""
    + _DATA.replace("$EDGES", "STREAM").replace("Point, ", "")
    + '''\
# %% [markdown]
## The Handler

Options are what the TICKscript sets. `group_state` says what a group starts with; it is kept
for each group, also over a restart.
# %%
@udf
class $CLASS(Handler):
    """Marks points of `field` that are far from the running mean of their group."""

    wants, provides = STREAM, STREAM
    field = Option(str, doc="numeric field to watch")
    limit = Option(float, default=3.0, doc="how far, in standard deviations")
    weight = Option(float, default=0.05, doc="of the newest value in the mean, from 0 to 1")

    def group_state(self):
        return {"mean": None, "variance": 0.0}

    def point(self, point, state):
        value = point.fields[self.field]
        if state["mean"] is None:
            state["mean"] = value
        away = value - state["mean"]
        deviation = math.sqrt(state["variance"])
        unusual = deviation > 0 and abs(away) > self.limit * deviation
        state["mean"] += self.weight * away
        state["variance"] = (1 - self.weight) * (state["variance"] + self.weight * away**2)
        yield point.with_fields(mean=state["mean"], unusual=unusual)
'''
    + _RUN
    + """\
# %%
run = simulate($CLASS, DATA, options={"field": "temperature"}, group_by="machine")
run
# %%
run.plot(fields=["temperature", "mean"])
# %%
run.frame.query("unusual").tail(3)
"""
    + _EXPORT
)

_STREAM_TEST = '''\
"""$CLASS does what it should; run it with pytest."""

from kapnb import Point


def test_a_sudden_rise_is_unusual(kapnb_simulate):
    """And what went up and down before is not."""
    values = [60.0, 61.0] * 20 + [90.0]
    points = [Point({"x": value}, time=n, name="m") for n, value in enumerate(values)]

    run = kapnb_simulate("$NAME.ipynb", points, options={"field": "x"})

    unusual = [output.item.fields["unusual"] for output in run.outputs]
    assert unusual[-1]
    assert not any(unusual[10:-1])
'''

_BATCH_CELLS = (
    """\
# %% [markdown]
# $CLASS

A Kapacitor UDF on batches: it sees a window of points at once. The data are made here; a DataFrame,
a `.csv`, or a recording (`.srpl`, `.brpl`) can take their place.
"""
    + _DATA.replace("$EDGES", "BATCH, STREAM").replace(
        "import math", "from statistics import fmean"
    )
    + '''\
# %% [markdown]
## The Handler

Options are what the TICKscript sets. `batch` gets all points of a window and a group.
# %%
@udf
class $CLASS(Handler):
    """Mean and range of `field` in each window."""

    wants, provides = BATCH, STREAM
    field = Option(str, doc="numeric field to summarise")

    def batch(self, batch):
        values = [point.fields[self.field] for point in batch.points if self.field in point.fields]
        if values:
            fields = {"mean": fmean(values), "range": max(values) - min(values)}
            yield Point(fields, time=batch.tmax, name=batch.name, tags=batch.tags)
'''
    + _RUN
    + """\
# %%
from kapnb.sources import Queried

batches = Queried(DATA, group_by="machine", period="1m")
run = simulate($CLASS, batches, options={"field": "temperature"})
run
# %%
run.frame.head(6)
"""
    + _EXPORT
)

_BATCH_TEST = '''\
"""$CLASS does what it should; run it with pytest."""

from kapnb import Batch, Point
from kapnb.testing import assert_outputs


def test_mean_and_range_of_a_window(kapnb_simulate):
    """Points without the field do not count."""
    points = [Point({"x": 1.0}, time=1), Point({"x": 4.0}, time=2), Point({"y": 9.0}, time=3)]

    run = kapnb_simulate("$NAME.ipynb", [Batch(points, name="m")], options={"field": "x"})

    assert_outputs(run, [Point({"mean": 2.5, "range": 3.0}, time=3)])
'''

_MODEL_CELLS = (
    """\
# %% [markdown]
# $CLASS

A Kapacitor UDF with a model: what a turbine's power should be at this wind. It is trained here, on
data that are made here; a DataFrame, a `.csv` or a recording can take their place.
# %%
%load_ext kapnb

$IMPORTS
from kapnb import STREAM, Handler, Option, artifact, simulate, udf
from kapnb.sources.synthetic import turbine

HEALTHY = turbine(rows=1000, seed=1, events=0)
DATA = turbine(rows=400, seed=2, events=0.01)
# %% [markdown]
## The model

`artifact` keeps it in a file that travels with the script, under its hash; what trains it
stays here.
# %%
$TRAINING
# %% [markdown]
## The Handler

Options are what the TICKscript sets.
# %%
$HELPER@udf
class $CLASS(Handler):
    \"\"\"Marks points whose power is far below what the model expects at this wind.\"\"\"

    wants, provides = STREAM, STREAM
    share = Option(float, default=0.75, doc="of the expected power; less is low")
    least = Option(float, default=100.0, doc="expected kW below which nothing is said")

    def point(self, point):
        expected = $EXPECTED
        low = expected > self.least and point.fields["grid_active_power"] < self.share * expected
        yield point.with_fields(expected=expected, low=low)
"""
    + _RUN
    + """\
# %%
run = simulate($CLASS, DATA)
run
# %%
run.plot(fields=["grid_active_power", "expected"])
# %%
run.frame.query("low").head(3)
"""
    + _EXPORT
)

#: Without scikit-learn: a power curve, one value for each m/s, as JSON.
_CURVE = {
    "IMPORTS": "from collections import defaultdict\nfrom statistics import fmean\n",
    "TRAINING": """\
seen = defaultdict(list)
for point in HEALTHY:
    seen[round(point.fields["wind_speed"])].append(point.fields["grid_active_power"])

CURVE = [[speed, fmean(powers)] for speed, powers in sorted(seen.items())]
MODEL = artifact("$NAME.json", CURVE)""",
    "HELPER": '''\
def expected_power(speed):
    """Return the power in kW at this wind in m/s, on a line between the two nearest speeds."""
    for (low, before), (high, after) in zip(MODEL, MODEL[1:]):
        if low <= speed < high:
            return before + (after - before) * (speed - low) / (high - low)
    return MODEL[0][1] if speed < MODEL[0][0] else MODEL[-1][1]


''',
    "EXPECTED": 'expected_power(point.fields["wind_speed"])',
}

#: With scikit-learn, which then is a requirement of the script.
_SKLEARN = {
    "IMPORTS": "from sklearn.neighbors import KNeighborsRegressor\n",
    "TRAINING": """\
winds = [[point.fields["wind_speed"]] for point in HEALTHY]
powers = [point.fields["grid_active_power"] for point in HEALTHY]

MODEL = artifact("$NAME.joblib", KNeighborsRegressor(n_neighbors=10).fit(winds, powers))""",
    "HELPER": "",
    "EXPECTED": 'float(MODEL.predict([[point.fields["wind_speed"]]])[0])',
}

_MODEL_TEST = '''\
"""$CLASS does what it should; run it with pytest.

Its model is trained when the notebook runs, so what is tested is the script that is exported.
"""

from pathlib import Path

import pytest

from kapnb import Point
from kapnb_exporter import export


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """Export the notebook, as `kapnb export --verify=fast` does."""
    notebook = Path(__file__).with_name("$NAME.ipynb")
    return export(notebook, tmp_path_factory.mktemp("deploy")).script


def test_little_power_in_much_wind_is_low(kapnb_simulate, script):
    """And in no wind it is not."""
    samples = [(10.0, 10.0), (10.0, 5000.0), (1.0, 0.0)]
    points = [
        Point({"wind_speed": speed, "grid_active_power": power}, time=n, name="wind_turbine")
        for n, (speed, power) in enumerate(samples)
    ]

    run = kapnb_simulate(str(script), points)

    assert [output.item.fields["low"] for output in run.outputs] == [True, False, False]
'''


def _model(parts: dict[str, str]) -> Starter:
    cells = _MODEL_CELLS
    for key, text in parts.items():
        cells = cells.replace(f"${key}", text)
    return Starter(
        cells,
        """\
dbrp "telegraf"."autogen"

stream
    |from()
        .measurement('wind_turbine')
        .groupBy('source')
    @$NAME()
"""
        + _OUT,
        _MODEL_TEST,
    )


_PLANT = """\
dbrp "telegraf"."autogen"

stream
    |from()
        .measurement('plant')
        .groupBy('machine')
$WINDOW    @$NAME()
        .field('temperature')
"""

#: By kind; ``model`` has two, since what it is made of must be installed.
STARTERS = {
    "stream": Starter(_STREAM_CELLS, _PLANT.replace("$WINDOW", "") + _OUT, _STREAM_TEST),
    "batch": Starter(
        _BATCH_CELLS,
        _PLANT.replace(
            "$WINDOW", "    |window()\n        .period(1m)\n        .every(1m)\n        .align()\n"
        )
        + _OUT,
        _BATCH_TEST,
    ),
    "model": _model(_CURVE),
    "model of scikit-learn": _model(_SKLEARN),
}
