"""Whether a notebook still says the truth: nbval's comparison, and the export's proof.

`check` gives the cases of one notebook, `junit` writes those of several as JUnit's XML.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from kapnb.errors import ExportError, KapnbError, MissingExtra
from kapnb_exporter._export import export
from kapnb_exporter._notebook import Notebook, read_notebook
from kapnb_exporter._request import Request
from kapnb_exporter._select import find_handlers
from kapnb_exporter._verify import Row

__all__ = ["Case", "check", "junit"]

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CELL = re.compile(r"Cell (\d+)$")
#: pytest's exit status for tests that failed, and for a notebook without code.
_FAILED, _EMPTY = 1, 5


@dataclass(frozen=True)
class Case:
    """One thing that was checked.

    Attributes
    ----------
    name : str
        Such as ``cell 5`` or ``export MovingAverage: info``.
    verdict : {"ok", "failed", "skipped"}
        What came of it.
    detail : str
        What was found.
    seconds : float
        How long it took, where that is known.
    """

    name: str
    verdict: str
    detail: str = ""
    seconds: float = 0.0


def check(
    notebook: Path, request: Request, tell: Callable[[str], None] = lambda _: None
) -> Iterator[Case]:
    """Yield what a fresh run of a notebook, and an export that is thrown away, show.

    Parameters
    ----------
    notebook : Path
        The notebook; it is not changed.
    request : Request
        How scripts are proven. Without a Handler's name every marked one is exported.
    tell : callable, optional
        Takes a sentence about each step.

    Raises
    ------
    ExportError
        If the notebook cannot be read, or nbval does not run.
    MissingExtra
        If nbval is not installed.
    """
    read = read_notebook(notebook)
    tell(f"{read.name}: comparing what is saved with a fresh run")
    yield from _compared(read)
    try:
        names = [request.handler] if request.handler else [m.name for m in find_handlers(read)]
    except ExportError as error:
        # Not every notebook of a project has a Handler; one that marks it wrongly has.
        no_mark = error.code == "KN101" and error.where == read.name
        yield Case("export", "skipped" if no_mark else "failed", str(error))
        return
    for name in names:
        yield from _exported(notebook, replace(request, handler=name), tell)


def _exported(notebook: Path, request: Request, tell: Callable[[str], None]) -> Iterator[Case]:
    title = f"export {request.handler}"
    rows: list[Row] = []
    with TemporaryDirectory(prefix="kapnb-check-") as folder:
        try:
            export(notebook, Path(folder), request, tell=tell, show=rows.append)
        except KapnbError as error:
            yield from (_case(title, row) for row in rows)
            yield Case(title, "failed", str(error))
            return
    yield from (_case(title, row) for row in rows)


def _case(title: str, row: Row) -> Case:
    return Case(f"{title}: {row.check}", "ok" if row.verdict == "ok" else "skipped", row.detail)


# ------------------------------------------------------------------------------------ nbval


def _compared(notebook: Notebook) -> Iterator[Case]:
    """Run nbval in a process of its own, so that no other plugin or configuration has a say."""
    for module in ("pytest", "nbval"):
        if importlib.util.find_spec(module) is None:
            raise MissingExtra("test", "comparing a notebook with a fresh run", module)
    path = notebook.path.resolve()
    with TemporaryDirectory(prefix="kapnb-nbval-") as temporary:
        report = Path(temporary, "report.xml")
        ini = Path(temporary, "pytest.ini")
        ini.write_text("[pytest]\n", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q"]
        command += [
            "-c",
            str(ini),
            "--rootdir",
            str(path.parent),
            "-p",
            "no:cacheprovider",
            "--noconftest",
        ]
        command += [f"--junitxml={report}", str(path)]
        done = subprocess.run(  # noqa: S603  # our own command
            command, cwd=path.parent, capture_output=True, text=True, check=False
        )
        if done.returncode not in (0, _FAILED, _EMPTY) or not report.exists():
            said = (done.stderr or done.stdout).strip()
            raise ExportError(f"nbval does not run: {said}", where=notebook.name)
        tree = ET.parse(report).getroot()  # noqa: S314  # pytest has just written it
    yield from _cases_of(tree, notebook)


def _cases_of(tree: ET.Element, notebook: Notebook) -> Iterator[Case]:
    """Yield the cells, by their number on the page; nbval counts those with code."""
    items = [(item, _CELL.search(item.get("name", ""))) for item in tree.iter("testcase")]
    first = min((int(found[1]) for _, found in items if found), default=0)
    for item, found in items:
        name = item.get("name", "")
        if found:
            name = f"cell {notebook.cells[int(found[1]) - first].number}"
        seconds = float(item.get("time", "0"))
        bad = item.find("failure") if item.find("failure") is not None else item.find("error")
        skipped = item.find("skipped")
        if bad is not None:
            yield Case(name, "failed", _text(bad.text or bad.get("message")), seconds)
        elif skipped is not None:
            yield Case(name, "skipped", _text(skipped.get("message")), seconds)
        else:
            yield Case(name, "ok", "", seconds)


def _text(text: str | None) -> str:
    # pytest writes what XML cannot hold as #x1B.
    return _COLOUR.sub("", (text or "").replace("#x1B", "\x1b")).strip()


# ------------------------------------------------------------------------------------ JUnit


def junit(cases: Mapping[str, Iterable[Case]]) -> str:
    """Return what was checked as JUnit's XML, a suite for each notebook.

    Examples
    --------
    >>> print(junit({"pump.ipynb": [Case("cell 2", "failed", "1 is not 2")]}))
    <?xml version='1.0' encoding='utf-8'?>
    <testsuites>
      <testsuite name="pump.ipynb" tests="1" failures="1" errors="0" skipped="0" time="0.000">
        <testcase classname="pump.ipynb" name="cell 2" time="0.000">
          <failure message="1 is not 2">1 is not 2</failure>
        </testcase>
      </testsuite>
    </testsuites>
    """
    root = ET.Element("testsuites")
    for notebook, found in cases.items():
        all_of_it = list(found)
        verdicts = [case.verdict for case in all_of_it]
        counts = {
            "tests": len(verdicts),
            "failures": verdicts.count("failed"),
            "errors": 0,
            "skipped": verdicts.count("skipped"),
            "time": f"{sum(case.seconds for case in all_of_it):.3f}",
        }
        suite = ET.SubElement(root, "testsuite", name=notebook)
        suite.attrib.update({key: str(value) for key, value in counts.items()})
        for case in all_of_it:
            _add(suite, notebook, case)
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text.decode()


def _add(suite: ET.Element, notebook: str, case: Case) -> None:
    names = {"classname": notebook, "name": case.name, "time": f"{case.seconds:.3f}"}
    item = ET.SubElement(suite, "testcase", names)
    if case.verdict == "ok":
        return
    kind = "failure" if case.verdict == "failed" else "skipped"
    text = "".join(char if _is_xml(char) else "\N{REPLACEMENT CHARACTER}" for char in case.detail)
    told = ET.SubElement(item, kind, message=text.partition("\n")[0])
    told.text = text


def _is_xml(char: str) -> bool:
    """Whether XML 1.0 can hold it."""
    return char in "\t\n\r" or (
        char >= " " and not "\ud800" <= char <= "\udfff" and char < "\ufffe"
    )
