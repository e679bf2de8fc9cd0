"""Old handlers in a notebook: imported, built, started by mistake, simulated."""

from __future__ import annotations

import nbformat
import pytest

from kapnb import Point, simulate
from kapnb.compat import udf_pb2
from kapnb.errors import HandlerError
from notebooks import Client

CELLS = [
    "import sys\n"
    "import kapnb.compat\n"
    "from kapacitor.udf.agent import Agent, Handler, Server\n"
    "from kapacitor.udf import udf_pb2\n"
    "sys.stdout.__class__.__module__",
    "class Doubled(Handler):\n"
    "    def __init__(self, agent):\n"
    "        self._agent = agent\n"
    "    def info(self):\n"
    "        response = udf_pb2.Response()\n"
    "        response.info.wants = udf_pb2.STREAM\n"
    "        response.info.provides = udf_pb2.STREAM\n"
    "        return response\n"
    "    def init(self, request):\n"
    "        response = udf_pb2.Response()\n"
    "        response.init.success = True\n"
    "        return response\n"
    "    def point(self, point):\n"
    "        point.fieldsDouble['double'] = 2 * point.fieldsDouble['x']\n"
    "        response = udf_pb2.Response()\n"
    "        response.point.CopyFrom(point)\n"
    "        self._agent.write_response(response, True)\n"
    "if __name__ == '__main__':\n"
    "    agent = Agent()\n"
    "    agent.handler = Doubled(agent)\n"
    "    agent.start()\n"
    "    agent.wait()\n"
    "    print('still here')",
    "from kapnb import Point, simulate\n"
    "run = simulate(Doubled, [Point({'x': 1.5}, time=n, name='m') for n in range(3)])\n"
    "print(run, list(run.frame['double']))",
    "simulate(agent.handler, [Point({'x': 2.5}, time=0, name='m')]).outputs[0].item.fields",
]


def test_a_whole_script_pasted_into_a_notebook_works():
    """The import, the start that cannot be, and a simulation of its class and its object."""
    cells = [nbformat.v4.new_code_cell(source, id=f"c{n}") for n, source in enumerate(CELLS)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    Client(notebook, timeout=120, record_timing=False).execute()

    shown = [
        "".join(output.get("text", "") or output["data"]["text/plain"] for output in cell.outputs)
        for cell in notebook.cells
    ]
    assert shown[0] == "'ipykernel.iostream'"
    assert "a notebook has no Kapacitor on its stdin" in shown[1]
    assert "try simulate(Doubled, data)" in shown[1]
    assert "still here" in shown[1]
    assert shown[2] == "Simulation(Doubled: 3 points in, 3 points out) [3.0, 3.0, 3.0]\n"
    assert shown[3] == "{'double': 5.0, 'x': 2.5}"


def test_a_simulation_names_what_it_cannot_run():
    """As before: a class of ours, or one of the official API."""
    for wrong in (int, object(), "script.py"):
        with pytest.raises(HandlerError, match="simulate takes a Handler class"):
            simulate(wrong, [Point({"x": 1.5}, time=0, name="m")])


def test_a_simulation_keeps_what_an_old_handler_said_of_its_failure(load):
    """The error names the line, and what was sent before is there."""

    class Failing(load("mirror").MirrorHandler):
        def point(self, point):
            super().point(point)
            if point.time == 1:
                self._agent.write_response(udf_pb2.Response())

    points = [Point({"x": 1.5}, time=n, name="m") for n in range(3)]
    done = simulate(Failing, points, errors="keep")

    assert "an empty Response" in str(done.error)
    assert "self._agent.write_response(udf_pb2.Response())" in str(done.error)
    assert len(done.outputs) == 2
