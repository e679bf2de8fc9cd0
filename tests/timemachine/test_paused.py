"""A run that is not over: walked from within, and none the worse for it."""

from __future__ import annotations

import handlers_of_faults as zoo
import walks
from kapnb import MomentError, Simulation, simulate


class Walking:
    """Walks the run while it stands still at some inputs."""

    def __init__(self, *places):
        self.places, self.seen, self.machine = places, [], None

    def started(self, simulation):
        """Look into an empty run."""
        try:
            simulation.travel()
        except MomentError as error:
            self.seen.append(str(error))

    def advanced(self, simulation):
        """Go to the last input and to the middle of what has come."""
        count = len(simulation.inputs)
        if count not in self.places:
            return
        self.machine = self.machine or simulation.travel()
        self.seen.append((self.machine.last(), self.machine.go(count // 2)))

    def finished(self, simulation):
        """Do nothing: it is over."""


def test_a_run_is_walked_while_it_stands_still():
    """The moments are those of the finished run, and the run is as if nobody had walked."""
    for handler in (walks.Windowed, walks.OnItself, walks.InGlobal, zoo.Average):
        walks.SEEN.clear()
        walker = Walking(9, 20)
        run = Simulation(handler, zoo.points(30), group_by="host", observers=[walker]).run()
        held = list(walks.SEEN)
        walks.SEEN.clear()
        plain = simulate(handler, zoo.points(30), group_by="host")
        assert walks.looks([one.item for one in run.outputs]) == walks.looks(
            [one.item for one in plain.outputs]
        )
        assert held == walks.SEEN
        assert "got no input, so there is nowhere to go" in walker.seen[0]
        machine = run.travel()
        for last, middle in walker.seen[1:]:
            assert not last.doubts
            assert last.position == last.count - 1
            for moment in (last, middle):
                after = machine.go(moment.position)
                assert walks.repr_of(after.after) == walks.repr_of(moment.after)
                assert [*map(str, after.changes)] == [*map(str, moment.changes)]
