"""docs/dead-udf.md has a heading for each text that was captured, and for each that kapnb says."""

from __future__ import annotations

import ast
import json
import re

import pytest

from kapnb import TickError
from kapnb.tick import evaluate
from pages import DOCS, ROOT

PAGE = (DOCS / "dead-udf.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^### `(.*)`$", PAGE, re.MULTILINE)
CAPTURED = ROOT / "tests" / "data"
#: What a UDF said in words of its own: no page can know those.
OWN_WORDS = {"explicit ErrorResponse text"}


def heading_of(text):
    """Return the longest heading that is the end of `text`; ``…`` stands for anything."""
    found = [
        heading
        for heading in HEADINGS
        if re.search(f"{'.+'.join(re.escape(part) for part in heading.split('…'))}$", text)
    ]
    return max(found, key=len, default=None)


def what_show_said():
    """The errors of `kapacitor show`, without the word before them and the node's name."""
    failures = json.loads((CAPTURED / "failures.json").read_text(encoding="utf-8"))
    lines = [line for one in failures.values() for line in one.get("show", [])]
    texts = [re.sub(r"^Error: (u2: )?", "", line) for line in lines if line.startswith("Error:")]
    return sorted({text for text in texts if text} - OWN_WORDS)


def what_the_start_said():
    """What a daemon said that did not start; of tracebacks the last line."""
    failures = json.loads((CAPTURED / "failures.json").read_text(encoding="utf-8"))
    lines = [line for one in failures.values() for line in one.get("start", [])]
    texts = [line.replace('\\"', '"').rstrip('"') for line in lines]
    return sorted({text for text in texts if "Error" in text or "failed to" in text})


def what_define_and_enable_said():
    """Whatever they printed about options, edges and names."""
    errors = json.loads((CAPTURED / "option_errors.json").read_text(encoding="utf-8"))
    said = {one["define"][1] for one in errors.values()}
    for one in errors.values():
        _status, text, show = one["enable"] or (0, "", [])
        said |= {text, *(line.removeprefix("Error: ") for line in show if "Error" in line)}
    return sorted(said - {""})


def what_the_log_said():
    """Its messages, the errors in them, crashes, and what `|httpOut` answered; no tracebacks."""
    logs = json.loads((CAPTURED / "failure_logs.json").read_text(encoding="utf-8"))
    lines = {line for one in logs.values() for line in one.get("log", [])}
    said = {one["out"] for one in logs.values() if "out" in one}
    for line in lines:
        message = re.search(r'msg="[^"]+"', line)
        error = re.search(r'(?:err|text)="((?:[^"\\]|\\.)*)"', line)
        if message is None:
            said.add(line)
        elif message[0] != 'msg="UDF log"':
            said |= {message[0], error[1].removeprefix("u2: ")}
        elif error[1].startswith("Traceback"):
            said.add(error[1])
    return sorted(said - OWN_WORDS)


def what_a_script_is_told():
    """Refusals that were not captured, in the words of Kapacitor that kapnb knows."""
    refused = []
    for script, variables in [
        ("stream|from(", {}),
        ("stream|window()", {}),
        ("stream|from().window()", {}),
        ("var x = true", {}),
        ("var x = 1\nvar x = 2", {}),
        ("var x int", {}),
        ("var x int", {"x": "a"}),
    ]:
        with pytest.raises(TickError) as error:
            evaluate(script, variables=variables)
        refused.append(str(error.value))
    return refused


def what_the_supervisor_says():
    """The texts with which it gives up; but one that only a Kapacitor unlike ours would hear."""
    found = []
    for path in sorted((ROOT / "kapnb" / "supervise").glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Hopeless":
                parts = getattr(call.args[0], "values", [call.args[0]])
                found.append("".join(plain(part) for part in parts))
    return sorted(text for text in found if "Kapacitor restored" not in text)


def plain(part):
    """Return a part of an f-string: words as they are, and a letter for what is computed."""
    return part.value if isinstance(part, ast.Constant) else "x"


def what_kapnb_says():
    """The right column of docs/failures.md, which has a test of its own."""
    rows = (DOCS / "failures.md").read_text(encoding="utf-8").splitlines()
    last = [
        row.rstrip(" |").replace("\\|", "¦").rpartition("| ")[2] for row in rows if row[:3] == "| `"
    ]
    texts = [cell.replace("¦", "|") for cell in last if cell.startswith("Error: u2: ")]
    return sorted({text.removeprefix("Error: u2: ") for text in texts})


TEXTS = [
    *what_show_said(),
    *what_the_start_said(),
    *what_define_and_enable_said(),
    *what_the_log_said(),
    *what_a_script_is_told(),
    *what_the_supervisor_says(),
    *what_kapnb_says(),
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_has_a_heading(text):
    """A search for what stands on the screen finds the section."""
    assert heading_of(text) is not None


def test_nothing_was_lost_on_the_way_here():
    """The test above would pass on files that say nothing."""
    assert len(what_show_said()) == 8
    assert len(what_the_start_said()) == 5
    assert len(what_define_and_enable_said()) >= 14
    assert len(what_the_log_said()) >= 18
    assert len(what_the_supervisor_says()) >= 8
    assert len(what_kapnb_says()) >= 10


def test_a_heading_is_no_wildcard():
    """What it says in letters is enough to know the text by; and each stands there once."""
    assert len(HEADINGS) == len(set(HEADINGS))
    assert [heading for heading in HEADINGS if len(heading.replace("…", "")) < 12] == []
    assert heading_of("u2: something that nobody ever said") is None


def test_each_text_says_what_it_means():
    """No heading without an answer below it."""
    sections = re.split(r"^#{2,3} ", PAGE, flags=re.MULTILINE)

    silent = [one for one in sections if one.startswith("`") and "**Means:**" not in one]
    assert silent == []
