#!/usr/bin/env python3
# Exported from duplicates.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Limited
# cells: 1, 3
# sha256 of these cells: d9e7e94cafe9a7f84ac31427e2f83e73bfa4548c4f1a72b3e5340bffb355546a
"""Limited."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from kapnb import Handler, udf

# %% duplicates.ipynb cell 1
LIMIT = 3


# %% duplicates.ipynb cell 3
@udf
class Limited(Handler):
    """Limited."""

    limit = LIMIT


if __name__ == "__main__":
    from kapnb.agent import run

    run(Limited)
