#!/usr/bin/env python3
# Exported from unused_magics.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Limited
# cells: 1, 5
# sha256 of these cells: c65c3ef31a0b296d1d6ef57ddb4820e11b270ce350706e612b5ceffb94a094ee
"""Passes values up to a limit."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from kapnb import Handler, udf

# %% unused_magics.ipynb cell 1
LIMIT = 3


# %% unused_magics.ipynb cell 5
@udf
class Limited(Handler):
    """Passes values up to a limit."""

    def point(self, point, state):
        if point.fields["x"] < LIMIT:
            yield point


if __name__ == "__main__":
    from kapnb.agent import run

    run(Limited)
