"""The batch variant: keeps the points of a window, and answers when the window is complete."""

from turbine import Agent, TurbineHandler, udf_pb2


class TurbineBatchHandler(TurbineHandler):
    def info(self):
        response = udf_pb2.Response()
        response.info.wants = udf_pb2.BATCH
        response.info.provides = udf_pb2.STREAM
        return response

    def begin_batch(self, begin_req):
        self.window = []

    def point(self, point):
        self.window.append(point)

    def end_batch(self, end_req):
        for point in self.window:
            speed = point.fieldsDouble["wind_speed"]
            expected = self.model.predict([[speed]])[0]
            response = udf_pb2.Response(point=point)
            response.point.name = "turbine"
            response.point.fieldsDouble["expected"] = expected
            self._agent.write_response(response)
        self.window.clear()


if __name__ == "__main__":
    agent = Agent()
    agent.handler = TurbineBatchHandler(agent)
    agent.start()
    agent.wait()
