#!/usr/bin/env python3
# Exported from several_decorators.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "several_decorators.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "7edf5f47f74ba78e" },
#     { number = 2, id = "cell-2", sha256 = "9d7a71ddd17457b0" },
#     { number = 3, id = "cell-3", sha256 = "a0b30ec996a78dd1" },
# ]
# ///
"""Echo."""

from kapnb import Handler
from kapnb import udf as export

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

# %% several_decorators.ipynb cell 1
NAME = "echo"


# %% several_decorators.ipynb cell 2
def named(name):
    def mark(cls):
        cls.name = name
        return cls
    return mark


# %% several_decorators.ipynb cell 3
@export
@named(NAME)
class H(Handler):
    """Echo."""

    def point(self, point):
        yield point.with_fields(name=self.name)


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"name": "echo", "x": 0.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"name": "echo", "x": 1.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"name": "echo", "x": 2.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"name": "echo", "x": 3.0}}
""",
    )
