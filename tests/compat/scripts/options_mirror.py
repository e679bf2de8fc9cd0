"""A mirror that declares every type of option and checks what it is given."""

from kapacitor.udf.udf_pb2 import BOOL, DOUBLE, DURATION, INT, STREAM, STRING, Response
from mirror import MirrorHandler


class OptionsMirrorHandler(MirrorHandler):
    def info(self):
        response = Response()
        response.info.wants = STREAM
        response.info.provides = STREAM
        for name, kind in [("s", STRING), ("i", INT), ("f", DOUBLE), ("b", BOOL), ("d", DURATION)]:
            response.info.options[name].valueTypes.append(kind)
        response.info.options["multi"].valueTypes.extend([STRING, INT, DOUBLE, BOOL, DURATION])
        response.info.options["rep"].valueTypes.append(STRING)
        response.info.options["flag"]
        return response

    def init(self, init_req):
        self.task, self.received = init_req.taskID, []
        for opt in init_req.options:
            values = [getattr(value, value.WhichOneof("value")) for value in opt.values]
            self.received.append((opt.name, *values))
        return Response(init={"success": True})
