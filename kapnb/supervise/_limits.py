"""What a front process may use up: buffers, time, restarts. Values only."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """What a supervisor may use up before it slows down, gives up, or kills.

    Parameters
    ----------
    snapshot_every : int, default: 10,000
        Points after which a snapshot is taken. More are let pass if the last snapshot was
        larger than their bytes, so that snapshots of a large state do not eat the time.
    snapshot_after_s : float, default: 10
        Seconds after which one is taken of whatever has come since the last.
    buffer_points : int, default: 100,000
        Points kept for a replay. Beyond it nothing is read from Kapacitor until a snapshot
        has made them superfluous. A single batch may be larger.
    buffer_bytes : int, default: 256 MiB
        The same in bytes, of inputs and of the outputs they are checked against.
    busy_limit_s : float, default: 60
        Seconds of silence after which the Handler process counts as hung and is killed.
    max_stuck : int, default: 50
        Restarts in a row that are borne though the task comes no further.
    max_restarts : int, default: 100
        Restarts within `restart_period_s` that are borne, however far it comes.
    restart_period_s : float, default: 60
        In seconds.
    same_input : int, default: 3
        How often in a row one input may end the process; at least 2.
    grace_s : float, default: 5
        Seconds that the process is given to leave once it has been asked to.

    Raises
    ------
    ValueError
        If a value makes no sense.
    """

    snapshot_every: int = 10_000
    snapshot_after_s: float = 10.0
    buffer_points: int = 100_000
    buffer_bytes: int = 256 * 1024 * 1024
    busy_limit_s: float = 60.0
    max_stuck: int = 50
    max_restarts: int = 100
    restart_period_s: float = 60.0
    same_input: int = 3
    grace_s: float = 5.0

    def __post_init__(self) -> None:
        least = {"snapshot_every": 1, "buffer_points": 1, "buffer_bytes": 1, "same_input": 2}
        for name, value in vars(self).items():
            if not value >= least.get(name, 0):  # also NaN
                raise ValueError(f"{name} must be at least {least.get(name, 0)}, not {value}")
