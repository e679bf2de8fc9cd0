#!/usr/bin/env python3
# Exported from aliased_helper.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "aliased_helper.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "f9b836368e0b05c4" },
#     { number = 2, id = "cell-2", sha256 = "69f5d6793cdfa4ed" },
# ]
# ///
"""Uses it."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )


# %% aliased_helper.ipynb cell 1
def doubled(x):
    return 2 * x


twice = doubled


# %% aliased_helper.ipynb cell 2
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=twice(point.fields["x"]))


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"x": 0.0, "y": 0.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"x": 1.0, "y": 2.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"x": 2.0, "y": 4.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"x": 3.0, "y": 6.0}}
""",
    )
