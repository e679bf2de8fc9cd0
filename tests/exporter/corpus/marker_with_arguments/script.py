#!/usr/bin/env python3
# Exported from marker_with_arguments.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Echo
# cells: 1, 2
# sha256 of these cells: d82828e4baf56bec25af80ffaed10e7ffb794a74827b95cb936ff8874451d723
"""Echo."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from kapnb import Handler
from kapnb import udf as export

# %% marker_with_arguments.ipynb cell 1
NAME = "echo"


# %% marker_with_arguments.ipynb cell 2
@export(name=NAME)
class Echo(Handler):
    """Echo."""


if __name__ == "__main__":
    from kapnb.agent import run

    run(Echo)
