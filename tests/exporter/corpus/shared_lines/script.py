#!/usr/bin/env python3
# Exported from shared_lines.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "shared_lines.ipynb"
# handler = "Limited"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "f9c13af53b9a5850" },
#     { number = 2, id = "cell-2", sha256 = "b98d722ef3e7e159" },
# ]
# ///
"""Limited."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

# %% shared_lines.ipynb cell 1
a = 1
b = "ü"
c: int = 3
low, (high, *rest) = 1, (2, 3)

square = lambda v: v * v  # noqa: E731


# %% shared_lines.ipynb cell 2
@udf
class Limited(Handler):
    """Limited."""

    def point(self, point):
        yield point.with_fields(y=square(a + c) + low + len(b))


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        Limited,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_Limited", "node_id": "Limited2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"x": 0.0, "y": 18}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"x": 1.0, "y": 18}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"x": 2.0, "y": 18}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"x": 3.0, "y": 18}}
""",
    )
