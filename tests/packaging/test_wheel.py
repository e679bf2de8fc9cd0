"""The wheel that users install, built and tested as such."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from captures import DATA, answers, captured, responses

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel with the build back end that is installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A fresh environment that holds the wheel and its one dependency."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    command = [python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", wheel]
    subprocess.run(command, check=True)
    return python


def test_the_wheel_holds_both_packages_and_nothing_else(wheel):
    """`kapnb` with its type marker, `kapnb_exporter`, metadata; no tests, no `exporter`."""
    names = zipfile.ZipFile(wheel).namelist()

    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    (data,) = (name for name in names if ".data/" in name)
    assert tops == {"kapnb", "kapnb_exporter", data.split("/")[0]}
    assert data.endswith(".data/data/etc/jupyter/jupyter_server_config.d/kapnb_exporter.json")
    assert {"kapnb/py.typed", "kapnb_exporter/py.typed"} <= set(names)


def test_the_base_install_is_protobuf_alone(installed):
    """What a Kapacitor host carries."""
    listed = subprocess.run(
        [installed, "-m", "pip", "list", "--format=freeze"], capture_output=True, check=True
    )

    names = {line.split("==")[0] for line in listed.stdout.decode().split()}
    assert names - {"pip", "setuptools", "wheel"} == {"kapnb", "protobuf"}


def test_the_installed_command_runs_a_handler(installed, tmp_path):
    """`kapnb run` answers a captured session outside any checkout."""
    script = tmp_path / "mirror.py"
    script.write_text("from kapnb import Handler\n\n\nclass Mirror(Handler):\n    pass\n")

    done = subprocess.run(
        [installed.parent / "kapnb", "run", script],
        input=captured("a1_stream_mirror_groupby_host", "in"),
        capture_output=True,
        check=True,
    )

    expected = captured("a1_stream_mirror_groupby_host", "out")
    assert answers(responses(done.stdout)) == answers(responses(expected))


def test_the_installed_command_simulates_without_extras(installed, tmp_path):
    """Recordings, options and JSON lines need no pandas."""
    script = tmp_path / "mirror.py"
    script.write_text("from kapnb import Handler\n\n\nclass Mirror(Handler):\n    pass\n")
    data = DATA / "recordings" / "host_cpu.srpl"

    done = subprocess.run(
        [installed.parent / "kapnb", "simulate", script, "--data", data],
        capture_output=True,
        check=True,
    )

    assert len(done.stdout.splitlines()) == 2484


def test_a_missing_extra_is_named_with_its_command(installed, tmp_path):
    """`kapnb export` says what to install."""
    done = subprocess.run(
        [installed.parent / "kapnb", "export", ROOT / "notebooks" / "01_quick_start.ipynb"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )

    assert done.returncode == 1
    assert "pip install 'kapnb[export]'" in done.stderr.decode()
