#!/usr/bin/env python3
# Exported from cell_magics_unwrapped.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Limited
# cells: 1, 2
# sha256 of these cells: 19a2f3ce165d0c82c971c0a727de7d756e2868e0e428520bdb958a598a5b9b82
"""Passes values up to a limit."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from kapnb import Handler, udf

# %% cell_magics_unwrapped.ipynb cell 1
LIMIT = 3


# %% cell_magics_unwrapped.ipynb cell 2
@udf
class Limited(Handler):
    """Passes values up to a limit."""

    def point(self, point, state):
        if point.fields["x"] < LIMIT:
            yield point


if __name__ == "__main__":
    from kapnb.agent import run

    run(Limited)
