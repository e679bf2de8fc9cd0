"""``python -m kapnb.compat old.py``: run a script of the official API."""

import sys

from kapnb.compat import run_script

if len(sys.argv) < 2:
    sys.stderr.write("usage: python -m kapnb.compat SCRIPT [ARGUMENT …]\n")
    sys.exit(2)
sys.exit(run_script(sys.argv[1], sys.argv[2:]))
