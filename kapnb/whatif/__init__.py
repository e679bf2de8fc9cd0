"""What if: the same data with other options, or another version of a Handler.

Runs, numbers, tables, HTML; nothing is drawn here. `kapnb.notebook` draws, and is reached as a
Simulation reaches it.
"""

from kapnb.whatif._compare import compare
from kapnb.whatif._comparison import Comparison, FieldDifference, OutputDifference
from kapnb.whatif._result import Sweep
from kapnb.whatif._rule import Rule
from kapnb.whatif._score import Score
from kapnb.whatif._sweep import sweep
from kapnb.whatif._trial import Trial

__all__ = [
    "Comparison",
    "FieldDifference",
    "OutputDifference",
    "Rule",
    "Score",
    "Sweep",
    "Trial",
    "compare",
    "sweep",
]
