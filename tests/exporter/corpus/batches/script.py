#!/usr/bin/env python3
# Exported from batches.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "batches.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "4606a25b5d89fc42" },
#     { number = 2, id = "cell-2", sha256 = "17e0a5a68bfdb1a6" },
# ]
# ///
"""Keep the largest."""

from kapnb import BATCH, Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="BATCH",
        provides="BATCH",
        options={},
    )


# %% batches.ipynb cell 2
@udf
class H(Handler):
    """Keep the largest."""

    wants, provides = BATCH, BATCH

    def batch(self, batch):
        yield max(batch.points, key=lambda point: point.fields["x"])


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> begin     {"name": "m", "group": "host=a", "tags": {"host": "a"}, "size": 3}
> point     {"group": "host=a", "tags": {"host": "a"}, "fields": {"x": 0.0}}
> point     {"time": 2, "group": "host=a", "tags": {"host": "a"}, "fields": {"x": 2.0}}
> point     {"time": 4, "group": "host=a", "tags": {"host": "a"}, "fields": {"x": 4.0}}
> end       {"name": "m", "group": "host=a", "tmax": 4, "tags": {"host": "a"}}
< begin     {"name": "m", "group": "host=a", "tags": {"host": "a"}, "size": 1}
< point     {"time": 4, "group": "host=a", "tags": {"host": "a"}, "fields": {"x": 4.0}}
< end       {"name": "m", "group": "host=a", "tmax": 4, "tags": {"host": "a"}}
> begin     {"name": "m", "group": "host=b", "tags": {"host": "b"}, "size": 3}
> point     {"time": 1, "group": "host=b", "tags": {"host": "b"}, "fields": {"x": 1.0}}
> point     {"time": 3, "group": "host=b", "tags": {"host": "b"}, "fields": {"x": 3.0}}
> point     {"time": 5, "group": "host=b", "tags": {"host": "b"}, "fields": {"x": 5.0}}
> end       {"name": "m", "group": "host=b", "tmax": 5, "tags": {"host": "b"}}
< begin     {"name": "m", "group": "host=b", "tags": {"host": "b"}, "size": 1}
< point     {"time": 5, "group": "host=b", "tags": {"host": "b"}, "fields": {"x": 5.0}}
< end       {"name": "m", "group": "host=b", "tmax": 5, "tags": {"host": "b"}}
""",
    )
