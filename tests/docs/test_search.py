"""The site's search, in a Chromium: a text that Kapacitor printed leads to its heading."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import pytest

from pages import DOCS

HEADINGS = re.findall(
    r"^### `(.*)`$", (DOCS / "dead-udf.md").read_text(encoding="utf-8"), re.MULTILINE
)
#: What Sphinx's script offers to ours. The others found a page, and one heading.
PAGE = """\
<!doctype html><meta charset="utf-8"><pre></pre>
<script>%(script)s</script>
<script>
const SearchResultKind = {title: "title"};
const others = [
  ["docs/other", "Other", "", null, 1, "other.html", "text"],
  ["docs/dead-udf", "Dead > " + %(headings)s[0], "#0", null, 2, "dead.html", "title"],
];
const Search = {
  _index: {
    docnames: ["docs/other", "docs/dead-udf"], filenames: ["other.html", "dead.html"],
    titles: ["Other", "Dead"],
    alltitles: Object.fromEntries([["Dead", [[1, null]]], ["Other", [[0, null]]],
      ...%(headings)s.map((heading, number) => [heading, [[1, String(number)]]])]),
  },
  _performSearch: () => others,
};
</script>
<script>
document.addEventListener("DOMContentLoaded", () => {
  const found = %(queries)s.map((query) =>
    Search._performSearch(query, new Set()).map((one) => one[0] + one[2]).reverse());
  document.querySelector("pre").textContent = JSON.stringify(found);
});
</script>
"""
#: A query, and the heading that stands first.
QUERIES = {
    "broken pipe": "write error: write |1: broken pipe",
    "keepalive timeout": "keepalive timedout, last keepalive received was: …",
    "keepalive timedout, last keepalive received was: 2026-11-21 22:38:46.65 +0000 UTC": (
        "keepalive timedout, last keepalive received was: …"
    ),
    "read error: unexpected EOF": "read error: unexpected EOF, expected … more bytes",
    'failed to load process info for \\"u\\": write error: write |1: broken pipe': (
        'failed to load process info for "…": write error: write |1: broken pipe'
    ),
    "line 4 char 6: unexpected arg to i, got DOUBLE expected INT": (
        "unexpected arg to …, got … expected …"
    ),
    'Error: u2: KeyError: "x" (in Mean.point, line 7 of mean.py: v = point.fields["x"])': (
        "…: … (in …, line … of …: …)"
    ),
    "mismatched edges": "cannot add child mismatched edges: … -> …",
}
#: Queries that mean no such text.
OTHERS = ["error", "moving average", "simulate", ""]


@pytest.mark.browser
def test_a_text_of_kapacitor_is_found_first(tmp_path):
    """Pasted as it stands, or by a few words; what means none gives what Sphinx found."""
    found = searched(tmp_path, [*QUERIES, *OTHERS])

    best = [HEADINGS[int(one[0].partition("#")[2])] for one in found[: len(QUERIES)]]
    assert dict(zip(QUERIES, best, strict=True)) == QUERIES
    assert found[len(QUERIES) :] == [["docs/dead-udf#0", "docs/other"]] * len(OTHERS)


@pytest.mark.browser
def test_a_heading_is_shown_once(tmp_path):
    """Also where Sphinx has found it, too; its other results stay."""
    (found,) = searched(tmp_path, [HEADINGS[0]])

    assert found.count("docs/dead-udf#0") == 1
    assert found[0] == "docs/dead-udf#0"
    assert found[-1] == "docs/other"


def searched(folder, queries):
    """Return what each query finds, the best first: a page and an anchor each."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not there; on Debian: apt-get install chromium")
    script = (DOCS / "_static" / "texts.js").read_text(encoding="utf-8")
    parts = {"headings": json.dumps(HEADINGS), "queries": json.dumps(queries)}
    page = folder / "search.html"
    page.write_text(PAGE % {"script": script, **parts}, encoding="utf-8")
    # A profile of its own: browsers of other tests may run meanwhile.
    switches = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
    done = subprocess.run(
        [program, *switches, "--dump-dom", page.as_uri()],
        capture_output=True,
        check=True,
        text=True,
    )
    shown = re.search(r"<pre>(.+)</pre>", done.stdout)
    assert shown is not None, done.stderr
    return json.loads(html.unescape(shown[1]))
