#!/usr/bin/env python3
# Exported from minimal.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Echo
# cells: 1
# sha256 of these cells: 99e8971aecbe84a555ed956ac5fa1866ad5da7fd6e30bde9c41f9c831e94cd76
"""Echo, a Kapacitor UDF."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from kapnb import Handler, udf


# %% minimal.ipynb cell 1
@udf
class Echo(Handler):
    def point(self, point, state):
        yield point


if __name__ == "__main__":
    from kapnb.agent import run

    run(Echo)
