"""The tables that decide what may travel: packages, calls and names, by absolute path."""

from __future__ import annotations

import re
import sys
from pathlib import Path

__all__ = [
    "BLIND",
    "HEAVY",
    "is_data",
    "is_ipython_name",
    "is_local",
    "is_notebook_only",
    "is_standard_stream",
    "is_user_input",
    "is_volatile",
]

#: What runs a Handler at a notebook, or looks at what came of it.
_RUNS = (
    *("kapnb.Moment", "kapnb.Simulation", "kapnb.TaskRun", "kapnb.TimeMachine"),
    *("kapnb.check_resume", "kapnb.compare", "kapnb.last_run", "kapnb.lint", "kapnb.simulate"),
    *("kapnb.stress", "kapnb.sweep"),
    *("kapnb.faults", "kapnb.simulation", "kapnb.sources", "kapnb.timemachine", "kapnb.whatif"),
)

#: Packages, and rooms of kapnb, that show or play something to a person at a notebook.
_NOTEBOOK_ONLY = (
    *("IPython", "anywidget", "ipykernel", "ipywidgets", "tqdm"),
    *("altair", "bokeh", "holoviews", "hvplot", "matplotlib", "panel", "plotly", "seaborn"),
    *("kapnb.MomentError", "kapnb.Transcript"),
    *("kapnb.notebook", "kapnb.testing", "kapnb_exporter"),
    *_RUNS,
)

#: Calls that bring the analyst's data: files, tables, databases, recordings, simulations.
_DATA = (
    *("open", "io.open", "joblib.load", "sqlite3", "torch.load", "urllib.request"),
    *("dask", "duckdb", "geopandas", "pandas", "polars", "pyarrow", "xarray"),
    *("numpy.fromfile", "numpy.genfromtxt", "numpy.load", "numpy.loadtxt", "numpy.memmap"),
    *("httpx", "influxdb", "influxdb_client", "requests", "sqlalchemy"),
    *("seaborn.load_dataset", "sklearn.datasets"),
    *_RUNS,
)

#: Calls into those packages that make a plain constant, the same on every machine.
_CONSTANTS = (
    *("pandas.DateOffset", "pandas.Interval", "pandas.Period", "pandas.offsets"),
    *("pandas.Timedelta", "pandas.Timestamp", "pandas.to_timedelta"),
)

#: Packages whose import takes long enough to be felt: tenths of a second, or seconds.
HEAVY = frozenset(
    (
        *("catboost", "cv2", "dask", "jax", "keras", "lightgbm", "numba", "numpy", "onnxruntime"),
        *("pandas", "polars", "pyarrow", "scipy", "sklearn", "statsmodels", "tensorflow", "torch"),
        *("transformers", "xarray", "xgboost"),
    )
)

#: Functions behind which names are made up while the script runs.
BLIND = frozenset(("__import__", "eval", "exec", "globals", "importlib.import_module"))

#: Calls that answer otherwise each time, or in each process.
_VOLATILE = (
    *("datetime.date.today", "datetime.datetime.now", "datetime.datetime.today"),
    *("datetime.datetime.utcnow", "hash", "id", "os.getpid", "os.urandom", "secrets"),
    *("numpy.random", "random", "time.localtime", "time.monotonic", "time.perf_counter"),
    *("time.time", "time.time_ns", "uuid.uuid1", "uuid.uuid4"),
)

#: Calls that a person answers.
_USER_INPUT = ("click.prompt", "getpass.getpass", "input", "questionary")

_STANDARD_STREAMS = ("input", "sys.__stdin__", "sys.__stdout__", "sys.stdin", "sys.stdout")

_IPYTHON_NAME = re.compile(r"display|get_ipython|In|Out|_{1,3}|_\d+|_i{1,3}|_i\d+|_[dio]h")


def is_notebook_only(path: str) -> bool:
    """Whether the path belongs to the notebook and not into production."""
    return _is_under(path, _NOTEBOOK_ONLY)


def is_data(path: str) -> bool:
    """Whether calling the path brings data that production does not have."""
    return _is_under(path, _DATA) and not _is_under(path, _CONSTANTS)


def is_standard_stream(path: str) -> bool:
    """Whether the path is, or reads, one of the streams that the protocol owns."""
    return _is_under(path, _STANDARD_STREAMS)


def is_user_input(path: str) -> bool:
    """Whether calling the path asks a person."""
    return _is_under(path, _USER_INPUT)


def is_volatile(path: str) -> bool:
    """Whether calling the path gives something else each time, or in each process."""
    return _is_under(path, _VOLATILE)


def is_ipython_name(name: str) -> bool:
    """Whether IPython, and nothing else, puts this name into a notebook."""
    return _IPYTHON_NAME.fullmatch(name) is not None


def is_local(package: str, folder: Path) -> bool:
    """Whether importing a package finds it in the notebook's folder, or is relative."""
    if package == "kapnb":  # a notebook at the root of kapnb's own checkout
        return False
    if not package or (folder / f"{package}.py").is_file():
        return True
    # A bare folder of data is no module, although Python would import it as one.
    return package not in sys.stdlib_module_names and any((folder / package).glob("*.py"))


def _is_under(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}.") for prefix in prefixes)
