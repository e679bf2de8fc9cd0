# KN206: the Handler draws.
# %%
import matplotlib.pyplot as plt
from kapnb import Handler, udf
# %%
@udf
class Drawn(Handler):
    """Drawn."""

    def stop(self):
        plt.show()
