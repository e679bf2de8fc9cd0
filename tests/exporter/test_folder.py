"""The copy of a notebook's folder: what travels, what does not, and how much is too much."""

import os

import pytest

from kapnb.errors import ExportError
from kapnb_exporter import _folder
from kapnb_exporter._folder import copy_folder


def copied(tmp_path, tell=None):
    """Copy the folder `here`, and return what came over."""
    copy_folder(tmp_path / "here", tmp_path / "there", tell)
    there = tmp_path / "there"
    return sorted(path.relative_to(there).as_posix() for path in there.rglob("*"))


@pytest.fixture
def here(tmp_path):
    """Return a folder with a notebook and its data."""
    here = tmp_path / "here"
    (here / "data").mkdir(parents=True)
    (here / "data" / "a.csv").write_text("1\n")
    (here / "pump.ipynb").write_text("{}")
    return here


def test_what_is_of_no_use_to_a_notebook_is_left_behind(tmp_path, here):
    """Version control, environments of any name, caches."""
    for name in (".git", ".venv", "venv", "node_modules", "data/__pycache__", "py312"):
        (here / name).mkdir()
        (here / name / "large").write_text("x")
    (here / "py312" / "pyvenv.cfg").write_text("")

    assert copied(tmp_path) == ["data", "data/a.csv", "pump.ipynb"]


def test_what_is_no_file_does_no_harm(tmp_path, here):
    """A pipe, a link that leads nowhere, one that leads back; a link to a file is followed."""
    os.mkfifo(here / "pipe")
    (here / "nowhere").symlink_to("missing")
    (here / "data" / "back").symlink_to(here)
    (here / "link.csv").symlink_to(here / "data" / "a.csv")

    assert copied(tmp_path) == ["data", "data/a.csv", "link.csv", "pump.ipynb"]
    assert not (tmp_path / "there" / "link.csv").is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root; run as a user")
def test_what_may_not_be_read_is_left_behind(tmp_path, here):
    """Other people's files, as in /tmp."""
    (here / "secret").write_text("x")
    (here / "secret").chmod(0)

    assert copied(tmp_path) == ["data", "data/a.csv", "pump.ipynb"]


def test_too_large_a_folder_is_refused_before_anything_is_copied(tmp_path, here, monkeypatch):
    """The message names what is largest, and the way out."""
    monkeypatch.setenv("KAPNB_FOLDER_MAX", "3")
    with (here / "data" / "big.bin").open("wb") as file:
        file.truncate(4 << 20)

    with pytest.raises(ExportError, match=r"KN409.*3 MiB.*data \(4 MiB\).*folder of its own"):
        copied(tmp_path)
    assert not (tmp_path / "there").exists()

    monkeypatch.setenv("KAPNB_FOLDER_MAX", "5")
    assert "data/big.bin" in copied(tmp_path)


def test_too_many_files_are_refused(tmp_path, here, monkeypatch):
    """However small they are."""
    monkeypatch.setattr(_folder, "_FILES_MAX", 1)

    with pytest.raises(ExportError, match="or 1 files"):
        copied(tmp_path)


@pytest.mark.parametrize("limit", ["much", "0", "-1", "1.5"])
def test_a_limit_that_is_no_number_is_refused(tmp_path, here, monkeypatch, limit):
    """It says what it must be."""
    monkeypatch.setenv("KAPNB_FOLDER_MAX", limit)

    with pytest.raises(ExportError, match="a number of MiB"):
        copied(tmp_path)


def test_a_large_copy_is_told(tmp_path, here, monkeypatch):
    """A person who waits knows what for; a small one is not worth it."""
    told = []
    copied(tmp_path, told.append)
    assert not told

    monkeypatch.setattr(_folder, "_WORTH_TELLING", 1)
    copy_folder(here, tmp_path / "again", told.append)
    assert told == ["copying the notebook's folder: 0 MiB in 2 files"]
