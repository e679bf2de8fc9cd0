#!/usr/bin/env python3
# Exported from optional_import.ipynb by kapnb 0.1.0; edit the notebook instead.
#
# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "kapnb==0.1.0",
#     "protobuf>=4.25,<8",
# ]
#
# [tool.kapnb]
# version = "0.1.0"
# notebook = "optional_import.ipynb"
# handler = "Encoded"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "229e07d7a6b3c37a" },
#     { number = 2, id = "cell-2", sha256 = "8cea686eb6725cf2" },
# ]
# ///
"""Encodes."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

import sys

# %% optional_import.ipynb cell 1
try:
    import orjson as json
except ImportError:
    import json

if sys.version_info >= (3, 12):
    from itertools import batched
else:
    def batched(values, n):
        return [values]


# %% optional_import.ipynb cell 2
@udf
class Encoded(Handler):
    """Encodes."""

    def point(self, point):
        yield point.with_fields(text=str(json.dumps(sorted(map(list, batched([1], 1))))))


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        Encoded,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_Encoded", "node_id": "Encoded2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"text": "[[1]]", "x": 0.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"text": "[[1]]", "x": 1.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"text": "[[1]]", "x": 2.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"text": "[[1]]", "x": 3.0}}
""",
    )
