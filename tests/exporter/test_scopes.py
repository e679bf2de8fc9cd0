"""Who binds and who reads: held against Python's own symbol tables."""

import ast
import symtable
import sys
import sysconfig
import textwrap
import warnings
from pathlib import Path

import pytest

from kapnb_exporter._names import mutations
from kapnb_exporter._scopes import names_of

STDLIB = Path(sysconfig.get_path("stdlib"))
SAMPLE = [
    *("argparse", "ast", "asyncio/tasks", "collections/__init__", "concurrent/futures/process"),
    *("contextlib", "dataclasses", "enum", "functools", "inspect", "locale", "logging/config"),
    *("pathlib", "random", "re/_parser", "statistics", "typing", "unittest/mock", "warnings"),
]


def only_statement(text):
    (node,) = ast.parse(textwrap.dedent(text)).body
    return node


def globals_of_functions(table, inside=False):
    """Names that functions look up in module scope, according to symtable."""
    for child in table.get_children():
        deferred = inside or child.get_type() == "function"
        if deferred:
            yield from (s.get_name() for s in child.get_symbols() if s.is_global())
        yield from globals_of_functions(child, deferred)


@pytest.mark.parametrize("module", SAMPLE)
def test_functions_read_what_symtable_says(module):
    """For real modules, names read from functions are those that symtable calls global."""
    path = STDLIB / f"{module}.py"
    if not path.exists():
        pytest.skip(f"{module} is not in this Python's library")
    text = path.read_text(encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = set(globals_of_functions(symtable.symtable(text, module, "exec")))
        names = [names_of(node) for node in ast.parse(text).body]
    written = {write.name for n in names for write in n.global_writes}
    anywhere = {read.name for n in names for read in n.reads} | written
    in_functions = {read.name for n in names for read in n.reads if read.deferred}
    mangled = {name for name in expected if name.startswith("_") and "__" in name}
    assert expected - mangled <= anywhere
    assert in_functions <= expected | {name for name in anywhere if name.startswith("__")}


@pytest.mark.parametrize(
    ("text", "binds", "reads"),
    [
        ("x = [i for i in y]", "x", "y"),
        ("x = [(n := i) for i in y]", "n x", "y"),
        ("for x in y: z = x", "x z", "x y"),
        ("def f(a: A = d, *b, c=e, **g) -> R: return a, b, c, g, h", "f", "A R d e h"),
        ("f = lambda a, b=c: a + b + d", "f", "c d"),
        (
            "class C(B, metaclass=M):\n    x = x\n    y = x\n    def m(self): return y",
            "C",
            "B M x y",
        ),
        ("class C:\n    def m(self): return super().n, __class__", "C", "super"),
        ("try: pass\nexcept E as e: e", "e", "E e"),
        ("match x:\n    case [a, *b]: pass\n    case {'k': c, **d}: pass", "a b c d", "x"),
        ("def f():\n    global g\n    g = 1\n    return g", "f", "g"),
        ("def f():\n    n = 1\n    def g():\n        nonlocal n\n        n = 2", "f", ""),
        ("class C:\n    import a.b as m\n    x = m.y", "C", ""),
        ("x: T", "", "T"),
        ("x: T = y", "x", "T y"),
        ("x += y", "", "x y"),
        ("with a as (b, c[d]): pass", "b", "a c d"),
        ("a.b.c(d).e = f[g]", "", "a d f g"),
        ("print(f'{a!r:>{b}}')", "", "a b print"),
    ],
)
def test_a_statement_binds_and_reads(text, binds, reads):
    """Each construct is judged by Python's rules of scope."""
    names = names_of(only_statement(text))
    assert sorted(names.binds) == binds.split()
    assert sorted({read.name for read in names.reads}) == reads.split()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters are new in Python 3.12")
@pytest.mark.parametrize(
    ("text", "binds", "reads"),
    [
        ("def f[T: B](x: T) -> T: return y", "f", "B y"),
        ("class C[T](Base[T]):\n    x: T", "C", "Base"),
        ("type A[T] = list[T] | X", "A", "X list"),
    ],
)
def test_type_parameters_are_scopes(text, binds, reads):
    """What a definition's own brackets bind is not looked up in the module."""
    test_a_statement_binds_and_reads(text, binds, reads)


def test_a_read_knows_its_path_its_line_and_its_user():
    """What refusals say is taken from the look-up itself."""
    node = only_statement("""\
        class Mean(Base):
            size = np.float64(3)

            def point(self, point):
                return pd.options.mode
    """)
    found = {r.path: (r.line, r.user, r.called, r.deferred) for r in names_of(node).reads}
    assert found == {
        "Base": (1, "", False, False),
        "np.float64": (2, "Mean", True, False),
        "pd.options.mode": (5, "Mean.point", False, True),
    }


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("x.append(1)", ["x"]),
        ("x['a'].b = 1", ["x"]),
        ("x += 1", ["x"]),
        ("del x[0], y", ["x", "y"]),
        ("for i in z: x.update(i)", ["x"]),
        ("x, y.z = 1, 2", ["y"]),
        ("x = y.copy()", []),
        ("def f(): x.append(1)", []),
    ],
)
def test_a_statement_changes_objects_in_place(text, changed):
    """Only what happens when the statement runs counts as a change."""
    assert [name for name, _ in mutations(only_statement(text))] == changed
