#!/usr/bin/env python3
# Exported from name_of_the_starter.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Echo
# cells: 1, 2
# sha256 of these cells: 760dcc9143378797e7a190081e4f3fb6999487d005aa308c2612e34b13980cad
"""Echoes."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from kapnb import Handler, udf


# %% name_of_the_starter.ipynb cell 1
def run(point):
    return point


# %% name_of_the_starter.ipynb cell 2
@udf
class Echo(Handler):
    """Echoes."""

    def point(self, point, state):
        yield run(point)


if __name__ == "__main__":
    from kapnb.agent import run as run_agent

    run_agent(Echo)
