"""A script's text becomes the tree that Kapacitor would build, or Kapacitor's error."""

import re

import pytest

from captures import TRANSCRIPTS
from kapnb.errors import TickError
from kapnb.tick import parse, render
from kapnb.tick._ast import (
    Binary,
    Boolean,
    Call,
    Chain,
    Comment,
    Dbrp,
    Declaration,
    DurationLiteral,
    Float,
    Identifier,
    Integer,
    LambdaExpression,
    ListLiteral,
    Position,
    Reference,
    Regex,
    Star,
    String,
    TypeDeclaration,
    Unary,
)

OPERAND = '"number","string","duration","identifier","TRUE","FALSE","==","(","-","!"'


def value_of(text):
    """Return the tree of a variable's value."""
    (declaration,) = parse(f"var x = {text}").statements
    return declaration.value


def refusal(text):
    with pytest.raises(TickError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("7", Integer(7)),
        ("0", Integer(0)),
        ("017", Integer(15, 8)),
        (".5", Float(0.5)),
        ("50.", Float(50.0)),
        ("10s", DurationLiteral(10**10)),
        ("3ms", DurationLiteral(3 * 10**6)),
        ("3m", DurationLiteral(180 * 10**9)),
        ("2u", DurationLiteral(2000)),
        ("2µ", DurationLiteral(2000)),
        ("1w", DurationLiteral(7 * 86400 * 10**9)),
        ("TRUE", Boolean(True)),
        ("true", Identifier("true")),
        ("''", String("")),
        (r"'it\'s'", String("it's")),
        (r"'a\\'", None),
        ("'two\nlines'", String("two\nlines")),
        ("'''it's \\ raw'''", String("it's \\ raw")),
        (r'"a\"b"', Reference('a"b')),
        ("/a\\/b/", Regex("a/b")),
        ("*", Star()),
        ("['a', b, *]", ListLiteral((String("a"), Identifier("b"), Star()))),
        ("['a',]", ListLiteral((String("a"),))),
        ("-3", Unary("-", Integer(3))),
        ("!TRUE", Unary("!", Boolean(True))),
        ("lambda: TRUE", LambdaExpression(Boolean(True))),
        ("été_2", Identifier("été_2")),
        ("lambda", Identifier("lambda")),
    ],
)
def test_a_literal_is_read_as_kapacitor_reads_it(text, tree):
    """protocol.md F, one row each."""
    if tree is None:
        refusal(f"var x = {text}")
    else:
        assert value_of(text) == tree


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("1 + 2 * 3", "1 + (2 * 3)"),
        ("1 - 2 - 3", "(1 - 2) - 3"),
        ('"a" > 1 AND "b" < 2 OR "c" == 3', '(("a" > 1) AND ("b" < 2)) OR ("c" == 3)'),
        ('"a" == 1 + 2 > 3', '"a" == ((1 + 2) > 3)'),
        ('"h" =~ /x/ AND !"b"', '("h" =~ /x/) AND (!"b")'),
        ("-a + b", "(-a) + b"),
    ],
)
def test_operators_bind_as_in_kapacitor(text, grouped):
    """From the weakest: OR, AND, equality and =~, comparison, sums, products."""
    assert value_of(f"lambda: {text}") == value_of(f"lambda: {grouped}")


def test_a_position_counts_lines_and_bytes_from_one():
    """Kapacitor's characters are bytes; a tab is one."""
    (chain,) = parse("stream\n\t|from().measurement('é').groupBy('x')").statements

    assert chain.position == Position(2, 27)
    assert chain.call.position == Position(2, 28)
    assert chain.left.left.call.position == Position(2, 3)


def test_statements_of_all_kinds_are_read():
    """dbrp, both kinds of var, a chain."""
    program = parse('dbrp "d"."r"\nvar a = 1\nvar b int\nstream|from() @u().x(a)')

    assert program.statements[:3] == (
        Dbrp("d", "r"),
        Declaration("a", Integer(1)),
        TypeDeclaration("b", "int"),
    )
    assert program.statements[3] == Chain(
        Chain(Chain(Identifier("stream"), "|", Call("from", ())), "@", Call("u", ())),
        ".",
        Call("x", (Identifier("a"),)),
    )


def test_a_comment_belongs_to_what_follows_it():
    """A gap between comments is kept; one at the end is the script's."""
    program = parse("// one\n//two\n\n// three\nstream // four\n  |from()\n// five")
    chain = program.statements[0]

    assert chain.left.comment == Comment(("one", "two", "\n", "three"))
    assert chain.comment == Comment(("four",))
    assert program.closing_comment == Comment(("five",))


def test_a_comment_that_kapacitor_would_lose_is_kept():
    """Before a bracket nothing can carry it, so the next thing does."""
    program = parse("f(a // here\n)\n  .b()")

    assert "// here" in render(program)
    assert parse(render(program)) == program


def test_a_slash_after_a_name_divides_and_after_an_operator_begins_a_regex():
    """What may follow decides."""
    assert value_of("lambda: a / b") == LambdaExpression(
        Binary("/", Identifier("a"), Identifier("b"))
    )
    assert value_of('lambda: "a" !~ /b/').body.right == Regex("b")


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        (
            "stream\n  |from().measurement('cpu\n",
            'parser: unexpected unterminated string line 2 char 23 in "asurement(\'cpu". '
            f"expected: {OPERAND}",
            (2, 23),
        ),
        (
            "stream|window(",
            f'parser: unexpected EOF line 1 char 15 in "am|window(". expected: {OPERAND}',
            (1, 15),
        ),
        ("var x = 08", 'parser: illegal number syntax: "08"', (1, 9)),
        ("var x = 1.2.3", None, (1, 9)),
        (
            "a.f(1h30m)",
            'parser: unexpected duration line 1 char 7 in "a.f(1h30m)". expected: ")"',
            (1, 7),
        ),
        (
            "stream\n  |from().x(_y)",
            "parser: unexpected unknown state, last char: '_' line 2 char 13 in "
            f'"|from().x(_y)". expected: {OPERAND}',
            (2, 13),
        ),
        ("var", 'parser: unexpected EOF line 1 char 4 in "var". expected: "identifier"', (1, 4)),
        (
            'dbrp "a".b',
            'parser: unexpected identifier line 1 char 10 in "dbrp "a".b". expected: "reference"',
            (1, 10),
        ),
        (
            "a.f([1])",
            'parser: unexpected number line 1 char 6 in "a.f([1])". '
            'expected: "identifier","string","*"',
            (1, 6),
        ),
        ('f("a', None, (1, 3)),
        ("var x = /a", None, (1, 9)),
        ("var x = /(a/", "parser: error parsing regexp: missing closing ): `(a`", (1, 9)),
        (
            "var x = /(?=b)/",
            "parser: error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
            (1, 9),
        ),
        ("var x = 9223372036854775808", None, (1, 9)),
        (
            "var x = 9223372036854775807w",
            "parser: overflowed duration 9223372036854775807w: choose a smaller duration or INF",
            (1, 9),
        ),
    ],
)
def test_an_error_is_kapacitors_with_its_place(text, message, place):
    """Line and character are known even where the text has none."""
    error = refusal(text)

    assert (error.line, error.column) == place
    if message is not None:
        assert str(error) == message


def test_deep_nesting_is_an_error_not_a_crash():
    """A thousand brackets exceed what Python can follow."""
    assert "nested too deeply" in str(refusal("var x = " + "(" * 5000 + "1" + ")" * 5000))


def test_a_chain_may_be_as_long_as_a_script():
    """Links are read, rendered and compared without recursion on reading."""
    text = "stream|from()" + ".groupBy('a')" * 300

    assert render(parse(text)).count("groupBy") == 300


def captured_scripts():
    """Yield the TICKscripts of the captures."""
    for path in sorted(TRANSCRIPTS.glob("*.md")):
        found = re.search(r"TICKscript:\n```\n(.*?)```", path.read_text(), re.DOTALL)
        if found:
            yield pytest.param(found[1], id=path.stem)


@pytest.mark.parametrize("script", list(captured_scripts()))
def test_a_captured_script_survives_its_own_rendering(script):
    """All that a real kapacitord ran; formatting a formatted script changes nothing."""
    rendered = render(parse(script))

    assert parse(rendered) == parse(script)
    assert render(parse(rendered)) == rendered


def test_a_script_is_laid_out_as_tickfmt_does():
    """Four spaces before a node, eight before a property; line breaks between operands stay."""
    script = (
        "// top\ndbrp \"a\".\"b\"\nvar x=5m\nstream|from().measurement('m')\n@u().f( 'x',1.)"
        "|alert().crit(lambda: \"a\">1\n AND \"b\"<2).message('''it's''')\n// end"
    )

    assert render(parse(script)) == (
        '// top\ndbrp "a"."b"\n\nvar x = 5m\n\nstream\n    |from()\n        .measurement(\'m\')\n'
        "    @u()\n        .f('x', 1.0)\n    |alert()\n"
        '        .crit(lambda: "a" > 1 AND\n        "b" < 2)\n'
        "        .message('''it's''')\n\n// end\n"
    )


@pytest.mark.parametrize("tree", [String("'''\\"), Reference("a\\"), Float(float("inf"))])
def test_what_cannot_be_written_is_refused(tree):
    """No escape exists for a backslash before a closing quote."""
    with pytest.raises(ValueError, match=r"can be|cannot be"):
        render(tree)
