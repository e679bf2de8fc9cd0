"""What the documentation site needs beyond Sphinx: its tree, the reference, generated pages.

`tree`, `reference`, `names` and `offline` are Sphinx extensions; `public` finds what the
reference is about, `messages` what protobuf knows of it. `commands` and `diagrams` write what is
committed under `docs` and checked by `tests/docs`. Nothing of this is installed with kapnb.
"""
