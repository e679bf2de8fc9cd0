"""Fuzzing without end, steered by coverage: an atheris target.

    pip install atheris
    python tests/fuzz/fuzz_agent.py -max_len=65536 build/corpus tests/data/transcripts

libFuzzer keeps what it finds in the first folder; whatever raises ends the run and is written
to a file named crash-…, which as an argument is run again. atheris has wheels for CPython on
Linux; for anything else, KAPNB_FUZZ_BYTES=1000000000 pytest tests/fuzz goes on long enough.
"""

from __future__ import annotations

import sys

from survival import BatchReader, Reader, decode, serve

#: Sizes of the reads, chosen by the first byte.
_SIZES = (1, 2, 7, 64, 1000, 1 << 20)


def one_input(data: bytes) -> None:
    """Feed one input to a Connection and to Agents; raise if one of them misbehaves."""
    if not data:
        return
    size, rest = _SIZES[data[0] % len(_SIZES)], data[1:]
    parts = [rest[at : at + size] for at in range(0, len(rest), size)]
    decode(parts)
    for handler in (Reader, BatchReader):
        serve(handler, parts)


def main() -> int:
    """Run atheris with the arguments of libFuzzer."""
    try:
        import atheris
    except ImportError:
        print("this needs atheris: pip install atheris", file=sys.stderr)
        return 1
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
