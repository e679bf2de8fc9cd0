#!/usr/bin/env python3
# Exported from optional_import.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Encoded
# cells: 1, 2
# sha256 of these cells: 5acdad81be6f44cdeba5e3b0ef969d89d93125057099dc3336c2fe80b7aa1b63
"""Encodes."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

import sys

from kapnb import Handler, udf

# %% optional_import.ipynb cell 1
try:
    import orjson as json
except ImportError:
    import json

if sys.version_info >= (3, 12):
    from itertools import batched
else:
    def batched(values, n):
        return [values]


# %% optional_import.ipynb cell 2
@udf
class Encoded(Handler):
    """Encodes."""

    def point(self, point, state):
        return json.dumps(list(batched([1], 1)))


if __name__ == "__main__":
    from kapnb.agent import run

    run(Encoded)
