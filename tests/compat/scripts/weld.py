"""Hands a point's fields, as they come, to a model that knows columns by position only.

That is what the guide's second example does, and why its answers depend on an order that
nobody promises.
"""

from kapacitor.udf import udf_pb2
from kapacitor.udf.agent import Agent, Handler


class PositionalModel:
    """Stands for a boosted tree: looks at the first column, then at the second."""

    def predict_proba(self, row):
        first, second, *_ = row
        return [0.9, 0.1] if first > second else [0.2, 0.8]


class WeldHandler(Handler):
    def __init__(self, agent):
        self._agent = agent
        self.model = PositionalModel()

    def info(self):
        response = udf_pb2.Response()
        response.info.wants = udf_pb2.STREAM
        response.info.provides = udf_pb2.STREAM
        return response

    def init(self, init_req):
        response = udf_pb2.Response()
        response.init.success = True
        return response

    def point(self, point):
        fields = {key: value for key, value in point.fieldsDouble.items()}
        good, bad = self.model.predict_proba(list(fields.values()))
        point.fieldsDouble["good"] = round(good, 2)
        point.fieldsString["verdict"] = "defect" if bad > 0.5 else "good"
        response = udf_pb2.Response()
        response.point.CopyFrom(point)
        self._agent.write_response(response, True)


if __name__ == "__main__":
    agent = Agent()
    agent.handler = WeldHandler(agent)
    agent.start()
    agent.wait()
