"""A mirror on a Unix socket, with an accepter."""

import sys

from kapacitor.udf.agent import Agent, Server
from mirror import MirrorHandler


class Accepter:
    _count = 0

    def accept(self, conn, addr):
        self._count += 1
        if self._count == 2:
            raise RuntimeError("the second connection fails")
        agent = Agent(conn, conn)
        handler = MirrorHandler(agent)
        agent.handler = handler
        agent.start()
        agent.wait()
        print("connection", self._count, "finished")


if __name__ == "__main__":
    server = Server(sys.argv[1], Accepter())
    print("listening on", sys.argv[1], flush=True)
    server.serve()
    print("served", flush=True)
