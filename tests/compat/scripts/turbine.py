"""Compares a turbine's power with what a pickled model expects at this wind speed.

The model is MODEL_PATH, or ../models/<this file's name>.pkl. Speaks the dict dialect.
"""

import logging
import os
import pickle
from collections import deque

from kapacitor.udf import udf_pb2
from kapacitor.udf.agent import Agent, Handler

logger = logging.getLogger()


def model_path():
    beside = os.path.join(os.path.dirname(__file__), "..", "models")
    default = os.path.join(beside, os.path.basename(__file__).replace(".py", ".pkl"))
    return os.getenv("MODEL_PATH", default)


class TurbineHandler(Handler):
    def __init__(self, agent):
        self._agent = agent
        with open(model_path(), "rb") as file:
            self.model = pickle.load(file)
        self.kept = deque(maxlen=100)  # points, beyond their callback

    def info(self):
        response = udf_pb2.Response()
        response.info.wants = udf_pb2.STREAM
        response.info.provides = udf_pb2.STREAM
        return response

    def init(self, init_req):
        response = udf_pb2.Response()
        response.init.success = True
        return response

    def snapshot(self):
        response = udf_pb2.Response()
        response.snapshot.snapshot = b""
        return response

    def point(self, point):
        speed = point.fieldsDouble.get("wind_speed")
        power = point.fieldsDouble.get("grid_active_power")
        if speed is None or power is None:
            logger.warning("a point without wind or power at %s", point.time)
            return
        self.kept.append(point)
        status = 0.0
        if 3.0 < speed <= 14.0 and power > 0:
            expected = self.model.predict([[speed]])[0]
            error = abs(expected - power) / power
            status = next((grade for grade in (1.0, 0.6, 0.3) if error >= grade / 2), 0.0)
        point.fieldsDouble["anomaly_status"] = status
        point.fieldsDouble["seen"] = len(self.kept)  # an int is taken for a double
        response = udf_pb2.Response()
        response.point.CopyFrom(point)
        self._agent.write_response(response, True)


if __name__ == "__main__":
    agent = Agent()
    h = TurbineHandler(agent)
    agent.handler = h
    agent.start()
    agent.wait()
