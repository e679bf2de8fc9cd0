"""The forty conformance cases, as a kit that judges any agent's command.

A case is a function in `_framing`, `_management`, `_state`, `_stream`, `_batch` or `_end`; a
role, what the command must play for it, is a row in `_roles`. Cases judge by what can be
observed: frames, words on stderr, exit status, time. They never ask how an agent is made.
"""

from kapnb.testing.conformance import _batch, _end, _framing, _management, _state, _stream
from kapnb.testing.conformance._case import TABLE, Case, Report, Result, Verdict
from kapnb.testing.conformance._check import GRACE_S, TIMEOUT_S, check
from kapnb.testing.conformance._roles import OPTIONS, ROLES, Role

__all__ = [
    "CASES",
    "GRACE_S",
    "OPTIONS",
    "ROLES",
    "TIMEOUT_S",
    "Case",
    "Report",
    "Result",
    "Role",
    "Verdict",
    "check",
]

#: Modules that enter their cases into the table by being imported.
_MODULES = (_framing, _management, _state, _stream, _batch, _end)

#: Number → case, in the order of the numbers.
CASES = dict(sorted(TABLE.items()))
