#!/usr/bin/env python3
# Exported from fails_on_purpose.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "fails_on_purpose.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "c07b3965ff3ed2ab" },
#     { number = 2, id = "cell-2", sha256 = "cbaa17a22e18024a" },
# ]
# ///
"""Divides."""

from kapnb import Handler, Option, OptionError, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={"by": ["DOUBLE"]},
    )


# %% fails_on_purpose.ipynb cell 2
@udf
class H(Handler):
    """Divides."""

    by = Option(float, default=2.0, doc="what to divide by")

    def init(self):
        if self.by < 0:
            raise OptionError(f"by must not be negative, like {self.by}")

    def point(self, point):
        yield point.with_fields(y=point.fields["x"] / self.by)


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
< point     {"time": 1, "name": "m", "fields": {"x": 1.0, "y": 0.5}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"x": 2.0, "y": 1.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"x": 3.0, "y": 1.5}}
""",
    )
