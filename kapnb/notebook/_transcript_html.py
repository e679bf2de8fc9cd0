"""A Transcript as HTML: its lines in fixed columns, and a legend."""

from __future__ import annotations

import html

from kapnb.notebook._html_parts import faint, fixed
from kapnb.simulation import Transcript
from kapnb.simulation._transcript_lines import LEGEND, transcript_lines

__all__ = ["transcript_html"]


def transcript_html(transcript: Transcript, most: int = 40) -> str:
    """Return a Transcript as an HTML fragment.

    Parameters
    ----------
    transcript : Transcript
    most : int, default: 40
        How many messages are shown; of more the middle is left out, with their number.

    Returns
    -------
    str
        One line a message, in fixed columns, and a legend.

    Examples
    --------
    >>> from kapnb import Handler, Point, simulate
    >>> run = simulate(Handler, [Point({"x": 1.5}, time=0, name="m")])
    >>> "1970-01-01T00:00:00Z  m x=1.5" in transcript_html(run.transcript)
    True
    """
    lines = "\n".join(transcript_lines(transcript, most))
    body = fixed(lines) if lines else faint("nothing crossed")
    return f"<div>{faint(html.escape(LEGEND))}{body}</div>"
