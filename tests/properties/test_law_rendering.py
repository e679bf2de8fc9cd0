"""A TICKscript equals its own rendering; any text gives a tree or a TickError."""

from hypothesis import given
from hypothesis import strategies as st

from kapnb.errors import TickError
from kapnb.tick import evaluate, parse, render
from tick_strategies import programs

#: What scripts are made of, so that garbage comes close to them.
PIECES = st.sampled_from(
    [
        "stream",
        "|",
        ".",
        "@",
        "(",
        ")",
        "'",
        '"',
        "/",
        "//",
        "lambda:",
        "var",
        "=",
        "=~",
        "-",
        "*",
        "[",
        "]",
        ",",
        "10",
        "s",
        ".5",
        "dbrp",
        "TRUE",
        "AND",
        "x",
        "from()",
        "'''",
    ]
)


@given(programs)
def test_parsing_what_is_rendered_gives_the_tree_again(program):
    """Comments, literals and grouping survive."""
    assert parse(render(program)) == program


@given(programs)
def test_what_was_parsed_renders_to_the_same_tree(program):
    """Positions, which a tree built by hand lacks, change line breaks only."""
    parsed = parse(render(program))

    assert parse(render(parsed)) == program


@given(st.text() | st.lists(PIECES, max_size=25).map(" ".join) | st.lists(PIECES).map("".join))
def test_any_text_gives_a_task_or_a_tick_error(text):
    """No other exception leaves the lexer, the parser or the evaluation."""
    try:
        evaluate(text)
    except TickError as error:
        assert str(error)
