"""Make the pictures of docs/notebook.md, from runs: `python docs/images/plots.py`."""

from __future__ import annotations

import math
import random
import time
from pathlib import Path

from kapnb import Handler, Point, simulate
from kapnb.notebook import plot_latency, plot_state

HERE = Path(__file__).parent


class Mean(Handler):
    """The mistake: it keeps all values, where the last few would do."""

    def group_state(self) -> list[float]:
        """Return what a group starts with."""
        return []

    def point(self, point, state):  # noqa: ANN001, ANN201  # as people write them
        """Send the mean of the last fifty."""
        state.append(point.fields["x"])
        if len(state) % 150 == 0:
            time.sleep(0.002)  # a look into a database, say
        last = state[-50:]
        yield point.with_fields(mean=sum(last) / len(last))


def main() -> None:
    """Write both pictures."""
    chance = random.Random(0)  # noqa: S311
    points = [
        Point(
            {"x": math.sin(number / 40) + chance.gauss(0, 0.1)},
            time=number * 10**9,
            name="m",
            # Groups of different weight, so that their lines stand apart.
            tags={"host": f"h{int(5 * chance.random() ** 2)}"},
        )
        for number in range(4000)
    ]
    run = simulate(Mean, points, group_by="host")
    for name, plot in (("state", plot_state), ("latency", plot_latency)):
        plot(run).figure.savefig(HERE / f"{name}.png", metadata={"Software": None})


if __name__ == "__main__":
    main()
