"""Drops what is normal. Speaks the list dialect of Kapacitor 1.7, where maps were entries."""

from kapacitor.udf import udf_pb2
from kapacitor.udf.agent import Agent, Handler


class ClassifierHandler(Handler):
    def __init__(self, agent):
        self._agent = agent

    def info(self):
        response = udf_pb2.Response()
        response.info.wants = udf_pb2.STREAM
        response.info.provides = udf_pb2.STREAM
        option = response.info.options.add(key="limit")
        option.value.valueTypes.append(udf_pb2.DOUBLE)
        return response

    def init(self, init_req):
        self.limit = 25.0
        for opt in init_req.options:
            self.limit = opt.values[0].doubleValue
        response = udf_pb2.Response()
        response.init.success = True
        return response

    def point(self, point):
        source = None
        for tag in point.tags:
            if tag.key == "source":
                source = tag.value
                break
        temperature = None
        for kv in point.fieldsDouble:
            if kv.key == "temperature":
                temperature = kv.value
                kv.value = round(kv.value, 1)
        if temperature is None or temperature < self.limit:
            return
        if not any(kv.key == "anomaly_status" for kv in point.fieldsDouble):
            point.fieldsDouble.add(key="anomaly_status", value=1.0)
        point.tags.add(key="seen_from", value=source or "nowhere")
        response = udf_pb2.Response()
        response.point.CopyFrom(point)
        self._agent.write_response(response, True)


if __name__ == "__main__":
    agent = Agent()
    agent.handler = ClassifierHandler(agent)
    agent.start()
    agent.wait()
