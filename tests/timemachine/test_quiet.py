"""What is heard while user code runs once more, and what is not."""

import logging
import threading

from kapnb.timemachine._quiet import Said, overheard


def in_another_thread(call):
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def test_what_this_thread_says_is_caught(capsys):
    """Printed or logged, in order."""
    said = Said()
    with overheard(said):
        print("one")
        logging.getLogger("user").info("two")
    assert said.taken() == ("one", "INFO user: two")
    assert capsys.readouterr() == ("", "")


def test_what_other_threads_say_goes_where_it_would(capsys, caplog):
    """A cell that prints while a live run is walked loses nothing."""
    said = Said()

    def speak():
        print("from a cell")
        logging.getLogger("user").warning("logged in a cell")
        logging.getLogger("user").info("below the level that is set")

    with overheard(said):
        in_another_thread(speak)
    assert said.taken() == ()
    assert capsys.readouterr().out == "from a cell\n"
    assert [record.getMessage() for record in caplog.records] == ["logged in a cell"]
