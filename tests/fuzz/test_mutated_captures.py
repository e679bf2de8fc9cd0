"""Ten million bytes of damaged captures: events or RemoteProtocolError, in bounded memory.

KAPNB_FUZZ_BYTES makes it more or less, KAPNB_FUZZ_SEED makes it others; what is run by
default is the same every time.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from mutants import captures, framed, mutants, pieces
from survival import AT_ALL, PER_BYTE, BatchReader, Reader, decode, memory_of, serve

BYTES = int(os.environ.get("KAPNB_FUZZ_BYTES", "10000000"))
SEED = int(os.environ.get("KAPNB_FUZZ_SEED", "0"))
#: Examples a round; each is of a few thousand bytes.
ROUND = 500


def fuzz(budget, check):
    """Call `check` with pieces of damaged captures until so many bytes were fed."""
    fed, number = 0, SEED

    @settings(
        max_examples=ROUND,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def one_round(data):
        nonlocal fed
        parts = data.draw(mutants().flatmap(pieces))
        fed += sum(map(len, parts))
        check(parts)

    while fed < budget:
        seed(number)(one_round)()
        number += 1


def test_a_connection_gives_events_or_a_remote_error():
    """Whatever the damage, and wherever the reads are cut."""
    fuzz(BYTES // 2, decode)


@pytest.mark.parametrize("handler", [Reader, BatchReader])
def test_an_agent_answers_and_never_raises(handler):
    """An error is one ErrorResponse, the last word but for nothing."""
    fuzz(BYTES // 4, lambda parts: serve(handler, parts))


def test_memory_follows_the_bytes_that_came():
    """Not the lengths that they announce."""
    serve(Reader, [])  # what is built once

    def check(parts):
        size = sum(map(len, parts))
        assert memory_of(decode, parts) < AT_ALL + PER_BYTE * size
        assert memory_of(serve, Reader, parts) < AT_ALL + PER_BYTE * size

    fuzz(BYTES // 50, check)


def test_the_mutants_are_near_enough_to_get_somewhere():
    """Fuzzing that dies at the first frame would show nothing."""
    counts = []

    fuzz(BYTES // 50, lambda parts: counts.append(decode(parts)))

    assert max(counts) > 100
    assert sum(count > 20 for count in counts) > len(counts) / 20


def test_undamaged_captures_are_served_to_their_end():
    """The base of all mutants is what works."""
    for capture in (*captures(True), *captures(False)):
        assert decode([b"".join(map(framed, capture.bodies))]) == len(capture.bodies) + 1
