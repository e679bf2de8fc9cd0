"""What each node of a task costs, beside a UDF that sends back what it gets.

Times are of one run on one machine: read the last column, which compares with the UDF.
"""

from __future__ import annotations

import argparse
from time import perf_counter

from kapnb import Handler, Point, simulate

#: A piece of a script each; what follows `from` is measured against `from` alone.
PIECES = {
    "from": "",
    "where": '|where(lambda: "x" > 3.0 AND "n" != 7)',
    "eval": "|eval(lambda: \"x\" * 2.0 + 1.0).as('y').keep()",
    "groupBy": "|groupBy('dc')",
    "default": "|default().field('z', 1.0)",
    "window": "|window().period(10s).every(10s)",
    "window, mean": "|window().period(10s).every(10s)|mean('x')",
    "alert": '|alert().crit(lambda: "x" > 96.0).stateChangesOnly()',
    "influxDBOut": "|influxDBOut().database('d')",
    "@mirror": "@mirror()",
}


class Mirror(Handler):
    """Sends back what comes."""

    def point(self, point):
        yield point


def seconds(piece: str, points: list[Point]) -> float:
    """Return how long a script with this piece takes; the best of three."""
    script = f"stream|from().measurement('m').groupBy('host'){piece}"
    handlers = {"mirror": Mirror} if "@" in piece else {}
    best = float("inf")
    for _ in range(3):
        begin = perf_counter()
        simulate(handlers, points, tick=script)
        best = min(best, perf_counter() - begin)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=20_000)
    count = parser.parse_args().points
    points = [
        Point(
            {"x": float(number % 97), "n": number},
            time=number * 10**7,
            name="m",
            tags={"host": "ab"[number % 2], "dc": "x"},
        )
        for number in range(count)
    ]
    found = {name: seconds(piece, points) for name, piece in PIECES.items()}
    base, udf = found["from"], found["@mirror"] - found["from"]
    print(f"{'node':<14} {'µs/point':>9} {'of a UDF':>9}")
    for name, taken in found.items():
        own = taken if name == "from" else taken - base
        print(f"{name:<14} {own / count * 1e6:>9.1f} {own / udf:>9.2f}")


if __name__ == "__main__":
    main()
