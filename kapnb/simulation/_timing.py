"""How long a run took: kept with every run, and shown only where somebody asks."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Timing"]


@dataclass(frozen=True, repr=False)
class Timing:
    """How long a run took, by the clock on the wall.

    Attributes
    ----------
    seconds : float
        From info to the end of the stream; reading the data and live plots are in it.
    inputs : int
        How many points, or batches, were handled.

    Notes
    -----
    Its text differs from run to run: a cell that shows it does not belong into a notebook that
    is compared, unless tagged ``nbval-ignore-output``.

    Examples
    --------
    >>> Timing(0.5, 40_000)
    Timing(40,000 inputs in 0.5 s, 80,000 a second)
    """

    seconds: float
    inputs: int

    @property
    def rate(self) -> float:
        """Inputs a second."""
        return self.inputs / self.seconds if self.seconds else 0.0

    def __repr__(self) -> str:
        return f"Timing({self.inputs:,} inputs in {self.seconds:.3g} s, {self.rate:,.0f} a second)"
