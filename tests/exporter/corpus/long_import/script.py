#!/usr/bin/env python3
# Exported from long_import.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "long_import.ipynb"
# handler = "Long"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "4191ebf454fa02f2" },
#     { number = 2, id = "cell-2", sha256 = "363c54825a732683" },
# ]
# ///
"""Long."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

from statistics import (
    NormalDist,
    geometric_mean,
    harmonic_mean,
    linear_regression,
    median_grouped,
)


# %% long_import.ipynb cell 2
@udf
class Long(Handler):
    """Long."""

    use = (median_grouped, geometric_mean, harmonic_mean, NormalDist, linear_regression)


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        Long,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_Long", "node_id": "Long2"}
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
