#!/usr/bin/env python3
# Exported from tables_filled_on_import.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "tables_filled_on_import.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "8807e0292861eaf5" },
#     { number = 2, id = "cell-2", sha256 = "165ab441614f4e08" },
# ]
# ///
"""Uses them."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

# %% tables_filled_on_import.ipynb cell 1
RULES: dict[str, type] = {}
SQUARES: dict[float, float] = {}


def twice(x):
    return 2 * x


class Named(Handler):
    """Counts its kinds."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        RULES[cls.__name__] = cls


def squared(x):
    if x not in SQUARES:
        SQUARES[x] = x * x  # kapnb: allow KN210
    return SQUARES[x]


# %% tables_filled_on_import.ipynb cell 2
@udf
class H(Named):
    """Uses them."""

    def point(self, point):
        x = point.fields["x"]
        yield point.with_fields(y=twice(x) + squared(x), n=len(RULES))


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"n": 1, "x": 0.0, "y": 0.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"n": 1, "x": 1.0, "y": 3.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"n": 1, "x": 2.0, "y": 8.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"n": 1, "x": 3.0, "y": 15.0}}
""",
    )
