"""Whether a script runs on the Python that it was proven with.

The script itself names a version only if one was asked for at export (``--python``), since its
bytes must not hang on where it was proven; else the sidecar that lies beside it knows.
"""

from __future__ import annotations

import os
import re
import sys

__all__ = ["proven_with", "warn_if_other"]

_NAMED = re.compile(r'# python = "(\d+\.\d+)"$')


def proven_with(script: str) -> str | None:
    """Return the minor version that a script was proven with, such as ``3.12``.

    Parameters
    ----------
    script : str
        Its path.

    Returns
    -------
    str or None
        None if neither the script nor ``NAME.validation.json`` beside it says so.
    """
    try:
        with open(script, encoding="utf-8") as lines:
            for line in lines:
                if not line.startswith("#"):  # the block at the top has ended
                    break
                named = _NAMED.match(line.rstrip())
                if named:
                    return named[1]
        with open(f"{os.path.splitext(script)[0]}.validation.json", "rb") as sidecar:
            content = sidecar.read()
    except (OSError, ValueError):  # it stands in an archive, or nothing lies beside it
        return None
    import json

    try:
        version = json.loads(content)["python"]["version"]
    except (ValueError, TypeError, KeyError):  # not proven, or some other tool's
        return None
    return ".".join(str(version).split(".")[:2])


def warn_if_other(script: str) -> None:
    """Write one line to stderr if this Python is not of the version that a script was proven with.

    Parameters
    ----------
    script : str
        Its path.
    """
    proven, here = proven_with(script), "{}.{}".format(*sys.version_info)
    if proven is not None and proven != here:
        print(
            f"kapnb: {os.path.basename(script)} was proven with Python {proven} and runs on "
            f"{here}: answers may differ, if only in the last digits of a sum; "
            f"`kapnb export --python {here}` proves it for this one",
            file=sys.stderr,
        )
