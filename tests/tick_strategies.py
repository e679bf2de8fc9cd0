"""Hypothesis strategies: TICKscripts as trees, all of which can be written."""

import dataclasses

from hypothesis import strategies as st

from kapnb.model import INT_MAX
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
    Program,
    Reference,
    Regex,
    Star,
    String,
    TypeDeclaration,
    Unary,
)

KEYWORDS = {"AND", "OR", "TRUE", "FALSE", "var", "dbrp", "lambda"}
OPERATORS = ["OR", "AND", "==", "!=", "=~", "!~", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"]
UNITS = {"u": 10**3, "µ": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}

names = st.from_regex(r"[a-zé日][a-zA-Z0-9_]{0,4}", fullmatch=True).filter(
    lambda name: name not in KEYWORDS
)
comment_lines = st.text(max_size=8).filter(lambda line: "\n" not in line and line == line.rstrip())
comments = st.lists(comment_lines, min_size=1, max_size=2).map(
    lambda lines: Comment(tuple(lines))
) | st.just(Comment(("one", "\n", "two")))


def commented(nodes):
    """Give a tenth of the nodes a comment."""
    return st.builds(
        lambda node, comment, lot: dataclasses.replace(node, comment=comment) if lot == 0 else node,
        nodes,
        comments,
        st.integers(0, 9),
    )


durations = st.builds(
    lambda count, unit: DurationLiteral(count * UNITS[unit], f"{count}{unit}"),
    st.integers(0, 10**4),
    st.sampled_from(sorted(UNITS)),
)
strings = st.builds(
    String, st.text(max_size=8) | st.text("ab'\\\n", max_size=6), triple=st.booleans()
).filter(
    lambda node: (
        not node.value.endswith("\\")
        or ("'''" not in node.value and "''\\" not in node.value and node.value[-1:] != "'")
    )
)
references = st.builds(Reference, (st.text(max_size=6) | st.text('a"\\', max_size=5))).filter(
    lambda node: not node.name.endswith("\\")
)
literals = st.one_of(
    st.builds(Integer, st.integers(0, INT_MAX), st.sampled_from([8, 10])),
    st.builds(Float, st.floats(0, allow_infinity=False).map(abs)),
    durations,
    st.builds(Boolean, st.booleans()),
    strings,
)
regexes = st.builds(
    Regex,
    st.text("a/.|", min_size=1, max_size=6)
    | st.sampled_from([r"\d+", r"a\/b", "^(x|y)*$", "[/*]"]),
)
operands = commented(
    st.one_of(literals, references, st.builds(Identifier, names), regexes, st.builds(Star))
)


def leading(tree):
    """Return the first operand of a tree."""
    while isinstance(tree, Binary):
        tree = tree.left
    return tree


@st.composite
def binaries(draw, inner):
    operator, left, right = draw(st.sampled_from(OPERATORS)), draw(inner), draw(inner)
    if operator in ("=~", "!~"):
        # After these, the slashes of a comment are an empty regex.
        right = draw(st.builds(Identifier, names) | regexes)
    node = Binary(operator, left, right, parenthesised=draw(st.booleans()))
    return draw(commented(st.just(node))) if operator in ("AND", "OR", "-") else node


expressions = st.recursive(
    operands,
    lambda inner: st.one_of(
        binaries(inner),
        commented(st.builds(Unary, st.sampled_from("-!"), inner)),
        commented(st.builds(Call, names, st.lists(inner, max_size=2).map(tuple))),
    ),
    max_leaves=6,
)
lambdas = commented(st.builds(LambdaExpression, expressions))
lists = commented(
    st.builds(
        ListLiteral,
        st.lists(
            commented(st.one_of(strings, st.builds(Identifier, names), st.builds(Star))), max_size=3
        ).map(tuple),
    )
)


@st.composite
def chains(draw, arguments):
    node = draw(commented(st.builds(Identifier, names)))
    calls = commented(st.builds(Call, names, st.lists(arguments, max_size=3).map(tuple)))
    for operator in draw(st.lists(st.sampled_from("|.@"), min_size=1, max_size=5)):
        bare = commented(st.builds(Identifier, names)) if operator != "|" else st.nothing()
        node = Chain(node, operator, draw(calls | bare))
        node = draw(commented(st.just(node)))
    return node


arguments = st.recursive(
    st.one_of(expressions, lambdas, lists), lambda inner: chains(inner), max_leaves=3
)


def starts_plain(tree):
    """Tell whether no comment leads a tree: after ``=`` it would be an empty regex."""
    while isinstance(tree, Binary | Chain):
        tree = tree.left
    return tree.comment is None


statements = st.one_of(
    chains(arguments),
    commented(st.builds(Declaration, names, arguments.filter(starts_plain))),
    commented(st.builds(TypeDeclaration, names, names)),
    commented(st.builds(Dbrp, references.map(lambda r: r.name), references.map(lambda r: r.name))),
)
programs = st.builds(Program, st.lists(statements, max_size=4).map(tuple), st.none() | comments)
