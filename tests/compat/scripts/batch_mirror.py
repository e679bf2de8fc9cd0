"""Sends every batch back, message by message, and uses ``Response(point=…)``."""

from kapacitor.udf import udf_pb2
from kapacitor.udf.agent import Agent, Handler


class BatchMirrorHandler(Handler):
    def __init__(self, agent):
        self._agent = agent

    def info(self):
        response = udf_pb2.Response()
        response.info.wants = udf_pb2.BATCH
        response.info.provides = udf_pb2.BATCH
        return response

    def init(self, init_req):
        response = udf_pb2.Response()
        response.init.success = True
        return response

    def snapshot(self):
        response = udf_pb2.Response()
        response.snapshot.snapshot = b""
        return response

    def begin_batch(self, begin_req):
        response = udf_pb2.Response()
        response.begin.CopyFrom(begin_req)
        self._agent.write_response(response)

    def point(self, point):
        self._agent.write_response(udf_pb2.Response(point=point))

    def end_batch(self, end_req):
        response = udf_pb2.Response()
        response.end.CopyFrom(end_req)
        self._agent.write_response(response)


if __name__ == "__main__":
    agent = Agent()
    agent.handler = BatchMirrorHandler(agent)
    agent.start()
    agent.wait()
