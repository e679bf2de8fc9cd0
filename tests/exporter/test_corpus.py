"""The corpus: one folder per rule, with the notebook and what becomes of it.

``corpus/<case>/cells.py`` is a notebook in percent format; its first line is the claim.
Beside it stands ``script.py``, the script it gives, or ``refusal.txt``, the message, which
begins with the notebook, the cell, the line and the code. A line ``# handler: NAME`` names the
Handler, ``# bring modules`` has modules brought along, ``# format: NAME`` asks for a package;
other files lie beside the notebook, and what a folder ``installed`` holds counts as installed.

Every script is exported as a whole: the notebook runs, and the script answers its simulations
as a process. Versions of packages stand as ``VERSION``. Of a refusal that came from running,
the first line is compared. ``KAPNB_UPDATE=1`` writes what is there now; read the diff.
"""

from pathlib import Path

import pytest

SCRIPTS = sorted(
    path.parent.name for path in (Path(__file__).parent / "corpus").glob("*/script.py")
)


@pytest.mark.parametrize("case", SCRIPTS)
def test_a_notebook_gives_its_script(case, hold_against_corpus):
    """Every case of the corpus gives, to the byte, what stands beside it."""
    hold_against_corpus(case)
