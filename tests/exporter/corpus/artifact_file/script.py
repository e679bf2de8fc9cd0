#!/usr/bin/env python3
# Exported from artifact_file.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "artifact_file.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "35db4ece762ebd34" },
#     { number = 2, id = "cell-2", sha256 = "411c50ee0640173f" },
#     { number = 3, id = "cell-3", sha256 = "830b293a41b3e843" },
# ]
# ///
"""Uses it."""

from kapnb import Handler, artifact, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

# %% artifact_file.ipynb cell 2
MODEL = artifact(
    "counts.pkl",
    sha256="5ec93246062d8ce8e5d8324c4e9f0d37da90b0c76562ee04e93b1c78546d50b5",
)


# %% artifact_file.ipynb cell 3
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=MODEL["a"])


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"x": 0.0, "y": 5}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"x": 1.0, "y": 5}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"x": 2.0, "y": 5}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"x": 3.0, "y": 5}}
""",
    )
