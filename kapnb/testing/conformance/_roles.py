"""The roles: which Handler a command must play so that a case can be decided.

Each is described so that it can be written in any language; docs/conformance.md carries the
same words, and a test compares the two. A command that plays no roles is whatever it is:
`fits` then says whether a case can judge it all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kapnb.model import BATCH, InfoResponse, ValueType

__all__ = [
    "OPTIONS",
    "ROLES",
    "Role",
    "Skills",
    "anything",
    "batches",
    "declares_options",
    "mirrors",
    "mirrors_batches",
    "nothing_else",
    "starts",
]


@dataclass(frozen=True)
class Skills:
    """What was found out about a command that plays no roles.

    Attributes
    ----------
    info : InfoResponse or None
        What it declares.
    refusal : str
        Why it did not start without options; empty if it did.
    mirrors, mirrors_batches : bool
        Whether a point, or a batch, came back unchanged.
    """

    info: InfoResponse | None = None
    refusal: str = ""
    mirrors: bool = False
    mirrors_batches: bool = False


@dataclass(frozen=True)
class Role:
    """A Handler that a command must play.

    Attributes
    ----------
    name : str
        As in the variable KAPNB_CASE_ROLE.
    edges : str
        What it wants and provides.
    does : str
        What it does, in words that anybody can implement.
    """

    name: str
    edges: str
    does: str


#: A judge of `Skills`: the reason why a case cannot be applied, or None.
Fits = Callable[[Skills], "str | None"]

#: What the role `options` declares.
OPTIONS: dict[str, tuple[ValueType, ...]] = {
    "text": (ValueType.STRING,),
    "count": (ValueType.INT,),
    "ratio": (ValueType.DOUBLE,),
    "on": (ValueType.BOOL,),
    "every": (ValueType.DURATION,),
    "pair": (ValueType.STRING, ValueType.INT),
    "quick": (),
    "watch": (ValueType.STRING,),
}


def anything(skills: Skills) -> str | None:
    """Take any agent."""
    return None


def starts(skills: Skills) -> str | None:
    """Take an agent that starts without options."""
    return f"it does not start without options: {skills.refusal}" if skills.refusal else None


def mirrors(skills: Skills) -> str | None:
    """Take a STREAM → STREAM mirror."""
    if skills.mirrors:
        return None
    return starts(skills) or "it is no mirror of points, and plays no roles by {case}"


def batches(skills: Skills) -> str | None:
    """Take what wants and provides batches."""
    info = skills.info
    if info is None or info.wants is not BATCH or info.provides is not BATCH:
        return "it does not declare BATCH → BATCH, and plays no roles by {case}"
    return starts(skills)


def mirrors_batches(skills: Skills) -> str | None:
    """Take a BATCH → BATCH mirror."""
    if skills.mirrors_batches:
        return None
    return batches(skills) or "it is no mirror of batches, and plays no roles by {case}"


def declares_options(skills: Skills) -> str | None:
    """Take what declares exactly the options of the role `options`."""
    if skills.info is not None and dict(skills.info.options) == OPTIONS:
        return None
    return "it does not declare the options of the role, and plays no roles by {case}"


def nothing_else(skills: Skills) -> str | None:
    """Take nothing but the role."""
    return "it needs a Handler of its own; let the command play it by {case}"


_ROLES = (
    Role("mirror", "STREAM → STREAM", "Sends every point back unchanged. Takes no options."),
    Role(
        "add-field",
        "STREAM → STREAM",
        "Sends every point back with one int field more, `added` = 1, everything else unchanged.",
    ),
    Role(
        "empty-response",
        "STREAM → STREAM",
        "For a point, hands the agent a response in which nothing is set; where the API has no "
        "such thing, the value nearest to it that can be handed over (`None`, an object of "
        "another kind).",
    ),
    Role(
        "print",
        "STREAM → STREAM",
        "For each point, says `case 11 print`, `case 11 write`, `case 11 fd`, `case 11 child`, "
        "each on a line: by the language's print, by a write to its stdout object, by a write "
        "to file descriptor 1, by a child process that inherits stdout; flushes; then sends the "
        "point back. What a language has not is said in one of the other ways.",
    ),
    Role(
        "options",
        "STREAM → STREAM",
        "Declares `text` STRING, `count` INT, `ratio` DOUBLE, `on` BOOL, `every` DURATION, "
        "`pair` STRING INT, `quick` without argument (a flag), `watch` STRING. `text` is "
        "required, `watch` may be repeated, the rest may be missing. Init refuses a missing, "
        "unknown or mistyped option with a text that names it, and else says `init called` on "
        "stderr. Each point is sent back with the fields `text` (string), `count` (int), "
        "`ratio` (double), `on` (bool), `every` (int, nanoseconds), `pair_0` (string), `pair_1` "
        "(int), `quick` (bool), `watch` (string, all values joined by commas), for the options "
        "that were given.",
    ),
    Role(
        "emit-early",
        "STREAM → STREAM",
        "In init emits a point named `early` with the string field `in` = `init`, in restore "
        "one with `in` = `restore`, by whatever the API offers for output out of turn; both "
        "complete in themselves (time 1, no tags). Accepts any snapshot. Sends every point back.",
    ),
    Role(
        "fail-init",
        "STREAM → STREAM",
        "Init raises an exception whose type is called `RoleError` and whose message is "
        "`case 17 failed on purpose`.",
    ),
    Role(
        "slow-point",
        "STREAM → STREAM",
        "Each point takes twice KAPNB_CASE_TIMEOUT seconds, and is then sent back.",
    ),
    Role(
        "hang",
        "STREAM → STREAM",
        "Sends the first point back; the second never returns. KAPNB_BUSY_LIMIT (seconds) is "
        "how long one call may take before the agent stops giving signs of life.",
    ),
    Role(
        "slow-import",
        "STREAM → STREAM",
        "A mirror whose module takes twice KAPNB_CASE_TIMEOUT seconds to load before the "
        "Handler exists.",
    ),
    Role(
        "counter",
        "STREAM → STREAM",
        "Keeps per group, in snapshots too, how many points came and the sum of their double "
        "field `value`. Sends each point back with `seen` (int) and `total` (double), this "
        "point included. Takes an option `step` INT, default 1: what `seen` grows by.",
    ),
    Role(
        "batch-counter",
        "BATCH → BATCH",
        "Keeps per group, in snapshots too, how many points came in all batches. Sends each "
        "batch back with the int field `seen` in each point, this point included. A snapshot "
        "asked for inside a batch is the state before it.",
    ),
    Role(
        "retype",
        "STREAM → STREAM",
        "Sets the field `value` of each point to the int 1, the double 2.5, the string `three` "
        "and the bool true, in that order but for the type that the string field `last` names "
        "(`int`, `double`, `string`, `bool`), which comes last; sends the point back.",
    ),
    Role(
        "square",
        "STREAM → STREAM",
        "Reads the double field `x` of each point and sends it back with two double fields "
        "more: `square` = x*x and `rest` = x*x - x*x. For a large x they are infinite and not a "
        "number. Does not look whether `x` is there, or of which type.",
    ),
    Role(
        "repeat",
        "STREAM → STREAM",
        "Sends each point back as often as its int field `times` says, the i-th time with the "
        "int field `copy` = i, from 0; does not flush by itself.",
    ),
    Role(
        "scratch",
        "STREAM → STREAM",
        "For each point sends a new one, made from scratch, with the double field `made` = 1.0. "
        "What the API fills in by itself is left to it; else time and name are set, and the "
        "group, but neither tags nor dimensions.",
    ),
    Role(
        "emit-threads",
        "BATCH → BATCH",
        "Sends each batch back. From the first batch on, 4 threads emit 25 batches each, by "
        "whatever the API offers for output out of turn: named `emitted`, tag `thread` = `0` … "
        "`3`, tmax = number of the batch from 0, 3 points each with the int field `n` = 0, 1, 2 "
        "and the batch's tags. They end by themselves.",
    ),
    Role(
        "batch-filter",
        "BATCH → BATCH",
        "Sends each batch back with only those points whose bool field `keep` is true.",
    ),
    Role(
        "batch-fail",
        "BATCH → BATCH",
        "Sends each batch back. For a point whose bool field `fail` is true, raises an "
        "exception of type `RoleError`.",
    ),
    Role(
        "batch-count",
        "BATCH → STREAM",
        "For each batch sends one point with the int field `count`, how many points it had. "
        "What the API fills in by itself is left to it; else time = tmax, name, tags and "
        "dimensions are set as for any good answer.",
    ),
    Role(
        "window",
        "STREAM → BATCH",
        "Gathers points by group, and sends each 3 of a group as a batch with the group's name "
        "and tags, the points unchanged. At the end of the input, groups that have fewer than "
        "3 go out as batches, or not at all.",
    ),
    Role(
        "threads-alive",
        "STREAM → STREAM",
        "A mirror that starts, in init, a thread which never ends and which the language would "
        "wait for at exit (in Python: not a daemon thread).",
    ),
)

#: Name → role.
ROLES = {role.name: role for role in _ROLES}
