"""Mean of the last points of a field in each group; state as JSON, like the official example.

The result goes out beside the point's bools; its other fields are dropped. A missing field is
read as protobuf's maps read it: as 0.
"""

import json
from collections import deque

from kapacitor.udf import udf_pb2
from kapacitor.udf.agent import Agent, Handler


class AverageHandler(Handler):
    def __init__(self, agent):
        self._agent = agent
        self._field, self._size, self._as = None, 0, "avg"
        self._windows = {}

    def info(self):
        response = udf_pb2.Response()
        response.info.wants = udf_pb2.STREAM
        response.info.provides = udf_pb2.STREAM
        response.info.options["field"].valueTypes.append(udf_pb2.STRING)
        response.info.options["size"].valueTypes.append(udf_pb2.INT)
        response.info.options["as"].valueTypes.append(udf_pb2.STRING)
        return response

    def init(self, init_req):
        problems = []
        for opt in init_req.options:
            if opt.name == "field":
                self._field = opt.values[0].stringValue
            elif opt.name == "size":
                self._size = opt.values[0].intValue
            elif opt.name == "as":
                self._as = opt.values[0].stringValue
        if self._field is None:
            problems.append("must supply field name")
        if self._size < 1:
            problems.append("must supply window size")
        response = udf_pb2.Response()
        response.init.success = not problems
        response.init.error = " ".join(problems)
        return response

    def snapshot(self):
        response = udf_pb2.Response()
        state = {group: list(window) for group, window in self._windows.items()}
        response.snapshot.snapshot = json.dumps(state).encode()
        return response

    def restore(self, restore_req):
        response = udf_pb2.Response()
        try:
            state = json.loads(restore_req.snapshot)
            for group, values in state.items():
                self._windows[group] = deque(values, maxlen=self._size)
            response.restore.success = True
        except ValueError as error:
            response.restore.success = False
            response.restore.error = str(error)
        return response

    def point(self, point):
        response = udf_pb2.Response()
        response.point.CopyFrom(point)
        response.point.ClearField("fieldsInt")
        response.point.ClearField("fieldsString")
        response.point.ClearField("fieldsDouble")
        value = point.fieldsDouble[self._field]
        window = self._windows.setdefault(point.group, deque(maxlen=self._size))
        window.append(value)
        response.point.fieldsDouble[self._as] = sum(window) / len(window)
        self._agent.write_response(response)


if __name__ == "__main__":
    agent = Agent()
    handler = AverageHandler(agent)
    agent.handler = handler
    agent.start()
    agent.wait()
