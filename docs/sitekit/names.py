"""What a name in backquotes means in a docstring, and what becomes of names without a page.

Docstrings write `simulate` or `Point.fields` for names of kapnb, and as well for parameters. A
name that has a place in the reference leads there; any other is shown as it is. Explicit
references (:py:obj:) to names of kapnb must resolve, or the build says so.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, cast

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.domains.python import PyXRefRole
from sphinx.errors import NoUri

from sitekit.public import homes, names_of, public_modules

if TYPE_CHECKING:
    from docutils.nodes import Element, system_message
    from sphinx.application import Sphinx
    from sphinx.domains.python import PythonDomain
    from sphinx.environment import BuildEnvironment

__all__ = ["setup"]


class NameRole(PyXRefRole):
    """The default role: a reference if there is something to refer to, else a literal."""

    def run(self) -> tuple[list[nodes.Node], list[system_message]]:
        """Act as :py:obj: does, but never complain."""
        self.name = "py:obj"
        found, messages = super().run()
        for node in found:
            cast("Element", node)["kapnb_lenient"] = True
        return found, messages


def _resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.TextElement
) -> nodes.Node | None:
    """Find a name by its public path, or by its last parts."""
    if node.get("refdomain") != "py":
        return None
    target: str = node["reftarget"]
    domain = cast("PythonDomain", env.get_domain("py"))
    for path in _paths(target, node.get("py:module") or "", domain):
        if path in domain.objects:
            try:
                return domain.resolve_xref(
                    env, node["refdoc"], app.builder, "obj", path, node, shown
                )
            except NoUri:
                return shown
    # Names of other packages have no page here; nor have private ones, which annotations show.
    private = any(part.startswith("_") for part in target.split("."))
    ours = target.startswith(("kapnb.", "kapnb_exporter."))
    return shown if node.get("kapnb_lenient") or private or not ours else None


def _settle(app: Sphinx, document: nodes.document) -> None:
    """Keep Sphinx from guessing among all names that end alike: `_paths` knows which is meant."""
    for node in document.findall(pending_xref):
        node.attributes.pop("refspecific", None)


def _paths(target: str, module: str, domain: PythonDomain) -> list[str]:
    """Return under which public paths a target, named in a module's page, may be documented."""
    known = homes()
    if target in known:
        return [known[target]]
    by_definition = _definitions().get(target)
    if by_definition:
        return [by_definition]
    last, _, member = target.rpartition(".")
    if not last:
        # A bare name may be a parameter: only the public names themselves count.
        ends = {known[path] for path in known if path.rpartition(".")[2] == target}
        near = {path for path in (f"{module}.{target}", f"kapnb.{target}") if path in known}
        return sorted(known[path] for path in near) or (list(ends) if len(ends) == 1 else [])
    owner = [path for path in domain.objects if path.endswith(f".{last}")]
    return [f"{path}.{member}" for path in owner] if len(owner) == 1 else []


@functools.cache
def _definitions() -> dict[str, str]:
    """Return the public paths of classes and functions by where they are defined."""
    found: dict[str, str] = {}
    for module in public_modules():
        for name in names_of(module):
            value: Any = name.value
            if name.kind not in ("module", "data"):
                found[f"{value.__module__}.{value.__qualname__}"] = name.home
    return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.add_role("name", NameRole())
    app.config.default_role = "name"
    app.connect("doctree-read", _settle)
    app.connect("missing-reference", _resolve)
    return {"parallel_read_safe": True}
