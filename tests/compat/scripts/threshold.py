"""The guide's template: options of four types, validated one by one, a score and a status."""

import logging
import os
import sys

from kapacitor.udf import udf_pb2
from kapacitor.udf.agent import Agent, Handler

level = os.getenv("KAPACITOR_LOGGING_LEVEL", "INFO").upper()
logging.basicConfig(level=getattr(logging, level, logging.INFO), format="%(levelname)s %(message)s")
logger = logging.getLogger()


class ThresholdHandler(Handler):
    """Scores how far a field is from a threshold."""

    def __init__(self, agent):
        self._agent = agent
        self.field, self.threshold, self.window_size, self.quiet = "", 0.0, 1, False

    def info(self):
        response = udf_pb2.Response()
        response.info.wants = udf_pb2.STREAM
        response.info.provides = udf_pb2.STREAM
        options = response.info.options
        options["field"].valueTypes.append(udf_pb2.STRING)
        options["threshold"].valueTypes.append(udf_pb2.DOUBLE)
        options["window_size"].valueTypes.append(udf_pb2.INT)
        options["silent"].valueTypes.append(udf_pb2.BOOL)
        return response

    def init(self, init_req):
        wrong = []
        for opt in init_req.options:
            value = opt.values[0]
            if opt.name == "field":
                self.field = value.stringValue
            elif opt.name == "threshold":
                self.threshold = value.doubleValue
            elif opt.name == "window_size":
                self.window_size = value.intValue
            elif opt.name == "silent":
                self.quiet = value.boolValue
        if not self.field:
            wrong.append("a field name is missing")
        if self.threshold <= 0:
            wrong.append("the threshold must be positive")
        response = udf_pb2.Response()
        response.init.success = not wrong
        response.init.error = "; ".join(wrong)
        return response

    def snapshot(self):
        response = udf_pb2.Response()
        response.snapshot.snapshot = b""
        return response

    def restore(self, restore_req):
        response = udf_pb2.Response()
        response.restore.success = False
        response.restore.error = "not implemented"
        return response

    def point(self, point):
        if self.field in point.fieldsDouble:
            value = point.fieldsDouble[self.field]
        elif self.field in point.fieldsInt:
            value = point.fieldsInt[self.field]
        else:
            logger.warning("no field %s at %d", self.field, point.time)
            return
        point.fieldsDouble["score"] = abs(value - self.threshold)
        point.fieldsDouble["status"] = 1.0 if value > self.threshold else 0.0
        response = udf_pb2.Response()
        response.point.CopyFrom(point)
        self._agent.write_response(response, True)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "test":
        print("nothing is tested here")
    else:
        agent = Agent()
        h = ThresholdHandler(agent)
        agent.handler = h
        agent.start()
        agent.wait()
