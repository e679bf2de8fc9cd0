#!/usr/bin/env python3
# Exported from tag_marker.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "tag_marker.ipynb"
# handler = "Counter"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "a769ee663f7a7ca8" },
#     { number = 2, id = "cell-2", sha256 = "2a3178ca235ba825" },
# ]
# ///
"""Counts."""

from kapnb import Handler

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

from dataclasses import dataclass


# %% tag_marker.ipynb cell 1
class Base(Handler):
    """Common to all."""


# %% tag_marker.ipynb cell 2
@dataclass
class State:
    count: int = 0


class Counter(Base):
    """Counts."""

    def group_state(self):
        return State()

    def point(self, point, state):
        state.count += 1
        yield point.with_fields(count=state.count)


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        Counter,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_Counter", "node_id": "Counter2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"count": 1, "x": 0.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"count": 2, "x": 1.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"count": 3, "x": 2.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"count": 4, "x": 3.0}}
""",
    )
