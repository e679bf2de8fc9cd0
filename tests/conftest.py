"""Settings of the whole suite: Hypothesis profiles, SIGINT as a terminal has it, slow folders first."""

import os
import signal
from pathlib import Path

from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, max_examples=60)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=150,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "default")

# A shell that starts a command in the background lets it ignore SIGINT, and so do all processes
# that it starts, kernels and agents included.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: Folders whose files take minutes. Two processes share the suite by files (`--dist loadfile`),
#: and what takes long must not come last, when one of them has nothing left to do.
_FIRST = ("exporter", "browser", "conformance")


def pytest_collection_modifyitems(items):
    """Put the slow folders first; what is in them, and the rest, keeps its order."""
    here = Path(__file__).parent
    items.sort(key=lambda item: not {*item.path.parts[len(here.parts) :]}.intersection(_FIRST))
