#!/usr/bin/env python3
# Exported from artifact_loader.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "artifact_loader.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "f1ef1dd0b68e87ae" },
#     { number = 2, id = "cell-2", sha256 = "d6a66f19eb41ef36" },
#     { number = 3, id = "cell-3", sha256 = "296417fc28eadbfe" },
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

from pathlib import Path


# %% artifact_loader.ipynb cell 1
def read(path):
    return [float(line) for line in Path(path).read_text().split()]


# %% artifact_loader.ipynb cell 2
ROWS = artifact(
    "rows.dat",
    load=read,
    sha256="bd2313ec1499350d7abce2e08c6723cb9f1ab4add958a3dd9b1d094ae06819c6",
)


# %% artifact_loader.ipynb cell 3
@udf
class H(Handler):
    """Uses it."""

    def point(self, point):
        yield point.with_fields(y=sum(ROWS))


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"x": 0.0, "y": 4.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"x": 1.0, "y": 4.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"x": 2.0, "y": 4.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"x": 3.0, "y": 4.0}}
""",
    )
