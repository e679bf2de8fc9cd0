"""``python -m kapnb``: the command without its script."""

import sys

from kapnb.cli import main

sys.exit(main())
