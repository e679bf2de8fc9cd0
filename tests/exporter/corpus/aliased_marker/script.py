#!/usr/bin/env python3
# Exported from aliased_marker.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Echo
# cells: 1, 2
# sha256 of these cells: 3c97f3c220ecb6ce33901a2e63ad4849aafb1a1616bc4db5c76e4d01fc70e41e
"""Knows \\ and '\"\"\"' and "this\""""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

import kapnb as kn


# %% aliased_marker.ipynb cell 2
@kn.udf
class Echo(kn.Handler):
    """Knows \\ and '\"\"\"' and "this\""""


if __name__ == "__main__":
    from kapnb.agent import run

    run(Echo)
