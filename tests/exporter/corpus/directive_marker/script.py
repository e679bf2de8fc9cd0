#!/usr/bin/env python3
# Exported from directive_marker.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Echo
# cells: 1, 2
# sha256 of these cells: c6040a76f7858d6ccf13b9adf6a4a9d1b052b95ceb0e8032fe0f174133296290
"""Echo."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from kapnb import Handler


# %% directive_marker.ipynb cell 2
# What comes in goes out.
class Echo(Handler):
    """Echo."""


if __name__ == "__main__":
    from kapnb.agent import run

    run(Echo)
