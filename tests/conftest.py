"""Settings of the whole suite: Hypothesis profiles, and SIGINT as a terminal has it."""

import os
import signal

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
