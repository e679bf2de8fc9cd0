#!/usr/bin/env python3
# Exported from named_logger.ipynb by kapnb 0.1.0; edit the notebook instead.
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
# notebook = "named_logger.ipynb"
# handler = "H"
# cells = [
#     { number = 1, id = "cell-1", sha256 = "9f49afca7d0c41b8" },
#     { number = 2, id = "cell-2", sha256 = "ad957336b6a6fd0f" },
# ]
# ///
"""Logs, and opens a file."""

from kapnb import Handler, udf

if __name__ == "__main__":
    from kapnb.script import prepare

    # From here on only frames reach stdout; what is printed goes to stderr.
    prepare(  # info is answered at once, before the imports below
        wants="STREAM",
        provides="STREAM",
        options={},
    )

import logging
import os

# %% named_logger.ipynb cell 1
LOG = logging.getLogger(__name__)


# %% named_logger.ipynb cell 2
@udf
class H(Handler):
    """Logs, and opens a file."""

    def init(self):
        with open(os.devnull) as nothing:
            self.text = nothing.read()

    def point(self, point):
        LOG.debug("seen %s", point)
        yield point.with_fields(text=self.text)


if __name__ == "__main__":
    from kapnb.script import serve

    serve(
        H,
        # What it answered in the notebook; --check compares.
        check=r"""
> init      {"task_id": "simulate_H", "node_id": "H2"}
< init      {"success": true}
> point     {"name": "m", "fields": {"x": 0.0}}
< point     {"name": "m", "fields": {"text": "", "x": 0.0}}
> point     {"time": 1, "name": "m", "fields": {"x": 1.0}}
< point     {"time": 1, "name": "m", "fields": {"text": "", "x": 1.0}}
> point     {"time": 2, "name": "m", "fields": {"x": 2.0}}
< point     {"time": 2, "name": "m", "fields": {"text": "", "x": 2.0}}
> point     {"time": 3, "name": "m", "fields": {"x": 3.0}}
< point     {"time": 3, "name": "m", "fields": {"text": "", "x": 3.0}}
""",
    )
