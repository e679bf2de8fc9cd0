# A Handler that needs nothing but kapnb gives the shortest script.
# %%
from kapnb import Handler, udf

@udf
class Echo(Handler):
    def point(self, point, state):
        yield point
