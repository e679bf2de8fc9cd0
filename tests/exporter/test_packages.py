"""What an export is packed as: one file, a tar of wheels, the archive of a microservice."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace

import pytest

from kapnb.errors import ExportError
from kapnb_exporter import Request, _proof, _venv, export, tsam
from kapnb_exporter._bundle import inlined
from kapnb_exporter._distributions import closure, files_of
from kapnb_exporter._write import write_all
from kapnb_exporter.formats import FORMATS, File, format_named
from notebooks import write_notebook

HEAD = """\
# %%
from kapnb import BATCH, Handler, Option, Point, artifact, simulate, udf
DATA = [Point({"x": float(n)}, time=n, name="m", tags={"host": "ab"[n % 2]}) for n in range(20)]
# %%
"""
DOUBLED = """\
@udf
class Doubled(Handler):
    field = Option(str, default="x")

    def point(self, point):
        yield point.with_fields(y=2 * point.fields[self.field])
# %%
simulate(Doubled, DATA, options={"field": "x"})
"""
WITH_MODEL = 'MODEL = artifact("factor.pkl", {"factor": 2})\n# %%\n' + DOUBLED.replace(
    "2 *", 'MODEL["factor"] *'
)
WITH_NUMPY = DOUBLED.replace("@udf", "import numpy as np\n# %%\n@udf").replace(
    "2 *", "np.float64(2) *"
)
BATCHES = """\
@udf
class Longest(Handler):
    wants, provides = BATCH, BATCH

    def batch(self, batch):
        yield batch
# %%
simulate(Longest, DATA, group_by="host")
"""


@pytest.fixture
def pack(tmp_path):
    """Give a function from a notebook's text and what is asked for to what was exported."""

    def run(text, name="out", **request):
        notebook = write_notebook(tmp_path / "notebook.ipynb", HEAD + text)
        return export(notebook, tmp_path / name, Request(**request))

    return run


KEEPING = '''\
"""Keeps what an export has made, for tests that pack it."""

HELP = "nothing"
KEPT = []


def files(product):
    KEPT.append(product)
    return []
'''


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    """Give a function from a notebook's text to the proven script; each runs once."""
    folder, kept = tmp_path_factory.mktemp("products"), {}
    (folder / "keeping.py").write_text(KEEPING)

    def made(text, **request):
        if text not in kept:
            notebook = write_notebook(folder / "notebook.ipynb", HEAD + text)
            export(notebook, folder / "out", Request(format="keep", verify="none"))
            kept[text] = sys.modules["keeping"].KEPT[-1]
        return replace(kept[text], request=Request(**request))

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setitem(FORMATS, "keep", "keeping")
        yield made
    sys.modules.pop("keeping", None)


@pytest.fixture
def written(product, tmp_path):
    """Give a function that packs a product, writes the files, and returns their paths."""

    def write(text, kind, **request):
        files = format_named(kind).files(product(text, format=kind, **request))
        return write_all(tmp_path / "out", files)

    return write


def rows_of(exported):
    return {row.check: (row.verdict, row.detail) for row in exported.rows}


def start(*command, **env):
    """Start a package as a host does that has nothing installed."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, capture_output=True, text=True, env={**kept, **env}, cwd="/")
    return done.returncode, done.stdout, done.stderr


def held(archive):
    with tarfile.open(archive) as opened:
        return {entry.name: opened.extractfile(entry).read() for entry in opened}


def test_every_format_says_what_it_is():
    """`kapnb export --help` lists them by name, and each module has what a format must have."""
    assert sorted(FORMATS) == ["pyz", "script", "tsam", "wheelhouse"]
    for name in FORMATS:
        found = format_named(name)
        assert found.HELP
        assert callable(found.files)


# ------------------------------------------------------------------------------------ pyz


def test_one_file_holds_everything(pack, tmp_path):
    """Without any installed package it answers as the notebook did, from the archive itself."""
    exported = pack(DOUBLED, format="pyz")
    assert rows_of(exported)["doubled.pyz"][0] == "ok"
    told = json.loads(exported.files[-1].read_text())
    assert list(told["written"]) == ["doubled.pyz"]
    shutil.move(exported.script, tmp_path / "alone.pyz")
    status, out, err = start(
        sys.executable, "-S", tmp_path / "alone.pyz", "--check", HOME=str(tmp_path / "home")
    )
    assert (status, err) == (0, "")
    assert "answers are those of the notebook" in out
    assert not (tmp_path / "home").exists()
    assert os.access(tmp_path / "alone.pyz", os.X_OK)
    assert (tmp_path / "alone.pyz").read_bytes().startswith(b"#!/usr/bin/env python3\n")


def test_one_file_is_the_same_each_time(written, monkeypatch):
    """The time does not enter; that the script has the same bytes is tested beside it."""
    (path,) = written(WITH_MODEL, "pyz")
    first = path.read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    (path,) = written(WITH_MODEL, "pyz")
    assert path.read_bytes() == first


def test_one_file_with_a_model_unpacks_itself_once(pack, tmp_path):
    """Into a folder named by its content, which nobody else can write to."""
    exported = pack(WITH_MODEL, format="pyz")
    cache = tmp_path / "cache"
    for _ in range(2):
        status, _, err = start(
            sys.executable, "-S", exported.script, "--check", KAPNB_CACHE_DIR=str(cache)
        )
        assert (status, err) == (0, "")
    (folder,) = (cache / "pyz").iterdir()
    assert folder.name.startswith("doubled-")
    assert (folder / "factor.pkl").exists()
    assert cache.stat().st_mode & 0o077 == 0


def test_where_others_can_write_nothing_is_unpacked(written, tmp_path):
    """What lies there may be anybody's; the next place is taken, or the reason is told."""
    (archive,) = written(WITH_MODEL, "pyz")
    for name in ("cache", "temporary"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o777)
    (tmp_path / "temporary" / f"kapnb-{os.geteuid()}").mkdir()
    (tmp_path / "temporary" / f"kapnb-{os.geteuid()}").chmod(0o777)
    places = {"KAPNB_CACHE_DIR": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "temporary")}
    status, _, err = start(sys.executable, "-S", archive, "--check", **places)
    assert status == 1
    assert "doubled.pyz can unpack itself neither to" in err
    assert "set KAPNB_CACHE_DIR" in err


def test_compiled_modules_are_bound_to_an_interpreter(written, tmp_path):
    """They are packed as they are installed; on another interpreter that is said."""
    pytest.importorskip("numpy")
    (path,) = written(WITH_NUMPY, "pyz")
    with zipfile.ZipFile(path) as archive:
        main = archive.read("__main__.py").decode()
        names = archive.namelist()
    assert any(name.startswith("numpy/") and ".so" in name for name in names)
    assert not any(name.startswith("pandas/") for name in names)
    assert f'if found != "{sys.implementation.cache_tag} on ' in main
    cache = str(tmp_path / "cache")
    status, _, err = start(sys.executable, "-S", path, "--check", KAPNB_CACHE_DIR=cache)
    assert (status, err) == (0, "")


def test_what_is_installed_as_editable_is_not_packed(monkeypatch, tmp_path):
    """Its files lie elsewhere; the refusal says what to do, as it does for what is missing."""
    folder = tmp_path / "site"
    info = folder / "units-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "units.py").write_text("TWO = 2\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: units\nVersion: 1.0\n")
    (info / "RECORD").write_text("units.py,,\n")
    (info / "direct_url.json").write_text('{"dir_info": {"editable": true}, "url": "file:///x"}')
    monkeypatch.setenv("PYTHONPATH", str(folder))
    (found,) = closure(["units==1.0"], sys.executable)
    with pytest.raises(ExportError, match="KN407: units cannot be packed: it is installed as edit"):
        list(files_of(found))
    (info / "direct_url.json").unlink()
    assert [file.path for file in files_of(found)] == ["units.py"]
    (info / "RECORD").unlink()
    with pytest.raises(ExportError, match=r"KN407: .* without a list of its files"):
        list(files_of(found))
    with pytest.raises(ExportError, match="KN407: feet is not installed for "):
        closure(["feet"], sys.executable)


# ----------------------------------------------------------------------------- wheelhouse


def test_a_wheelhouse_installs_itself_without_an_index(pack, tmp_path):
    """By its own script, each wheel by its hash, and then answers as the notebook did."""
    try:
        exported = pack(WITH_MODEL, format="wheelhouse")
    except _venv.NotInstalled as error:
        pytest.skip(f"there is no package index: {error}")
    assert rows_of(exported)["doubled-wheelhouse"][0] == "ok"
    files = held(exported.script)
    names = {name.removeprefix("doubled-wheelhouse/") for name in files}
    assert {"doubled.py", "factor.pkl", "install.sh", "README.md", "requirements.txt"} <= names
    lines = files["doubled-wheelhouse/requirements.txt"].decode().splitlines()
    assert [line.partition("==")[0] for line in lines] == ["kapnb", "protobuf"]
    assert all(" --hash=sha256:" in line for line in lines)
    assert len([name for name in names if name.endswith(".whl")]) == 2


def test_without_an_index_a_wheelhouse_is_refused(written, monkeypatch, tmp_path):
    """What cannot be fetched is named, and where it could be."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(ExportError, match=r"KN406: no wheels of protobuf==.*PIP_FIND_LINKS"):
        written(DOUBLED, "wheelhouse")


# ----------------------------------------------------------------------------------- tsam


def test_the_archive_of_the_microservice(pack, tmp_path):
    """Layout and names as its rules demand, models renamed; it runs with protobuf alone."""
    exported = pack(WITH_MODEL, format="tsam")
    archive, config, *_ = exported.files
    files = held(archive)
    assert sorted(files) == ["models/doubled.pkl", "tick_scripts/doubled.tick", "udfs/doubled.py"]
    assert json.loads(config.read_text()) == {"udfs": {"name": "doubled", "models": "doubled.pkl"}}
    tick = files["tick_scripts/doubled.tick"].decode()
    assert 'dbrp "datain"."autogen"' in tick
    assert ".field('x')" in tick
    assert tsam.validate(archive, config) == ()
    here = ".".join(map(str, sys.version_info[:2]))
    rows = rows_of(exported)
    assert rows[f"tsam on {here}"][0] == "ok"
    assert rows.get("tsam on 3.10", ("ok",))[0] in ("ok", "not verified")


def test_the_archive_is_the_same_each_time(written, monkeypatch):
    """No time, no owner."""
    first = [path.read_bytes() for path in written(WITH_MODEL, "tsam")]
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert [path.read_bytes() for path in written(WITH_MODEL, "tsam")] == first


def test_releases_before_2026_1_take_a_zip_file(pack):
    """The same content; nothing in it grows when it is unpacked, and it is started, too."""
    exported = pack(WITH_MODEL, format="tsam", archive="zip")
    archive, config, *_ = exported.files
    assert archive.name == "doubled.zip"
    with zipfile.ZipFile(archive) as opened:
        names = sorted(opened.namelist())
        assert {entry.compress_type for entry in opened.infolist()} == {zipfile.ZIP_STORED}
    assert names == ["models/doubled.pkl", "tick_scripts/doubled.tick", "udfs/doubled.py"]
    assert tsam.validate(archive, config, kind="zip") == ()
    assert {fault.rule for fault in tsam.validate(archive, config)} == {"name", "archive"}
    here = ".".join(map(str, sys.version_info[:2]))
    assert rows_of(exported)[f"tsam on {here}"][0] == "ok"


def test_a_model_that_no_zip_file_may_hold_is_refused(written):
    """JSON travels since archives are tar files."""
    text = WITH_MODEL.replace("factor.pkl", "factor.json")
    assert written(text, "tsam")
    with pytest.raises(ExportError, match=r"KN408: .*\n  models/doubled\.json: may not travel"):
        written(text, "tsam", archive="zip")


def test_the_device_is_what_was_asked_for(written):
    """As the service takes it; any other is refused before it is."""
    _, config = written(DOUBLED, "tsam", device="GPU:1")
    assert json.loads(config.read_text())["udfs"] == {"name": "doubled", "device": "GPU:1"}
    with pytest.raises(ExportError, match=r"KN408: .*\n  udfs\.device: is 'tpu'"):
        written(DOUBLED, "tsam", device="tpu")


def test_modules_and_several_models_come_along(pack, tmp_path):
    """Modules inside the script, models each under a name that begins with the one."""
    (tmp_path / "units.py").write_text("def twice(x):\n    return 2 * x\n")
    text = (
        'from units import twice\nONE = artifact("one.pkl", 1)\n'
        'HALF = artifact("half.pkl", 0.5)\n# %%\n' + DOUBLED
    ).replace("2 * point.fields[self.field]", "twice(point.fields[self.field]) * ONE * HALF")
    exported = pack(text, format="tsam", bring_modules=True)
    files = held(exported.script)
    assert {name for name in files if name.startswith("models/")} == {
        "models/doubled_half.pkl",
        "models/doubled_one.pkl",
    }
    assert "units.py" not in str(sorted(files))


def test_batches_have_a_variant_of_their_own(written):
    """The name says so everywhere, a window feeds the UDF, the configuration has its own name."""
    archive, config = written(BATCHES, "tsam")
    assert (archive.name, config.name) == ("longest_batch.tar", "config-batch.json")
    files = held(archive)
    assert sorted(files) == ["tick_scripts/longest_batch.tick", "udfs/longest_batch.py"]
    assert "|window()" in files["tick_scripts/longest_batch.tick"].decode()
    assert "@longest_batch()" in files["tick_scripts/longest_batch.tick"].decode()


@pytest.mark.parametrize(
    ("url", "name", "kind", "tick"),
    [
        ("mqtt://broker/alerts/y", "config.json", "mqtt", ".mqtt('alerts/y')"),
        (
            "opc.tcp://plc:4840/server?namespace=1&node_id=2004",
            "config-opcua.json",
            "opcua",
            ".post('http://localhost:5000/opcua_alerts')",
        ),
    ],
)
def test_alerts_stand_in_both_files(written, url, name, kind, tick):
    """In the configuration, and in the TICKscript with the condition."""
    archive, config = written(DOUBLED, "tsam", alert=url, alert_when='"y" > 3.0')
    assert config.name == name
    assert list(json.loads(config.read_text())["alerts"]) == [kind]
    text = held(archive)["tick_scripts/doubled.tick"].decode()
    assert '.crit(lambda: "y" > 3.0)' in text
    assert tick in text
    assert tsam.validate(archive, config) == ()


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"alert": "mqtt://broker/t"}, "an alert needs both"),
        ({"alert": "smtp://a", "alert_when": "TRUE"}, "it must be mqtt://HOST:PORT/TOPIC, or opc"),
        ({"alert": "opc.tcp://a", "alert_when": "TRUE"}, "must end in .namespace=N&node_id=N"),
        ({"alert": "mqtt://b/t", "alert_when": '"y" >'}, '--alert-when "y" >: '),
        ({"with_tests": True}, "they go with --format script alone"),
        ({"format": "script", "alert": "mqtt://b/t", "alert_when": "TRUE"}, "--format tsam alone"),
        ({"format": "script", "archive": "zip"}, "--archive goes with --format tsam alone"),
        ({"format": "pyz", "device": "gpu"}, "--device goes with --format tsam alone"),
    ],
)
def test_what_does_not_go_together_is_refused(pack, request_, message, tmp_path):
    """With what to do; nothing is written."""
    with pytest.raises(ExportError, match=message):
        pack(DOUBLED, **{"format": "tsam", "verify": "none", **request_})
    assert not (tmp_path / "out").exists()


def test_syntax_that_the_service_cannot_read_is_refused(written):
    """Unless a newer Python is named."""
    text = DOUBLED.replace(
        "        yield",
        "        try:\n            pass\n        except* ValueError:\n            raise\n        yield",
    )
    with pytest.raises(ExportError, match=r"KN408: the service has Python 3\.10 .*line \d+ of "):
        written(text, "tsam")
    written(text, "tsam", python=sys.executable)


@pytest.fixture
def new_numpy():
    """A NumPy that Python 3.10 cannot have."""
    numpy = pytest.importorskip("numpy")
    if tuple(map(int, numpy.__version__.split(".")[:2])) < (2, 3):
        pytest.skip("this NumPy runs on Python 3.10")


def test_a_package_that_the_service_cannot_install_is_refused(new_numpy, written):
    """It would log that, go on, and the UDF would fail; the refusal says how to come to one."""
    with pytest.raises(
        ExportError,
        match=r"KN408: .*cannot have numpy [\d.]+ \(>=3\.1\d\); if yours is newer, name .*"
        r"else install releases that run on both in the notebook's kernel \(pip index versions "
        r"numpy --python-version 3\.10 lists them\).* again with --python 3\.10$",
    ):
        written(WITH_NUMPY, "tsam")


def test_a_proof_with_what_the_service_would_not_install_is_refused(
    new_numpy, product, monkeypatch, tmp_path
):
    """What is not pinned it chooses for its Python: that has to be proven there."""
    info = tmp_path / "units-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: units\nVersion: 1.0\nRequires-Dist: numpy\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made = replace(product(DOUBLED, format="tsam"), requirements=("units==1.0",))
    with pytest.raises(
        ExportError,
        match=r"KN408: .*another release than numpy .* of the proof.* \(--python 3\.10\)$",
    ):
        format_named("tsam").files(made)


def test_a_python_that_cannot_have_a_pin_is_refused(new_numpy, pack, monkeypatch):
    """Before an installer says less."""
    old = _venv.Interpreter(sys.executable, "3.10.13", "CPython", "linux-x86_64", {})
    monkeypatch.setattr(_proof, "inspect", lambda python: old)
    with pytest.raises(
        ExportError,
        match=r"KN406: Python 3\.10\.13 cannot have numpy [\d.]+ \(>=3\.1\d\), which the notebook "
        r"ran with; install releases .* --python-version 3\.10 ",
    ):
        pack(WITH_NUMPY, verify="venv", python=sys.executable)


def test_what_is_inlined_can_be_read_in_a_traceback(tmp_path):
    """Modules know their names, packages their modules, tracebacks their lines."""
    (tmp_path / "script.py").write_text(
        inlined(
            '"""It."""\nfrom __future__ import annotations\nimport a.b\nimport traceback\n'
            "try:\n    a.b.fail()\nexcept ZeroDivisionError:\n    traceback.print_exc()\n",
            [File("a/__init__.py", b""), File("a/b.py", b"def fail():\n    return 1 / 0\n")],
        )
    )
    status, _, err = start(sys.executable, tmp_path / "script.py")
    assert status == 0
    assert f'File "{tmp_path}/script.py/a/b.py", line 2, in fail\n    return 1 / 0' in err


def test_a_package_is_proven_itself(pack, monkeypatch, tmp_path):
    """If what was packed does not answer as the script did, nothing is written."""
    from kapnb_exporter import _bundle

    whole = _bundle._ROOMS
    monkeypatch.setattr(_bundle, "_ROOMS", tuple(room for room in whole if "protocol" not in room))
    with pytest.raises(ExportError, match=r"KN403: tsam on 3\.\d+: "):
        pack(DOUBLED, format="tsam")
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------------------ rules of the service

TICK = b"""dbrp "datain"."autogen"
var data = stream|from().measurement('m')
data@mean()|influxDBOut().database('datain')
"""
GOOD = {"udfs/mean.py": b"", "tick_scripts/mean.tick": TICK}
CONFIG = {"udfs": {"name": "mean"}}
MQTT = {"mqtt_broker_host": "h", "mqtt_broker_port": 1883, "name": "b"}
OPCUA = {"opcua_server": "opc.tcp://h", "namespace": 1, "node_id": 2}


def archive_of(folder, files, name="mean.tar", entries=(), mode="w"):
    path = folder / name
    with tarfile.open(path, mode) as archive:
        for inside, content in files.items():
            entry = tarfile.TarInfo(inside)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for entry in entries:
            archive.addfile(entry)
    return path


def entry(name, kind, target=""):
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


def test_a_good_archive_has_no_fault(tmp_path):
    """With a model, requirements, entries for folders, all keys of the configuration."""
    files = {**GOOD, "models/mean.cb": b"", "udfs/requirements.txt": b""}
    path = archive_of(tmp_path, files, entries=[entry("models", tarfile.DIRTYPE)])
    config = {"udfs": {"name": "mean", "models": "mean.cb", "device": "GPU:1"}}
    assert tsam.validate(path, {**config, "alerts": {"mqtt": MQTT}}) == ()
    assert tsam.validate(path) == ()
    tsam.check(path, config)


@pytest.mark.parametrize(
    ("rule", "where", "changed"),
    [
        ("layout", "udfs/mean.py", {"udfs/mean.py": None}),
        ("layout", "tick_scripts/mean.tick", {"tick_scripts/mean.tick": None}),
        ("layout", "udfs/mean.py", {"udfs/mean.py": None, "udfs/other.py": b""}),
        ("layout", "requirements.txt", {"requirements.txt": b""}),
        ("layout", "notes/a.txt", {"notes/a.txt": b""}),
        ("type", "udfs/README.md", {"udfs/README.md": b""}),
        ("type", "udfs/kapnb.whl", {"udfs/kapnb.whl": b""}),
        ("type", "models/mean.npy", {"models/mean.npy": b""}),
        ("path", "../mean.py", {"../mean.py": b""}),
        ("path", "/udfs/a.py", {"/udfs/a.py": b""}),
        ("entries", "mean.tar", {f"udfs/m{n}.py": b"" for n in range(101)}),
        ("tick", "tick_scripts/mean.tick", {"tick_scripts/mean.tick": b"stream|"}),
        ("tick", "tick_scripts/mean.tick", {"tick_scripts/mean.tick": b"\xff"}),
        ("dbrp", "tick_scripts/mean.tick", {"tick_scripts/mean.tick": TICK.split(b"\n", 1)[1]}),
        (
            "one name",
            "tick_scripts/mean.tick",
            {"tick_scripts/mean.tick": TICK.replace(b"@mean", b"@other")},
        ),
        (
            "alerts",
            "tick_scripts/mean.tick",
            {"tick_scripts/mean.tick": TICK + b"data|alert().crit(lambda: TRUE).mqtt('t')\n"},
        ),
        (
            "alerts",
            "tick_scripts/mean.tick",
            {
                "tick_scripts/mean.tick": TICK
                + b"data|alert().crit(lambda: TRUE).post('http://localhost:5000/opcua_alerts')\n"
            },
        ),
    ],
)
def test_an_archive_that_breaks_a_rule(tmp_path, rule, where, changed):
    """Each rule, and the file that breaks it."""
    files = {path: data for path, data in {**GOOD, **changed}.items() if data is not None}
    found = tsam.validate(archive_of(tmp_path, files), CONFIG)
    assert (rule, where) in {(fault.rule, fault.where) for fault in found}
    with pytest.raises(ExportError, match=r"KN408: the service would not run mean\.tar:\n  "):
        tsam.check(tmp_path / "mean.tar", CONFIG)


def test_a_wrapping_folder_is_recognized(tmp_path):
    """The commonest mistake is told as such."""
    path = archive_of(tmp_path, {f"mean/{name}": data for name, data in GOOD.items()})
    assert "udfs/mean.py: stands in a wrapping folder, as mean/udfs/mean.py" in map(
        str, tsam.validate(path)
    )


@pytest.mark.parametrize(
    "bad",
    [
        entry("udfs/a.py", tarfile.SYMTYPE, "mean.py"),
        entry("udfs/a.py", tarfile.LNKTYPE, "udfs/mean.py"),
        entry("udfs/a.py", tarfile.CHRTYPE),
        entry("udfs/a.py", tarfile.FIFOTYPE),
    ],
)
def test_what_is_no_file_may_not_travel(tmp_path, bad):
    """Links and devices, whatever they are called."""
    (fault,) = tsam.validate(archive_of(tmp_path, GOOD, entries=[bad]))
    assert (fault.rule, fault.where) == ("kind", "udfs/a.py")


def zip_of(folder, files, **changed):
    path = folder / "mean.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, content in files.items():
            info = zipfile.ZipInfo(inside)
            for name, value in changed.items():
                setattr(info, name, value)
            archive.writestr(info, content)
    return path


def test_the_rules_hold_for_zip_files(tmp_path):
    """A good one, with an entry for a folder; a kind too many; no archive."""
    good = zip_of(tmp_path, {**GOOD, "models/": b"", "models/mean.cb": b""})
    assert tsam.validate(good, {"udfs": {"name": "mean", "models": "mean.cb"}}, kind="zip") == ()
    (fault,) = tsam.validate(zip_of(tmp_path, {**GOOD, "models/mean.json": b""}), kind="zip")
    assert (fault.rule, fault.where) == ("type", "models/mean.json")
    (tmp_path / "mean.zip").write_bytes(b"PK no more")
    assert [f.rule for f in tsam.validate(tmp_path / "mean.zip", kind="zip")] == ["archive"]


@pytest.mark.parametrize(
    ("mode", "reason"), [(0o120777, "is a link"), (0o010644, "is neither an ordinary file")]
)
def test_what_is_no_file_may_not_travel_in_a_zip_file(tmp_path, mode, reason):
    """Links and pipes."""
    path = zip_of(tmp_path, GOOD, external_attr=mode << 16)
    found = tsam.validate(path, kind="zip")
    assert {fault.rule for fault in found} == {"kind"}
    assert reason in found[0].reason


def test_an_encrypted_file_is_refused(tmp_path):
    """As its entry in the directory says: nothing tries to read it."""
    path = zip_of(tmp_path, {"udfs/mean.py": b""})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    (fault,) = tsam.validate(path, kind="zip")
    assert (fault.rule, fault.reason) == ("kind", "is encrypted")


@pytest.mark.parametrize("name", ["mean.zip", "models.tar", "my mean.tar"])
def test_the_archive_has_a_name_that_can_be_a_folder(tmp_path, name):
    """It ends in .tar, has plain characters, and is none of the service's own folders."""
    assert "name" in {f.rule for f in tsam.validate(archive_of(tmp_path, GOOD, name))}


def test_sizes_have_limits(tmp_path, monkeypatch):
    """Of a file, of them all, of the configuration; and how far it may grow."""
    monkeypatch.setattr(tsam, "MAX_BYTES", 20_000)
    big = {**GOOD, "models/mean.bin": bytes(30_000)}
    rules = [fault.rule for fault in tsam.validate(archive_of(tmp_path, big))]
    assert rules == ["size", "size"]
    monkeypatch.setattr(tsam, "MAX_BYTES", 10**8)
    path = archive_of(tmp_path, {**GOOD, "models/mean.bin": bytes(3_000_000)}, mode="w:gz")
    assert [fault.rule for fault in tsam.validate(path)] == ["ratio"]
    long = {
        "udfs": {"name": "mean", "device": "cpu"},
        "alerts": {"mqtt": {**MQTT, "x": "y" * 6000}},
    }
    found = tsam.validate(archive_of(tmp_path, GOOD), long)
    assert ("size", "config.json") in {(fault.rule, fault.where) for fault in found}


def test_what_is_no_archive_is_told(tmp_path):
    """Corrupt, or not there."""
    (tmp_path / "mean.tar").write_bytes(b"no tar" * 200)
    assert [fault.rule for fault in tsam.validate(tmp_path / "mean.tar")] == ["archive"]
    assert [fault.rule for fault in tsam.validate(tmp_path / "none.tar")] == ["archive"]


@pytest.mark.parametrize(
    ("rule", "where", "config"),
    [
        ("config", "udfs", {}),
        ("config", "udfs", {"udfs": "mean"}),
        ("config", "udfs.name", {"udfs": {}}),
        ("one name", "udfs.name", {"udfs": {"name": "Mean"}}),
        ("config", "udfs.model", {"udfs": {"name": "mean", "model": "mean.cb"}}),
        ("config", "udfs.models", {"udfs": {"name": "mean", "models": ["mean.cb"]}}),
        ("one name", "udfs.models", {"udfs": {"name": "mean", "models": "other.cb"}}),
        ("layout", "models/mean.pkl", {"udfs": {"name": "mean", "models": "mean.pkl"}}),
        ("config", "udfs.device", {"udfs": {"name": "mean", "device": "tpu"}}),
        ("config", "udfs.options", {"udfs": {"name": "mean", "options": 1}}),
        ("config", "alert", {**CONFIG, "alert": {}}),
        ("alerts", "alerts", {**CONFIG, "alerts": []}),
        ("alerts", "alerts.smtp", {**CONFIG, "alerts": {"smtp": {}}}),
        ("alerts", "alerts.mqtt.name", {**CONFIG, "alerts": {"mqtt": {**MQTT, "name": None}}}),
        ("alerts", "alerts.opcua.node_id", {**CONFIG, "alerts": {"opcua": {"namespace": 1}}}),
        ("alerts", "alerts", {**CONFIG, "alerts": {"mqtt": MQTT, "opcua": OPCUA}}),
    ],
)
def test_a_configuration_that_breaks_a_rule(tmp_path, rule, where, config):
    """What is refused, and what would be ignored in silence."""
    found = tsam.validate(archive_of(tmp_path, {**GOOD, "models/mean.cb": b""}), config)
    assert (rule, where) in {(fault.rule, fault.where) for fault in found}


def test_a_configuration_is_read_from_its_file(tmp_path):
    """One that is no JSON is named."""
    path = archive_of(tmp_path, GOOD)
    config = tmp_path / "config-batch.json"
    config.write_text("{")
    (fault,) = tsam.validate(path, config)
    assert str(fault).startswith("config-batch.json: is no JSON: ")
