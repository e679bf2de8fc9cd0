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

    def point(self, point, state):
        return json.dumps(list(batched([1], 1)))
