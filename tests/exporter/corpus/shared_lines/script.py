#!/usr/bin/env python3
# Exported from shared_lines.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Limited
# cells: 1, 2
# sha256 of these cells: 10bdc31f51688499aa0cdf49e9976256ab651e2eb54a8cdb1cf3aaf1e8a8fd7b
"""Limited."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from kapnb import Handler, udf

# %% shared_lines.ipynb cell 1
a = 1
b = "ü"
c: int = 3
low, (high, *rest) = 1, (2, 3)

square = lambda v: v * v  # noqa: E731


# %% shared_lines.ipynb cell 2
@udf
class Limited(Handler):
    """Limited."""

    def point(self, point, state):
        return square(a + c) + low + len(b)


if __name__ == "__main__":
    from kapnb.agent import run

    run(Limited)
