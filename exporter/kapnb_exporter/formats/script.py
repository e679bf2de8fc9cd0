"""The script itself, and what must lie beside it."""

from __future__ import annotations

from collections.abc import Iterable

from kapnb_exporter.formats import File, Product

__all__ = ["HELP", "files"]

HELP = "a script that Kapacitor starts, with the files it needs beside it"


def files(product: Product) -> Iterable[File]:
    """Return the script first."""
    return [File(f"{product.name}.py", product.script.encode(), 0o755), *product.beside]
