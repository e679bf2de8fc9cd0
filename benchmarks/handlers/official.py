"""The benchmarks' handlers, written for the official API; run as ``official.py NAME``."""

import sys
from collections import deque

from kapacitor.udf import udf_pb2
from kapacitor.udf.agent import Agent, Handler

SIZE = 50


class Mirror(Handler):
    """Every point back, untouched."""

    edge = udf_pb2.STREAM

    def __init__(self, agent):
        self._agent = agent
        self.field = ""

    def info(self):
        response = udf_pb2.Response()
        response.info.wants = response.info.provides = self.edge
        response.info.options["field"].valueTypes.append(udf_pb2.STRING)
        return response

    def init(self, init_req):
        for option in init_req.options:
            self.field = option.values[0].stringValue
        response = udf_pb2.Response()
        response.init.success = True
        return response

    def point(self, point):
        response = udf_pb2.Response()
        response.point.CopyFrom(point)
        self._agent.write_response(response)


class MovingAverage(Mirror):
    """Mean of the last values of a field, per group."""

    def __init__(self, agent):
        super().__init__(agent)
        self.states = {}

    def point(self, point):
        state = self.states.get(point.group)
        if state is None:
            state = self.states[point.group] = deque(maxlen=SIZE)
        state.append(point.fieldsDouble[self.field])
        point.fieldsDouble["mean"] = sum(state) / len(state)
        super().point(point)


class BatchMirror(Mirror):
    """Every batch back, untouched."""

    edge = udf_pb2.BATCH

    def begin_batch(self, begin_req):
        response = udf_pb2.Response()
        response.begin.CopyFrom(begin_req)
        self._agent.write_response(response)

    def end_batch(self, end_req):
        response = udf_pb2.Response()
        response.end.CopyFrom(end_req)
        self._agent.write_response(response)


NAMES = {"mirror": Mirror, "average": MovingAverage, "batch": BatchMirror}

if __name__ == "__main__":
    agent = Agent()
    agent.handler = NAMES[sys.argv[1]](agent)
    agent.start()
    agent.wait()
