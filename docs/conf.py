"""How Sphinx builds the site: `make docs`. The pages are the Markdown files that GitHub shows, too.

The source folder is the repository's root (``sphinx-build -c docs .``), so that the links from
pages to notebooks, README and decisions are the same there and here. Nothing is executed and
nothing fetched: notebooks are shown with the outputs they were saved with.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import kapnb

project = "kapnb"
copyright = "the kapnb project, MIT licence"  # noqa: A001
version = release = kapnb.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "myst_nb",
    "sphinx_copybutton",
    "sitekit.tree",
    "sitekit.reference",
    "sitekit.names",
    "sitekit.offline",
]

root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "docs/reference/*.rst",
    "notebooks/*.ipynb",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
]
exclude_patterns = [".venv", "build", ".git", ".*_cache", "tests", "kapnb", "exporter"]

myst_heading_anchors = 3
nb_execution_mode = "off"
# What a cell printed in pieces is one block.
nb_merge_streams = True

# Defaults as they are written: `<function f at 0x…>` is neither readable nor the same twice.
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
nitpicky = True
# Options keep their two dashes, and quoted texts of Kapacitor their quotes.
smartquotes = False
# An ellipsis in an example stands for what is left out; tests/docs parses them all.
suppress_warnings = ["misc.highlighting_failure"]
# TICKscript has no lexer; what is no Python either is shown as it stands.
highlight_language = "none"

html_theme = "furo"
html_title = f"kapnb {version}"
html_copy_source = False
html_show_sourcelink = False
templates_path = ["_templates"]
html_additional_pages = {"index": "redirect.html"}
html_static_path = ["_static"]
html_css_files = ["kapnb.css"]
html_js_files = ["texts.js"]
# The saved outputs hold plots and tables only: no widget state, no scripts from elsewhere.
nb_ipywidgets_js = {}
# Prompts are not copied along.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"
