#!/usr/bin/env python3
# Exported from literals_that_are_none.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "literals_that_are_none.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "115a3068337a470e" },
#     { number = 2, id = "cell-2", sha256 = "3781ab43a2a85049" },
# ]
# ///
"""Basic IsolationForest with Token bucket_limiter_2."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

# %% literals_that_are_none.ipynb cell 1
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
LITERALS = [
    "550e8400-e29b-41d4-a716-446655440000",
    "the quick brown fox jumps over the lazy dog",
    "temperature_of_the_left_bearing_in_degrees",
    "http://db.example/home/page",
    "m/s",
    "Basic information",
    "/var/lib/kapacitor/udf",
    "/etc/kapacitor",
    "Token of a kind",
    r"\d+\s*",
]


# %% literals_that_are_none.ipynb cell 2
@udf
class H(Handler):
    """Basic IsolationForest with Token bucket_limiter_2."""

    def point(self, point):
        host = point.fields.get("token", "unknown")
        yield point.with_fields(host=host, y=len(SHA256) + len(LITERALS))


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"host": "unknown", "x": 0.0, "y": 74}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"host": "unknown", "x": 1.0, "y": 74}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"host": "unknown", "x": 2.0, "y": 74}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"host": "unknown", "x": 3.0, "y": 74}}
""",
    )
