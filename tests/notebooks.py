"""Make notebooks out of readable text: cells are parted by lines ``# %%``."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from nbclient import NotebookClient


class Client(NotebookClient):
    """Executes a notebook; two kernels that start at once never meet at a port."""

    def create_kernel_manager(self):
        manager = super().create_kernel_manager()
        manager.transport, manager.ip = "ipc", f"{tempfile.mkdtemp(prefix='kernel-')}/ipc"
        return manager


def write_notebook(path: Path, text: str) -> Path:
    """Write a notebook whose code cells are the parts of `text`."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell{number}",
            "metadata": {},
            "outputs": [],
            "source": part.strip("\n"),
        }
        for number, part in enumerate(text.split("# %%\n")[1:])
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
