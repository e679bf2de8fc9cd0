"""`make demo`: the main job, end to end, on real input.

Runs the quick-start notebook, exports its Handler, and runs the exported script on a session
that a real kapacitord sent to its moving average.
"""

from __future__ import annotations

import base64
import subprocess
import sys
from collections import Counter
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from kapnb.model import Point, format_time
from kapnb.protocol import ProtobufCodec, split_frames
from kapnb_exporter import Request, export

HERE = Path(__file__).parent
NOTEBOOK = HERE / "01_quick_start.ipynb"
SESSION = HERE.parent / "tests" / "data" / "transcripts" / "i1_host_moving_avg.in.bin"
SHOWN = 5


def run_notebook(folder: Path) -> tuple[Path, Path]:
    """Execute the notebook; return where its copy and its picture lie."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        notebook,
        timeout=300,
        resources={"metadata": {"path": HERE}},
        extra_arguments=["--IPKernelApp.log_level=40"],
    ).execute()
    executed, picture = folder / NOTEBOOK.name, folder / "moving_average.png"
    nbformat.write(notebook, executed)
    images = (
        output["data"]["image/png"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    )
    picture.write_bytes(base64.b64decode(next(images)))
    return executed, picture


def answer(script: Path, requests: bytes) -> bytes:
    """Run the exported script as Kapacitor would, on `requests`; return its answer."""
    done = subprocess.run([sys.executable, script], input=requests, capture_output=True, check=True)  # noqa: S603
    return done.stdout


def show(requests: bytes, responses: bytes) -> None:
    """Count what crossed, and print a few answers from the middle."""
    codec = ProtobufCodec()
    sent = [codec.decode_request(body) for body in split_frames(requests)]
    found = [codec.decode_response(body) for body in split_frames(responses)]
    print(f"  Kapacitor sent   {_counted(sent)}")
    print(f"  the script said  {_counted(found)}")
    points = [message for message in found if isinstance(message, Point)]
    middle = len(points) // 2
    print(f"\n  answers {middle} to {middle + SHOWN - 1}:")
    for point in points[middle : middle + SHOWN]:
        time, fields = format_time(point.time), point.fields
        print(
            f"    {time:<30}  {point.group:<14}  "
            f"usage_user {fields['usage_user']:7.3f}  mean {fields['mean']:7.3f}"
        )


def _counted(messages: list[object]) -> str:
    kinds = Counter("Point" if isinstance(m, Point) else type(m).__name__ for m in messages)
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items())


def main(folder: Path) -> None:
    """Do it all, and say where everything lies."""
    folder.mkdir(parents=True, exist_ok=True)
    print(f"1. Running {NOTEBOOK.name}")
    executed, picture = run_notebook(folder)
    print("2. Exporting its Handler: fresh kernel, closure, script, proof")
    exported = export(NOTEBOOK, folder, Request(verify="auto"), show=lambda row: print(f"   {row}"))
    print(f"   {exported.responses} answers of the script equal those of the notebook")
    print(f"3. Running {exported.script.name} on what a real kapacitord sent ({SESSION.name})")
    requests = SESSION.read_bytes()
    show(requests, answer(exported.script, requests))
    print(f"\nThe script             {exported.script}")
    print(f"The picture            {picture}")
    print(f"The executed notebook  {executed}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
