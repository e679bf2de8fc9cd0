#!/usr/bin/env python3
"""Drift of a field from its slow mean, as a UDF of the official Python API."""

import json
import sys

from kapacitor.udf import udf_pb2
from kapacitor.udf.agent import Agent, Handler


class DriftHandler(Handler):
    """Adds the deviation from an exponentially weighted mean, and whether it is large."""

    def __init__(self, agent):
        self._agent = agent
        self._field = ""
        self._alpha = 0.05
        self._limit = 3.0
        self._state = {}

    def info(self):
        response = udf_pb2.Response()
        response.info.wants = udf_pb2.STREAM
        response.info.provides = udf_pb2.STREAM
        response.info.options["field"].valueTypes.append(udf_pb2.STRING)
        response.info.options["alpha"].valueTypes.append(udf_pb2.DOUBLE)
        response.info.options["limit"].valueTypes.append(udf_pb2.DOUBLE)
        return response

    def init(self, init_req):
        success, error = True, ""
        for option in init_req.options:
            if option.name == "field":
                self._field = option.values[0].stringValue
            elif option.name == "alpha":
                self._alpha = option.values[0].doubleValue
            elif option.name == "limit":
                self._limit = option.values[0].doubleValue
        if self._field == "":
            success, error = False, "must supply field"
        if not 0 < self._alpha < 1:
            success, error = False, error + " alpha must be between 0 and 1"
        response = udf_pb2.Response()
        response.init.success = success
        response.init.error = error.strip()
        return response

    def snapshot(self):
        response = udf_pb2.Response()
        response.snapshot.snapshot = json.dumps(self._state).encode()
        return response

    def restore(self, restore_req):
        response = udf_pb2.Response()
        try:
            self._state = json.loads(restore_req.snapshot.decode())
            response.restore.success = True
        except ValueError as error:
            response.restore.success = False
            response.restore.error = str(error)
        return response

    def begin_batch(self, begin_req):
        raise Exception("not supported")

    def end_batch(self, end_req):
        raise Exception("not supported")

    def point(self, point):
        value = point.fieldsDouble[self._field]
        mean, variance = self._state.get(point.group, (value, 0.0))
        away = value - mean
        deviation = variance**0.5
        point.fieldsDouble["mean"] = mean
        point.fieldsDouble["drift"] = away / deviation if deviation > 0 else 0.0
        point.fieldsBool["alarm"] = deviation > 0 and abs(away) > self._limit * deviation
        mean += self._alpha * away
        variance = (1 - self._alpha) * (variance + self._alpha * away * away)
        self._state[point.group] = (mean, variance)
        response = udf_pb2.Response()
        response.point.CopyFrom(point)
        self._agent.write_response(response)


if __name__ == "__main__":
    agent = Agent()
    agent.handler = DriftHandler(agent)
    print("starting", file=sys.stderr)
    agent.start()
    agent.wait()
