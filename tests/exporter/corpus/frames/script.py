#!/usr/bin/env python3
# Exported from frames.ipynb by kapnb 0.1.0; edit the notebook instead.
#
# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "kapnb==0.1.0",
#     "pandas==VERSION",
#     "protobuf>=4.25,<8",
# ]
#
# [tool.kapnb]
# version = "0.1.0"
# notebook = "frames.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "4606a25b5d89fc42" },
#     { number = 2, id = "cell-2", sha256 = "4130779932a3b776" },
# ]
# ///
"""Smooth."""

from kapnb import BATCH, Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="BATCH",
        provides="BATCH",
        options={},
    )


# %% frames.ipynb cell 2
@udf
class H(Handler):
    """Smooth."""

    wants, provides = BATCH, BATCH

    def frame(self, frame):
        return frame.assign(y=frame["x"].rolling(2, min_periods=1).mean())


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> begin     {"name": "m", "size": 6}
> point     {"fields": {"x": 0.0}}
> point     {"time": 1, "fields": {"x": 1.0}}
> point     {"time": 2, "fields": {"x": 2.0}}
> point     {"time": 3, "fields": {"x": 3.0}}
> point     {"time": 4, "fields": {"x": 4.0}}
> point     {"time": 5, "fields": {"x": 5.0}}
> end       {"name": "m", "tmax": 5}
< begin     {"name": "m", "size": 6}
< point     {"fields": {"x": 0.0, "y": 0.0}}
< point     {"time": 1, "fields": {"x": 1.0, "y": 0.5}}
< point     {"time": 2, "fields": {"x": 2.0, "y": 1.5}}
< point     {"time": 3, "fields": {"x": 3.0, "y": 2.5}}
< point     {"time": 4, "fields": {"x": 4.0, "y": 3.5}}
< point     {"time": 5, "fields": {"x": 5.0, "y": 4.5}}
< end       {"name": "m", "tmax": 5}
""",
    )
