"""docs/notebook.md names what there is."""

import re
from pathlib import Path

import kapnb
import kapnb.faults
import kapnb.notebook
import kapnb.simulation
import kapnb.tick

TEXT = (Path(__file__).parents[2] / "docs" / "notebook.md").read_text(encoding="utf-8")


def test_every_name_of_ours_is_there():
    """As kapnb.room.name, each in its room."""
    found = re.findall(r"kapnb\.(notebook|simulation|tick|faults)\.(\w+)", TEXT)
    assert len(found) >= 8
    for room, name in found:
        assert hasattr(getattr(kapnb, room), name), f"kapnb.{room}.{name}"


def test_every_plot_and_html_function_is_told():
    """What can be called is written down."""
    names = [name for name in kapnb.notebook.__all__ if re.match(r"plot_|.*_html$", name)]
    assert [name for name in names if name not in TEXT] == []


def test_every_frame_of_a_run_is_told():
    """Each accessor that ends so."""
    names = [name for name in dir(kapnb.Simulation) if name.endswith("frame") and name[0] != "_"]
    assert len(names) == 5
    assert [name for name in names if f"run.{name}" not in TEXT] == []
