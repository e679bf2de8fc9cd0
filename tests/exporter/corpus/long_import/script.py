#!/usr/bin/env python3
# Exported from long_import.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Long
# cells: 1, 2
# sha256 of these cells: f601bb2eb5203dcf4e6844a69879861f33e554932166fa2723a70a705ae17d3a
"""Long."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from statistics import (
    NormalDist,
    geometric_mean,
    harmonic_mean,
    linear_regression,
    median_grouped,
)

from kapnb import Handler, udf


# %% long_import.ipynb cell 2
@udf
class Long(Handler):
    """Long."""

    use = (median_grouped, geometric_mean, harmonic_mean, NormalDist, linear_regression)


if __name__ == "__main__":
    from kapnb.agent import run

    run(Long)
