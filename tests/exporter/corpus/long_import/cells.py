# An import that does not fit on a line is written over several.
# %%
from kapnb import Handler, udf
from statistics import median_grouped, geometric_mean, harmonic_mean, NormalDist, linear_regression
# %%
@udf
class Long(Handler):
    """Long."""

    use = (median_grouped, geometric_mean, harmonic_mean, NormalDist, linear_regression)
# %%
from kapnb import Point, simulate
simulate(Long, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
