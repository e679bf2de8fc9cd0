"""An examination, from the shebang to the exit: which checks there are, in which order."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from kapnb.doctor._data import Feed, made_up, read
from kapnb.doctor._findings import Finding, Report
from kapnb.doctor._limits import Limits
from kapnb.doctor._packages import check_packages
from kapnb.doctor._plan import Plan
from kapnb.doctor._script import check_script
from kapnb.doctor._streams import Stderr
from kapnb.doctor._task import Task, ask_info
from kapnb.errors import KapnbError
from kapnb.model import Batch, InfoResponse, Point, ReceivedOption
from kapnb.simulation import check_options, parse_options

__all__ = ["examine"]


def examine(
    plan: Plan,
    *,
    options: Sequence[str] = (),
    data: str | None = None,
    group_by: Sequence[str] | None = None,
    limits: Limits | None = None,
    tell: Callable[[Finding], None] = lambda _: None,
) -> Report:
    r"""Start a UDF as Kapacitor would, and report what would fail in production.

    Parameters
    ----------
    plan : Plan
        What to start.
    options : sequence of str
        Each ``NAME=VALUE``, as the TICKscript gives them.
    data : str, optional
        Path of what to feed it with; by default points are made up.
    group_by : sequence of str, optional
        Tags to group the data by.
    limits : Limits, optional
        What counts as too much.
    tell : callable, optional
        Given each Finding as it is made.

    Returns
    -------
    Report
        Its `failed` says whether something would fail.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from kapnb.doctor import Limits, plan_target
    >>> folder = tempfile.TemporaryDirectory()
    >>> script = Path(folder.name, "mirror.py")
    >>> _ = script.write_text("from kapnb import Handler\nclass Mirror(Handler): pass\n")
    >>> report = examine(plan_target(str(script)), limits=Limits(points=1000))
    >>> report.failed
    False
    >>> _ = script.write_text("import nowhere\n" + script.read_text())
    >>> report = examine(plan_target(str(script)))
    >>> report.failed
    True
    >>> print(next(found for found in report.findings if found.check == "info").text)
    it reports an error: ModuleNotFoundError: No module named 'nowhere' (in the script, line 1 of
    mirror.py: import nowhere)
    >>> folder.cleanup()
    """
    limits = limits or Limits()
    report, stderr = Report(tell), Stderr()
    report.ok("command", shlex.join(plan.command) + (f" ({plan.why})" if plan.why else ""))
    python = check_script(plan, report)
    check_packages(plan, python, report)
    info = ask_info(plan, limits, stderr, report)
    if info is not None:
        _check_task(plan, info, options, data, group_by, limits, stderr, report)
        if all(finding.check != "stdout" for finding in report.findings):
            report.ok("stdout", "nothing but frames")
    _check_stderr(stderr, limits, report)
    return report


def _check_task(
    plan: Plan,
    info: InfoResponse,
    pairs: Sequence[str],
    data: str | None,
    group_by: Sequence[str] | None,
    limits: Limits,
    stderr: Stderr,
    report: Report,
) -> None:
    try:
        options = check_options(parse_options(pairs, info), info)
    except KapnbError as error:
        report.fail("options", str(error), "correct --option, and the TICKscript likewise")
        return
    try:
        feed = Feed(_items(info, options, data, group_by))
    except KapnbError as error:
        report.fail("data", str(error), "give data that fits with --data")
        return
    Task(plan, info, options, feed, limits, stderr, report, real=data is not None).check()


def _items(
    info: InfoResponse,
    options: Sequence[ReceivedOption],
    data: str | None,
    group_by: Sequence[str] | None,
) -> list[Point | Batch]:
    return made_up(info.wants, options) if data is None else read(data, info.wants, group_by)


def _check_stderr(stderr: Stderr, limits: Limits, report: Report) -> None:
    if stderr.longest > limits.stderr_line_bytes:
        report.fail(
            "stderr",
            f"a line of {stderr.longest} bytes; at {limits.stderr_line_bytes} Kapacitor stops "
            "reading, the pipe fills up, and the UDF blocks",
            "log in shorter lines",
        )
    else:
        report.ok("stderr", f"longest line {stderr.longest} bytes")
