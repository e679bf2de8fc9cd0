"""check: the forty cases on one command, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from kapnb.testing._kapacitor import Misbehaved
from kapnb.testing.conformance._case import (
    TABLE,
    Case,
    NotApplicable,
    Report,
    Result,
    Verdict,
)
from kapnb.testing.conformance._play import Play, Target
from kapnb.testing.conformance._roles import Skills
from kapnb.testing.conformance._skills import find_skills

__all__ = ["GRACE_S", "TIMEOUT_S", "check"]

#: Kapacitor's configuration has no default for its timeout; its examples say 10 s, and 3 s is
#: short enough for a test of all cases to end in a minute.
TIMEOUT_S = 3.0
#: Kapacitor sets no limit to a clean stop; this is what an operator bears.
GRACE_S = 10.0
#: Longest quotation of an agent's stderr in a reason, in characters.
_WORDS_MAX = 160


def check(
    command: Sequence[str],
    *,
    numbers: Iterable[int] | None = None,
    socket: str | None = None,
    timeout_s: float = TIMEOUT_S,
    grace_s: float = GRACE_S,
    jobs: int = 2,
    progress: Callable[[Result], None] | None = None,
) -> Report:
    """Judge an agent's command by the conformance cases.

    Parameters
    ----------
    command : sequence of str
        Program and arguments. ``{case}`` in any of them is replaced by the case's name, and
        the process is told the role it must play by the variable KAPNB_CASE_ROLE. Without
        ``{case}`` the same Handler meets every case; those that it does not fit are not
        applicable.
    numbers : iterable of int, optional
        Which cases; by default all.
    socket : str, optional
        Path of the Unix socket on which the command listens; ``{socket}`` in the command is
        replaced by it, and ``{case}`` in it as in the command. Without ``{case}`` in it the
        cases run one after another.
    timeout_s : float, default: 3.0
        The keepalive timeout that Kapacitor would use, in seconds. An answer that takes
        longer fails.
    grace_s : float, default: 10.0
        How long an agent may take to leave, in seconds.
    jobs : int, default: 2
        How many cases run at a time.
    progress : callable, optional
        Called with each Result, in the order of the numbers, as soon as it is known.

    Returns
    -------
    Report
        The Results in the order of their numbers.

    Raises
    ------
    TargetError
        If the command cannot be started.

    Examples
    --------
    >>> report = check(["kapnb", "run", "mirror.py"])  # doctest: +SKIP
    >>> assert not report.failed, report  # doctest: +SKIP
    """
    target = Target(tuple(command), socket, timeout_s, grace_s)
    chosen = [TABLE[number] for number in sorted(TABLE if numbers is None else set(numbers))]
    skills = None if target.plays_roles else _skills(target)
    if socket is not None and "{case}" not in socket:
        jobs = 1
    results: list[Result] = []
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        pending = [pool.submit(_judge, target, case, skills) for case in chosen]
        try:
            for future in pending:
                results.append(future.result())
                if progress is not None:
                    progress(results[-1])
        finally:
            pool.shutdown(cancel_futures=True)
    return Report(tuple(results))


def _skills(target: Target) -> Skills:
    with Play(target, TABLE[12], None) as play:
        return find_skills(play)


def _judge(target: Target, case: Case, skills: Skills | None) -> Result:
    """Play one case."""

    def ended(verdict: Verdict, reason: str = "") -> Result:
        return Result(case.number, case.name, case.title, verdict, reason)

    unfit = case.fits(skills) if skills is not None else None
    if unfit:
        return ended(Verdict.NOT_APPLICABLE, unfit)
    with Play(target, case, skills) as play:
        try:
            case.judge(play)
        except NotApplicable as reason:
            return ended(Verdict.NOT_APPLICABLE, str(reason))
        except Misbehaved as problem:
            declined, words = play.declined(), play.last_words()[:_WORDS_MAX]
            if declined:
                return ended(Verdict.NOT_APPLICABLE, words or "the command declines the role")
            said = f" (last on stderr: {words})" if words else ""
            return ended(Verdict.FAIL, f"{problem}{said}")
    return ended(Verdict.PASS)
