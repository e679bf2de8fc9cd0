#!/usr/bin/env python3
# Exported from one_of_several.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Second
# cells: 1, 2
# sha256 of these cells: 2846a57bcd53662f80ab93e22632d95a8d2c8082d49c6cc53e31de233602358e
"""Second."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from kapnb import Handler, udf


# %% one_of_several.ipynb cell 2
@udf
class Second(Handler):
    """Second."""


if __name__ == "__main__":
    from kapnb.agent import run

    run(Second)
