#!/usr/bin/env python3
# Exported from tag_marker.ipynb by kapnb 0.1.0; edit the notebook instead.
# handler: Counter
# cells: 1, 2
# sha256 of these cells: d55d0c77f8f99eb15c440c8d0747eb2fb05f4720a8c8f8c016a5669b0d1a4e29
"""Counts."""

if __name__ == "__main__":
    from kapnb.agent import claim_stdio

    # From here on only frames reach stdout; what is printed goes to stderr.
    claim_stdio()

from dataclasses import dataclass

from kapnb import Handler


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


if __name__ == "__main__":
    from kapnb.agent import run

    run(Counter)
