"""The site's tree and its reference: nothing is lost, nothing is written down twice."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
import sys
from enum import Enum

import pytest

from pages import DOCS, ROOT
from sitekit import messages, offline, public, reference
from sitekit.offline import loaded_from_elsewhere
from sitekit.tree import grown, sections

INDEX = (DOCS / "index.md").read_text(encoding="utf-8")
PAGES = {
    str(path.relative_to(ROOT).with_suffix(""))
    for pattern in ("docs/**/*.md", "notebooks/*.ipynb", "*.md")
    for path in ROOT.glob(pattern)
}
NAMES = [name for module in public.public_modules() for name in public.names_of(module)]


# ---------------------------------------------------------------------------------- tree


def test_every_page_stands_in_one_part_of_the_tree():
    """But the index, the README, and the decisions, which have a list of their own."""
    parts = sections(INDEX, PAGES, "docs")

    listed = [page for names in parts.values() for page in names]
    apart = {page for page in PAGES if page.startswith("docs/decisions/0")}
    assert len(listed) == len(set(listed))
    assert set(listed) == PAGES - apart - {"docs/index", "README"}


def test_all_notebooks_are_tutorials():
    """In the order of their numbers, whoever adds one."""
    added = PAGES | {"notebooks/99_later"}

    tutorials = sections(INDEX, added, "docs")["Tutorials"]

    assert tutorials == sorted(page for page in added if page.startswith("notebooks/"))
    assert "- [](/notebooks/99_later.ipynb)" in grown(INDEX, added, "docs")


def test_a_page_that_no_list_names_is_in_the_last_part():
    """So that none is lost; one that a pattern waits for goes to its part."""
    parts = sections(INDEX, PAGES | {"docs/strange", "docs/live"}, "docs")

    assert parts[list(parts)[-1]][-1] == "docs/strange"
    assert "docs/live" in parts["In the notebook"]


# ----------------------------------------------------------------------------- reference


@pytest.mark.parametrize("module", public.public_modules())
def test_public_names_are_documented(module):
    """A docstring of its own, or for a constant a comment that begins with `#:`."""
    assert [name.path for name in public.names_of(module) if not words_of(name)] == []


def test_members_of_enumerations_say_what_they_mean():
    """With a comment each; else the reference shows a bare name."""
    enums = {name.value for name in NAMES if name.kind == "class" and issubclass(name.value, Enum)}

    assert len(enums) > 5
    for one in enums:
        source = inspect.getsource(one)
        silent = [m.name for m in one if not re.search(rf"#: .+\n    {m.name} =", source)]
        assert silent == [], one


def words_of(name):
    """Return what the reference says of a name; nothing of what a class inherits."""
    if name.kind == "data":
        return public.comment_of(name)
    return vars(name.value).get("__doc__") if isinstance(name.value, type) else name.value.__doc__


def test_every_public_name_stands_in_the_reference_once():
    """On the page of its home; other pages that offer it lead there."""
    pages = reference.pages()
    directives = [
        directive
        for page in pages.values()
        for directive in re.findall(r"^\.\. (?:auto\w+::|py:data::) (\S+)", page, re.MULTILINE)
    ]

    for name in NAMES:
        if name.kind == "module":
            assert f":py:mod:`{name.value.__name__}`" in pages[name.module]
        elif name.home != name.path:
            assert f":py:obj:`{name.home}`" in pages[name.module]
        else:
            own = name.name if name.kind == "data" else name.path
            assert f" {own}\n" in pages[name.module]
    assert len(directives) == len(set(directives)) + len(doubles(directives))


def doubles(directives):
    """Constants stand under their bare names: two modules may have one each."""
    bare = [directive for directive in directives if "." not in directive]
    return [name for name in set(bare) for _ in range(bare.count(name) - 1)]


def test_messages_list_their_fields_as_the_wire_contract_does():
    """Each of them, and those of the messages within; else the reference shows bare names."""
    text = (ROOT / "proto" / "udf.proto").read_text(encoding="utf-8")
    contract = {(name, kind) for kind, name in re.findall(r"^ +(\S.*\S) (\w+) = \d+;", text, re.M)}
    module = "kapnb.compat.udf_pb2"
    classes = [name.value for name in NAMES if (name.module, name.kind) == (module, "class")]

    said = {message.__name__: "\n".join(messages.listed(message)) for message in classes}

    fields = {
        found for words in said.values() for found in re.findall(r"``(\w+)``: ``(.+?)``", words)
    }
    assert fields <= contract
    assert len(fields) > 30
    assert "- ``fieldsDouble``: ``map<string, double>``" in said["Point"]
    assert "A message ``OptionValue`` holds ``type``: ``ValueType``, " in said["InitRequest"]
    assert said["InfoRequest"] == said["Request"] == ""


def test_a_new_module_is_found_by_itself(strange):
    """Nobody has to list it; a private one, and one without an API, are none."""
    assert public.public_modules() == ["strange", "strange.open"]
    assert ".. autofunction:: strange.shown\n" in reference.pages()["strange"]
    assert ":py:obj:`strange.shown`" in reference.pages()["strange.open"]


def test_a_name_without_a_docstring_would_be_seen(strange):
    """The test of the public names can fail."""
    said = {name.name: words_of(name) for name in public.names_of("strange.open")}

    assert said == {"LIMIT": "As many as that.", "SILENT": None, "mute": None, "shown": "Show."}


@pytest.fixture
def strange(tmp_path, monkeypatch):
    """A package in the place of kapnb."""
    texts = {
        "strange/__init__.py": "from strange.open import shown\n__all__ = ['shown', 'open']\n",
        "strange/open.py": (
            "__all__ = ['LIMIT', 'SILENT', 'mute', 'shown']\n#: As many as that.\nLIMIT = 977\n"
            "SILENT = 978\ndef mute(): pass\ndef shown():\n    'Show.'\n"
        ),
        "strange/_shut.py": "__all__ = ['x']\nx = 1\n",
        "strange/command.py": "__all__ = ['HELP']\nHELP = 'a subcommand'\n",
    }
    (tmp_path / "strange").mkdir()
    for file, text in texts.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(public, "PACKAGES", ("strange",))
    cached = (public.public_modules, public.homes)
    for function in cached:
        function.cache_clear()
    yield importlib.import_module("strange")
    for function in cached:
        function.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "strange"]:
        del sys.modules[name]


def test_attributes_that_share_their_words_are_parted():
    """In the section of attributes alone."""
    shared = [
        "X.",
        "",
        "Attributes",
        "----------",
        "a, b : int",
        "    Words.",
        "",
        "Notes",
        "-----",
    ]

    lines = reference.parted([*shared, "a, b : no"])

    assert lines[4:8] == ["a : int", "    Words.", "", "b : int"]
    assert lines[-1] == "a, b : no"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("rate : float, default: 0.05", "rate : float, default: ``0.05``"),
        (
            "clock : callable, default: time.monotonic",
            "clock : callable, default: ``time.monotonic``",
        ),
        ("gap : int or Duration, default: one hour", "gap : int or Duration, default: one hour"),
        ("    A sentence, and the default: 0.05", "    A sentence, and the default: 0.05"),
    ],
)
def test_a_default_with_a_point_is_shown_whole(line, shown):
    """Sphinx would take it for a path, and show its last part."""
    assert reference.quoted([line]) == [shown]


def test_words_before_a_colon_are_no_type():
    """The comment of `EdgeType.BATCH` begins with some; napoleon would make a type of them."""
    assert shown_by_napoleon(reference.described(["Batches: begin, points, end."])) == [
        "..",
        "",
        "Batches: begin, points, end.",
    ]
    assert any(":type:" in line for line in shown_by_napoleon(["Batches: begin, points, end."]))
    assert reference.described(["One by one.", "", "Or: more."]) == ["One by one.", "", "Or: more."]


def shown_by_napoleon(lines):
    """Return what Sphinx makes of an attribute's docstring."""
    napoleon = pytest.importorskip("sphinx.ext.napoleon", reason="needs: make .venv/.site")
    found = napoleon.NumpyDocstring(lines, napoleon.Config(), what="attribute", name="x").lines()
    return [line for number, line in enumerate(found) if line or number < len(found) - 1]


@pytest.mark.parametrize("module", public.public_modules())
def test_nobody_is_sent_to_a_private_name(module):
    """What a public docstring leads to has a place in the reference."""
    for name in public.names_of(module):
        words = str(vars(name.value).get("__doc__")) if name.kind == "class" else ""
        words = name.value.__doc__ or "" if name.kind == "function" else words
        assert re.findall(r"`(?:\w+\.)+_[a-z]\w*(?:\.\w+)*`", words) == [], name.path


# ------------------------------------------------------------------------------- offline


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/x.js">',
        "<link rel=stylesheet href=//fonts.example/f.css>",
        "<style>@import 'https://fonts.example/f.css';</style>",
    ],
)
def test_what_is_loaded_from_elsewhere_is_seen(html):
    """A build with such a page fails."""
    assert len(loaded_from_elsewhere(html)) == 1


def test_the_examples_of_the_sites_own_modules_run():
    """As those of kapnb do."""
    failed, tried = doctest.testmod(offline)

    assert (failed, tried) == (0, 2)
