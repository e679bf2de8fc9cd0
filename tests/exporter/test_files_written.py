"""All files or none."""

from __future__ import annotations

import os

import pytest

from kapnb.errors import ExportError
from kapnb_exporter._write import write_all
from kapnb_exporter.formats import File


def tree(folder):
    """Return what a folder holds, hidden files included."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_files_replace_others_and_have_their_modes(tmp_path):
    """In folders that are made."""
    (tmp_path / "a.py").write_bytes(b"old")
    paths = write_all(tmp_path, [File("a.py", b"new", 0o755), File("deep/er/b", b"b")])
    assert tree(tmp_path) == {"a.py": b"new", "deep/er/b": b"b"}
    assert os.access(paths[0], os.X_OK)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_one_that_cannot_be_written_leaves_all_as_they_were(tmp_path, position):
    """A folder stands in the way of one of them: before it, nothing; after it, nothing."""
    (tmp_path / "a").write_bytes(b"old a")
    (tmp_path / "taken" / "inside").mkdir(parents=True)
    (tmp_path / "taken" / "inside" / "x").write_bytes(b"x")
    before = tree(tmp_path)
    files = [File("a", b"new a"), File("b", b"new b")]
    files.insert(position, File("taken", b"new"))
    with pytest.raises(ExportError, match="cannot be written"):
        write_all(tmp_path, files)
    assert tree(tmp_path) == before
