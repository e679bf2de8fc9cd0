# The marker is known under whatever name the notebook imports it; docstrings are escaped.
# %%
import kapnb as kn
# %%
@kn.udf
class Echo(kn.Handler):
    """Knows \\ and '\"\"\"' and "this\""""
# %%
sim = kn.simulate(Echo, [kn.Point({"x": 1.0}, time=1, name="m")])
