"""What the documentation site needs beyond Sphinx: its tree, the reference, generated pages.

`tree`, `reference` and `names` are Sphinx extensions. `commands` and `diagrams` write what is
committed under `docs` and checked by `tests/docs`: they know nothing of Sphinx. Nothing of
this is installed with kapnb.
"""
