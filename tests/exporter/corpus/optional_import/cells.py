# A conditional import or definition is kept whole.
# %%
import sys
from kapnb import Handler, udf
try:
    import orjson as json
except ImportError:
    import json

if sys.version_info >= (3, 12):
    from itertools import batched
else:
    def batched(values, n):
        return [values]
# %%
@udf
class Encoded(Handler):
    """Encodes."""

    def point(self, point):
        yield point.with_fields(text=str(json.dumps(sorted(map(list, batched([1], 1))))))
# %%
from kapnb import Point, simulate
simulate(Encoded, [Point({"x": float(n)}, time=n, name="m") for n in range(4)])
