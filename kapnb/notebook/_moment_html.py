"""A moment of a run as HTML: the event, the state as a diff, and what came of it.

Plain strings from the standard library. The same moment gives the same text, because notebook
tests compare it. Colours are inherited, or translucent, so that it reads on a light page and on
a dark one; that a value was or is there is told by signs, too.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kapnb.model import Batch, format_time
from kapnb.timemachine import ABSENT
from kapnb.timemachine._shown import shown

if TYPE_CHECKING:
    from kapnb.model import Point
    from kapnb.timemachine import Change, Moment

__all__ = ["moment_html"]

_FAINT = "opacity:.7"
_TABLE = "border-collapse:collapse;margin:.3em 0"
_INNER = "border-collapse:collapse;margin:0"
_CELL = "text-align:left;vertical-align:top;padding:.15em .6em"
_LINE = "border-top:1px solid rgba(128,128,128,.25)"
#: Vermilion and blue of the palette for the colour-blind that plots use.
_WAS = "background:rgba(213,94,0,.16);font-family:monospace;white-space:pre-wrap"
_IS = "background:rgba(0,114,178,.16);font-family:monospace;white-space:pre-wrap"
_CODE = "font-family:monospace;white-space:pre-wrap"
_MARKED = "border-left:3px solid #d55e00;padding-left:.6em;margin:.4em 0"
_CHANGES_MAX = 30
_OUTPUTS_MAX = 10
_LONG = 600


def moment_html(moment: Moment) -> str:
    """Return a moment as an HTML fragment.

    Parameters
    ----------
    moment : Moment

    Returns
    -------
    str
        One element of the class ``kapnb-moment``; in it one of the class ``kapnb-position``.

    Examples
    --------
    >>> from kapnb import Handler, Point, simulate
    >>> run = simulate(Handler, [Point({"x": 1.5}, time=0, name="m")])
    >>> 'class="kapnb-position"' in moment_html(run.travel().moment)
    True
    """
    parts = [
        _position(moment),
        *(f"<div style='{_MARKED}'><b>doubtful</b> {_text(text)}</div>" for text in moment.doubts),
        _failure(moment),
        f"<table style='{_TABLE}'><tbody>{_rows(moment)}</tbody></table>",
        _constants(moment.constants),
    ]
    return f'<div class="kapnb-moment">{"".join(parts)}</div>'


def _position(moment: Moment) -> str:
    """Return where this is, as text and as a mark on a line."""
    share = moment.position / max(moment.count - 1, 1)
    group = f" · group <code>{_text(moment.group)}</code>" if moment.group else ""
    line = (
        "<div style='height:4px;max-width:40em;background:rgba(128,128,128,.25);margin:.3em 0'>"
        f"<div style='height:4px;width:{share:.2%};background:#0072b2'></div></div>"
    )
    where = f"input {moment.position} of 0…{moment.count - 1}"
    return (
        f'<div class="kapnb-position"><b>{where}</b> · {format_time(moment.time)}{group}</div>'
        f"{line}"
    )


def _failure(moment: Moment) -> str:
    if moment.interrupted:
        return f"<div style='{_MARKED}'><b>interrupted here</b></div>"
    if moment.error is None:
        return ""
    # A message may be long; it is what the reader came for, so it is never cut.
    name = type(moment.error).__name__
    return f"<div style='{_MARKED}'><b>{name}</b> {html.escape(str(moment.error))}</div>"


def _rows(moment: Moment) -> str:
    outputs = [_code(_item(item)) for item in moment.outputs[:_OUTPUTS_MAX]]
    if len(moment.outputs) > _OUTPUTS_MAX:
        outputs.append(_text(f"and {len(moment.outputs) - _OUTPUTS_MAX} more"))
    rows = [("input", _code(_item(moment.input))), ("changed", _changed(moment.changes))]
    if moment.after is not None:
        rows.append(("state", _code(shown(moment.after, _LONG))))
    rows.append(("sent", "<br>".join(outputs) or f"<span style='{_FAINT}'>nothing</span>"))
    if moment.logs:
        rows.append(("said", "<br>".join(map(_code, moment.logs))))
    if moment.locals:
        variables = ((name, "=", _code(text)) for name, text in moment.locals.items())
        rows.append(("variables", _table(variables)))
    return "".join(
        f"<tr style='{_LINE}'><th style='{_CELL};{_FAINT};font-weight:normal'>{name}</th>"
        f"<td style='{_CELL}'>{content}</td></tr>"
        for name, content in rows
    )


def _changed(changes: Sequence[Change]) -> str:
    if not changes:
        return f"<span style='{_FAINT}'>nothing</span>"
    cells = (
        f"<tr><td style='{_CELL};{_CODE}'>{_text(change.path)}</td>"
        f"<td style='{_CELL};{_WAS}'>{_value('-', change.before)}</td>"
        f"<td style='{_CELL};{_IS}'>{_value('+', change.after)}</td></tr>"
        for change in changes[:_CHANGES_MAX]
    )
    rest = len(changes) - _CHANGES_MAX
    more = f"<div style='{_FAINT}'>and {rest} more, in .changes</div>" if rest > 0 else ""
    return f"<table style='{_INNER}'><tbody>{''.join(cells)}</tbody></table>{more}"


def _value(sign: str, value: Any) -> str:
    return "" if value is ABSENT else f"{sign} {_text(shown(value))}"


def _item(item: Point | Batch) -> str:
    """Return a Point or Batch in a line; the points of a short batch with it."""
    if not isinstance(item, Batch):
        return shown(item, _LONG)
    lines = [shown(item, _LONG), *(shown(point, _LONG) for point in item.points[:_OUTPUTS_MAX])]
    if len(item.points) > _OUTPUTS_MAX:
        lines.append(f"and {len(item.points) - _OUTPUTS_MAX} more points")
    return "\n  ".join(lines)


def _table(rows: Iterable[tuple[str, str, str]]) -> str:
    body = "".join(
        f"<tr><td style='{_CELL};{_CODE}'>{_text(name)}</td><td style='{_CELL}'>{sign}</td>"
        f"<td style='{_CELL}'>{content}</td></tr>"
        for name, sign, content in rows
    )
    return f"<table style='{_INNER}'><tbody>{body}</tbody></table>"


def _constants(classes: Sequence[str]) -> str:
    if not classes:
        return ""
    return f"<div style='{_FAINT}'>taken for constant: {_text(', '.join(classes))}</div>"


def _code(text: str) -> str:
    return f"<span style='{_CODE}'>{_text(text)}</span>"


def _text(text: str) -> str:
    return html.escape(text)
