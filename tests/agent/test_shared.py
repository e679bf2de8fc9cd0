"""The shared resource on stdio and in a simulation: built by the one instance there is."""

from harness import Mirror, Peer, cpu, option, started
from kapnb import Handler, Option, simulate
from kapnb.agent._shared import build_shared, make_handler
from kapnb.model import InfoRequest, InitResponse


class Model(Handler):
    """Takes its limit from what is shared, and counts how often that was built."""

    builds = 0
    field = Option(str)

    @classmethod
    def build_shared(cls):
        cls.builds += 1
        return {"limit": 5.0}

    def init(self):
        self.limit = self.shared["limit"]

    def point(self, point):
        yield point.with_fields(limit=self.limit)


def test_it_is_there_at_init_and_not_built_for_info():
    """The daemon's start does not wait for a model."""
    Model.builds = 0
    peer = Peer(Model)
    peer.feed(InfoRequest())
    assert Model.builds == 0

    assert peer.start(option("field", "value")) == InitResponse()

    assert Model.builds == 1
    assert peer.feed(cpu())[0].fields["limit"] == 5.0


def test_wrong_options_are_refused_before_it_is_built():
    """Nobody waits for a model to learn about a missing option."""
    Model.builds = 0

    answer = Peer(Model).start()

    assert answer == InitResponse(False, "missing required option 'field'")
    assert Model.builds == 0


def test_a_failure_is_a_refused_init_that_names_the_line():
    """As an exception in init is."""

    class Lost(Handler):
        @classmethod
        def build_shared(cls):
            raise FileNotFoundError("model.pkl")

    answer = Peer(Lost).start()

    assert not answer.success
    assert answer.error.startswith("FileNotFoundError: model.pkl (in Lost.build_shared, line ")


def test_a_simulation_builds_it_too():
    """Once for the task, not for the info process."""
    Model.builds = 0

    run = simulate(Model, [cpu()], options={"field": "value"})

    assert run.outputs[0].item.fields["limit"] == 5.0
    assert Model.builds == 1


def test_the_name_is_free_where_nothing_is_built():
    """A Handler of earlier days may use `shared` for its own."""

    class Own(Handler):
        def shared(self):
            return 3

        def point(self, point):
            yield point.with_fields(own=self.shared())

    assert started(Own).feed(cpu())[0].fields["own"] == 3
    assert make_handler(Own, build_shared(Own)).shared() == 3
    assert make_handler(Mirror, None).shared is None
