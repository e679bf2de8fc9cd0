# KN207: a value is taken from a simulation.
# %%
from kapnb import Handler, simulate, udf
class Probe(Handler):
    """Probe."""
sim = simulate(Probe, [1, 2])
MEAN = sum(sim.points) / 2
# %%
@udf
class Compared(Handler):
    """Compared."""

    def point(self, point, state):
        return point - MEAN
