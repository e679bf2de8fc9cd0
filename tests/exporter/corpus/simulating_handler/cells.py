# KN206: the simulator stays at home, under whatever name.
# %%
import kapnb as kn
# %%
@kn.udf
class Dreamer(kn.Handler):
    """Dreams."""

    def point(self, point, state):
        return kn.simulate(Dreamer, [])
