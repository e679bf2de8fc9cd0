# KN101: a function is no Handler.
# %%
from kapnb import udf
@udf
def point(point):
    return point
