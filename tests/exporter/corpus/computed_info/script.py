#!/usr/bin/env python3
# Exported from computed_info.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "computed_info.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "81e2661ef7aec085" },
#     { number = 2, id = "cell-2", sha256 = "1e553943c1df88d2" },
# ]
# ///
"""Says itself what it is."""

from kapnb import STREAM, Handler, InfoResponse, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare()


# %% computed_info.ipynb cell 2
@udf
class H(Handler):
    """Says itself what it is."""

    def info(self):
        return InfoResponse(STREAM, STREAM)


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"x": 0.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
""",
    )
