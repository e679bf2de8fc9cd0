"""The state diagrams of docs/protocol.md, drawn from the tables of `kapnb.protocol._states`.

SVG written by hand: four states have fixed places, so nothing has to be laid out and no other
program is needed. Transitions with the same ends are one arrow with the kinds of messages on it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from xml.sax.saxutils import escape

from kapnb.protocol import Kind, State
from kapnb.protocol._states import REQUESTS, RESPONSES

__all__ = ["DIAGRAMS", "diagram", "table"]

Table = dict[State, dict[Kind, State]]

#: Each diagram's name, its table and what it shows.
DIAGRAMS: dict[str, tuple[Table, str]] = {
    "requests": (REQUESTS, "What Kapacitor may send"),
    "responses": (RESPONSES, "What a UDF may send"),
}

#: The middle of each state's box, in pixels.
_PLACES = {
    State.START: (150, 120),
    State.READY: (450, 120),
    State.BATCH: (750, 120),
    State.FAILED: (450, 310),
}
#: Ends between which there is an arrow each way.
_BOTH_WAYS = {(State.READY, State.BATCH), (State.BATCH, State.READY)}
_WIDTH, _HALF_X, _HALF_Y = 900, 66, 26
_MEANINGS = {
    State.START: "before init",
    State.READY: "no batch open",
    State.BATCH: "inside a batch",
    State.FAILED: "an error was said",
}
# One card for light and dark pages: an image does not learn which of them it stands on.
_STYLE = """\
text { font: 14px system-ui, sans-serif; fill: #1b2733; text-anchor: middle }
.small { font-size: 12px; fill: #51606e }
.card { fill: #fbfcfe; stroke: #d5dde6 }
.state { fill: #e4eef8; stroke: #1f5f99; stroke-width: 1.5 }
.failed { fill: #fbe9e2; stroke: #b3491a }
.arrow { fill: none; stroke: #41576b; stroke-width: 1.5; marker-end: url(#head) }
.halo { paint-order: stroke; stroke: #fbfcfe; stroke-width: 5px; stroke-linejoin: round }"""
_HEAD = (
    '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
    'orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="#41576b"/></marker>'
)


def diagram(name: str) -> str:
    """Return one of `DIAGRAMS` as the text of an SVG file."""
    states, title = DIAGRAMS[name]
    arrows = _arrows(states)
    used = [state for state in State if any(state in ends for ends in arrows)]
    height = 410 if State.FAILED in used else 180
    body = [
        f'<rect class="card" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="8"/>',
        f'<path class="arrow" d="M30 {_PLACES[State.START][1]}h54"/>',
        *(line for ends, kinds in arrows.items() for line in _arrow(ends, kinds)),
        *(line for state in used for line in _box(state)),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">'
    )
    parts = [head, f"<title>{escape(title)}</title>", f"<style>{_STYLE}</style>"]
    return "\n".join([*parts, f"<defs>{_HEAD}</defs>", *body, "</svg>", ""])


def table(name: str) -> str:
    """Return one of `DIAGRAMS` as a Markdown table: a row a kind, a column a state."""
    states, _ = DIAGRAMS[name]
    used = [state for state in State if states[state]]
    lines = [f"| | {' | '.join(f'in {state.name}' for state in used)} |"]
    lines.append(f"| --- |{' --- |' * len(used)}")
    for kind in Kind:
        cells = [states[state].get(kind) for state in used]
        if any(cells):
            shown = " | ".join(f"→ {cell.name}" if cell else "" for cell in cells)
            lines.append(f"| {kind.name.lower()} | {shown} |")
    return "\n".join(lines) + "\n"


def _arrows(states: Table) -> dict[tuple[State, State], list[Kind]]:
    """Return the kinds of messages by the states they lead from and to."""
    found: dict[tuple[State, State], list[Kind]] = {}
    for state, row in states.items():
        for kind, after in row.items():
            found.setdefault((state, after), []).append(kind)
    return found


def _box(state: State) -> Iterator[str]:
    x, y = _PLACES[state]
    kind = "state failed" if state is State.FAILED else "state"
    yield (
        f'<rect class="{kind}" x="{x - _HALF_X}" y="{y - _HALF_Y}" width="{2 * _HALF_X}" '
        f'height="{2 * _HALF_Y}" rx="10"/>'
    )
    yield f'<text x="{x}" y="{y - 2}">{state.name}</text>'
    yield f'<text class="small" x="{x}" y="{y + 15}">{_MEANINGS[state]}</text>'


def _arrow(ends: tuple[State, State], kinds: list[Kind]) -> Iterator[str]:
    words = ", ".join(kind.name.lower() for kind in kinds)
    (x, y), (to_x, to_y) = (_PLACES[state] for state in ends)
    if ends[0] is ends[1]:
        yield from _loop(ends[0], words)
    elif to_y != y:  # down to FAILED
        side = (x > to_x) - (x < to_x)
        at = f"{to_x + side * (_HALF_X - 16)} {to_y - _HALF_Y}"
        yield f'<path class="arrow" d="M{x - side * 20} {y + _HALF_Y}L{at}"/>'
        yield from _label((x + to_x) / 2 + side * 15, (y + to_y) / 2, [words])
    else:
        side = 1 if to_x > x else -1
        shift = -11 * side if ends in _BOTH_WAYS else 0
        start, end = x + side * _HALF_X, to_x - side * _HALF_X
        yield f'<path class="arrow" d="M{start} {y + shift}H{end}"/>'
        yield from _label((x + to_x) / 2, y + shift + (-8 if side == 1 else 18), [words])


def _loop(state: State, words: str) -> Iterator[str]:
    """Draw an arrow from a state to itself, above it; below FAILED."""
    x, y = _PLACES[state]
    side = 1 if state is State.FAILED else -1
    edge, bow = y + side * _HALF_Y, y + side * (_HALF_Y + 34)
    yield (
        f'<path class="arrow" d="M{x - 22} {edge}C{x - 40} {bow} {x + 40} {bow} {x + 22} {edge}"/>'
    )
    lines = textwrap.wrap(words, 26)
    first = bow + 12 if side == 1 else bow - 4 - 17 * (len(lines) - 1)
    yield from _label(x, first, lines)


def _label(x: float, y: float, lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f'<text class="halo" x="{x:g}" y="{y + 17 * number:g}">{escape(line)}</text>'
