"""Every refusal: its code and its words. Nothing here decides whether to refuse.

A message says what is wrong, who needs it, where that stands, and what to do. The place
in front is the line to look at first, and that line is shown below the message. Cells are
counted over the whole notebook, Markdown included, from 1; lines within their cell.
"""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Sequence

from kapnb.errors import ExportError
from kapnb_exporter._imports import Import
from kapnb_exporter._names import Read
from kapnb_exporter._namespace import Binding, Namespace
from kapnb_exporter._notebook import Notebook
from kapnb_exporter._statements import Statement, Unread, Use
from kapnb_exporter._values import Origin

_KAPNB_NAMES = frozenset({"BATCH", "Handler", "Option", "STREAM", "udf"})
_CHOICE = (
    "Choose: `freeze(…)` around a small plain value writes it into the script; "
    '`artifact("model.joblib", …)` keeps a model or an array in a file beside it; '
    "or make it an Option, or compute it in init()"
)
_HOW_TO_MARK = "Put @udf above its class, or `#| udf` on the first line of its cell"


def _refusal(code: str, notebook: Notebook, place: tuple[int, int], message: str) -> ExportError:
    cell, line = place
    text = notebook.cell(cell).source.split("\n")[line - 1].strip()
    return ExportError(f"{message}\n    {text}", where=notebook.where(cell, line), code=code)


def _at(place: tuple[int, int]) -> str:
    return f"cell {place[0]}, line {place[1]}"


def _place(item: Binding) -> tuple[int, int]:
    return item.cell, item.line


def _used_by(use: Use | None) -> str:
    return f", which {use.user} uses ({_at(use.place)})" if use else ""


# -- KN1xx: which Handler


def none_marked(
    notebook: Notebook, unread: Sequence[Unread], name: str | None, marked: str
) -> ExportError:
    """KN101, when no cell marks a Handler, or none of that name."""
    what = f"no Handler called {name} is marked" if name else "no Handler is marked"
    if marked:
        what += f"; there is {marked}"
    message = f"{what}. {_HOW_TO_MARK}{_unread_note(unread)}"
    return ExportError(message, where=notebook.name, code="KN101")


def no_class_in_marked_cell(notebook: Notebook, cell: int, unread: Unread | None) -> ExportError:
    """KN101, when a cell is marked and has nothing to export."""
    reason = f"cannot be read ({unread.reason})" if unread else "defines no class"
    message = f"this cell is marked udf but {reason}. Mark the cell with the Handler's class"
    return _refusal("KN101", notebook, (cell, unread.line if unread else 1), message)


def marked_function(notebook: Notebook, statement: Statement) -> ExportError:
    """KN101, when the marker stands on a function."""
    message = f"@udf marks {statement.title}, which is a function; a Handler is a class"
    return _refusal("KN101", notebook, _place(statement), message)


def several_marked(notebook: Notebook, marked: str) -> ExportError:
    """KN102, when a choice between Handlers is needed."""
    message = f"several Handlers are marked: {marked}. Name the one to export"
    return ExportError(message, where=notebook.name, code="KN102")


def ambiguous_cell(notebook: Notebook, classes: Sequence[Statement]) -> ExportError:
    """KN102, when a marked cell has several classes and not exactly one is a Handler."""
    names = ", ".join(statement.title for statement in classes)
    message = (
        f"this cell is marked udf and defines several classes: {names}. "
        "Put @udf above the one to export"
    )
    return _refusal("KN102", notebook, _place(classes[0]), message)


# -- KN2xx: names


def undefined(space: Namespace, use: Use) -> ExportError:
    """KN201, when no cell that could be read defines a name."""
    if use.read.name == "__file__":
        message = (
            f"`__file__`, used by {use.user}, does not exist in a notebook, so what is made of it "
            'was never tried. `MODEL = artifact("model.pkl")` finds a file beside the script, in '
            "models/ there and in ../models/, or at MODEL_PATH"
        )
        return _refusal("KN201", space.notebook, use.place, message)
    message = (
        f"`{use.read.name}`, used by {use.user}, is not defined in any cell."
        f"{_likely_cure(space, use.read.name)} "
        "Define it in a cell; what only lives in the kernel's memory cannot be exported"
    )
    return _refusal("KN201", space.notebook, use.place, message + _unread_note(space.unread))


def _likely_cure(space: Namespace, name: str) -> str:
    if name in sys.stdlib_module_names:
        return f" Is `import {name}` missing?"
    if name in _KAPNB_NAMES:
        return f" Is `from kapnb import {name}` missing?"
    near = difflib.get_close_matches(name, sorted(space.binders), n=1)
    return f" Did you mean `{near[0]}`?" if near else ""


def defined_in_unread(notebook: Notebook, use: Use, unread: Unread) -> ExportError:
    """KN201 or KN204, when a name seems to come from a cell that could not be read."""
    if unread.is_magic:
        code, why = "KN204", f"is owned by {unread.reason}, whose contents are not exported"
    else:
        code, why = "KN201", f"is not valid Python ({unread.reason})"
    message = (
        f"`{use.read.name}`, used by {use.user} ({_at(use.place)}), seems to be defined in "
        f"this cell, which {why}. Define it in a plain cell"
    )
    return _refusal(code, notebook, (unread.cell, unread.line), message)


def defined_by_magic(notebook: Notebook, use: Use, statement: Statement) -> ExportError:
    """KN204, when only a magic mentions the name."""
    message = (
        f"`{use.read.name}`, used by {use.user} ({_at(use.place)}), seems to be set by this "
        "magic, which is not exported. Set it in plain Python"
    )
    line = statement.magic_line or statement.line
    return _refusal("KN204", notebook, (statement.cell, line), message)


def redefined(notebook: Notebook, name: str, bindings: Sequence[Binding]) -> ExportError:
    """KN202, when a name has different definitions."""
    *others, last = bindings
    places = " and ".join(_at(_place(item)) for item in others)
    message = (
        f"`{name}` is defined here and, differently, in {places}; which one counts would "
        "hang on the order of execution. Keep one definition, or give the others other names"
    )
    return _refusal("KN202", notebook, _place(last), message)


def ipython_only(notebook: Notebook, use: Use) -> ExportError:
    """KN203, when a name exists in IPython only."""
    message = (
        f"`{use.read.name}`, used by {use.user}, exists in IPython only. "
        "Remove it, or write to the log with print()"
    )
    return _refusal("KN203", notebook, use.place, message)


def top_level_await(
    notebook: Notebook, statement: Statement, use: Use | None, line: int
) -> ExportError:
    """KN203, when a needed statement awaits outside every function."""
    message = (
        f"`{statement.title}`{_used_by(use)} awaits at top level, which only IPython allows. "
        "Await it in a method of the Handler"
    )
    return _refusal("KN203", notebook, (statement.cell, line), message)


def magic(notebook: Notebook, statement: Statement, use: Use | None) -> ExportError:
    """KN204, when a needed statement has a magic or a shell escape in it."""
    message = (
        f"a magic or shell escape stands in `{statement.title}`{_used_by(use)}. "
        "A script has neither: write it in plain Python"
    )
    line = statement.magic_line or statement.line
    return _refusal("KN204", notebook, (statement.cell, line), message)


def star_import(notebook: Notebook, use: Use, stars: Sequence[Import]) -> ExportError:
    """KN205, when a name may come from a star import."""
    lines = ", ".join(f"`from {s.module} import *` ({_at(_place(s))})" for s in stars)
    message = (
        f"`{use.read.name}`, used by {use.user}, can only come from {lines}. "
        f"Import it by name: `from {stars[-1].module} import {use.read.name}`"
    )
    return _refusal("KN205", notebook, use.place, message)


def shadowed_builtin(notebook: Notebook, use: Use) -> ExportError:
    """KN205, when a star import, or a magic, gives a builtin's name another meaning."""
    message = (
        f"`{use.read.name}`, used by {use.user}, is Python's own in the script, but not in the "
        "notebook, where a star import or a magic puts something else in its place. Import that "
        "by name, or under another one"
    )
    return _refusal("KN205", notebook, use.place, message)


def notebook_only(notebook: Notebook, use: Use, path: str) -> ExportError:
    """KN206, when the script would need a package that is for notebooks."""
    message = (
        f"{use.user} uses {path}, which belongs to the notebook and not into production. "
        "Move it to a cell that the Handler does not need"
    )
    return _refusal("KN206", notebook, use.place, message)


def notebook_data(
    notebook: Notebook, statement: Statement, use: Use | None, origin: Origin
) -> ExportError:
    """KN207, when a value is computed from the notebook's data."""
    made = f"{origin.path} in {_at(origin.call.place)}"
    if use is None or statement.is_definition:
        inner = Use(statement, origin.entry)
        message = f"{inner.user} needs notebook data, made by {made}, to be defined at all"
        return _refusal("KN207", notebook, inner.place, f"{message}. {_CHOICE}")
    verb = "holds" if origin.call.by is statement else "is computed from"
    message = (
        f"`{use.read.name}` ({_at(_place(statement))}), used by {use.user}, {verb} notebook "
        f"data, made by {made}; the script has no such data. {_CHOICE}"
    )
    return _refusal("KN207", notebook, use.place, message)


def bound_by_block(
    notebook: Notebook, statement: Statement, use: Use, construct: str
) -> ExportError:
    """KN208, when a name is left over from a loop, a with block or the like."""
    message = (
        f"`{use.read.name}`, used by {use.user}, is bound by {construct} "
        f"({_at(_place(statement))}). Define it by a plain assignment"
    )
    if isinstance(statement.node, ast.With | ast.AsyncWith):
        message += '; what is read from a file, by artifact("FILE")'
    return _refusal("KN208", notebook, use.place, message)


def mutated(
    notebook: Notebook, name: str, definition: Binding, place: tuple[int, int]
) -> ExportError:
    """KN209, when another statement changes an object of the closure."""
    message = (
        f"`{name}`, defined in {_at(_place(definition))} and needed by the script, is changed "
        "here; the script would have it unchanged. Build it in its definition, or give what "
        "comes of it a name of its own with freeze() or artifact()"
    )
    return _refusal("KN209", notebook, place, message)


def writes_global(notebook: Notebook, statement: Statement, write: Read) -> ExportError:
    """KN210, when a function of the closure writes a module global."""
    message = (
        f"{write.user} writes the global `{write.path}`, which a snapshot does not hold and "
        "all groups share. Keep it in the group's state"
    )
    return _refusal("KN210", notebook, (statement.cell, write.line), message)


def changes_global(notebook: Notebook, statement: Statement, read: Read) -> ExportError:
    """KN210, when a function of the closure changes a module-level object in place."""
    message = (
        f"{read.user} changes `{read.name}`, which a snapshot does not hold and all groups share. "
        f"Keep it in the group's state. {_allow('KN210')}"
    )
    return _refusal("KN210", notebook, (statement.cell, read.line), message)


def out_of_order(notebook: Notebook, use: Use, binding: Statement) -> ExportError:
    """KN211, when a statement needs, in order to run, what a later one defines."""
    message = (
        f"`{use.by.title}` needs `{use.read.name}` in order to run, which is defined further "
        f"down ({_at(_place(binding))}); this only works if cells are executed out of order. "
        "Move that definition above this one"
    )
    return _refusal("KN211", notebook, use.place, message)


def user_input(notebook: Notebook, statement: Statement, use: Use, read: Read) -> ExportError:
    """KN212, when a person typed a value in."""
    message = (
        f"`{use.read.name}` ({_at(_place(statement))}), used by {use.user}, is what a person "
        f"answered to {read.path}(); a script has nobody to ask. Make it an Option, so that the "
        "TICKscript gives it, or write the value down"
    )
    return _refusal("KN212", notebook, (statement.cell, read.line), message)


def misplaced_keeper(notebook: Notebook, use: Use, path: str) -> ExportError:
    """KN213, when `freeze` or `artifact` is called where its value cannot be written."""
    name = path.rpartition(".")[2]
    message = (
        f"{name}(…) must be all that stands right of an assignment to one name, outside "
        f"functions and classes: `NAME = {name}(…)`. Use that name here"
    )
    return _refusal("KN213", notebook, use.place, message)


def unwritable(notebook: Notebook, statement: Statement) -> ExportError:
    """KN213, when an `artifact` cannot be written into a script."""
    assert statement.kept is not None
    message = f"artifact(…) cannot be exported: {statement.kept.fault}"
    return _refusal("KN213", notebook, _place(statement), message)


def holds_own_class(
    notebook: Notebook, statement: Statement, definition: Binding, name: str
) -> ExportError:
    """KN213, when an artifact is pickled from classes or functions of the notebook."""
    message = (
        f"`{statement.title}` holds `{name}` ({_at(_place(definition))}), which the script does "
        "not define, so that the file could not be read there. Move it into a module beside the "
        "notebook and bring that along (--bring-modules), or keep plain values and arrays and make "
        "the object of them in the script"
    )
    return _refusal("KN213", notebook, _place(statement), message)


# -- KN3xx: modules and streams


def local_module(notebook: Notebook, place: tuple[int, int], package: str) -> ExportError:
    """KN301, when an import finds a file beside the notebook."""
    what = f"`{package}`" if package else "what a relative import finds"
    message = (
        f"{what} is a module beside the notebook; the script would not find it. "
        "Bring it along (--bring-modules), make it an installed package, or copy what is needed "
        "into a cell"
    )
    return _refusal("KN301", notebook, place, message)


def shadowing_name(file_name: str, module: str, *, is_stdlib: bool) -> ExportError:
    """KN302, when the script's name hides a module from every import beside it."""
    owner = "the standard library" if is_stdlib else "a package that the script imports"
    message = (
        f"a script of this name would hide `{module}` of {owner}, its own imports "
        "first of all. Choose another name"
    )
    return ExportError(message, where=file_name, code="KN302")


def standard_stream(notebook: Notebook, use: Use, path: str) -> ExportError:
    """KN303, when the closure uses stdin or stdout."""
    message = (
        f"{use.user} uses {path}, but the protocol owns stdin and stdout. "
        "Take values as Options; write to the log with print()"
    )
    return _refusal("KN303", notebook, use.place, message)


def secret(notebook: Notebook, statement: Statement, line: int, kind: str) -> ExportError:
    """KN310, when a literal looks like a secret; its text is not repeated."""
    message = (
        f"a literal in `{statement.title}` looks like {kind}; a script is copied, kept and read "
        "by others. Have init() read it from the environment, such as os.environ[...], or from a "
        f"file. {_allow('KN310')}"
    )
    where = notebook.where(statement.cell, line)
    return ExportError(message, where=where, code="KN310")


def secret_in_data(
    notebook: Notebook, handler: str, place: tuple[int, int], kind: str
) -> ExportError:
    """KN310, when the options or the data of a simulation hold a secret."""
    message = (
        f"a simulation of {handler} holds what looks like {kind}, and the script carries some of "
        f"it for --check. Simulate it with something made up. {_allow('KN310')}"
    )
    return ExportError(message, where=notebook.where(*place), code="KN310")


def machine_path(notebook: Notebook, statement: Statement, line: int, path: str) -> ExportError:
    """KN311, when a literal is a path of the author's machine."""
    message = (
        f"`{statement.title}` holds a path of this machine, {path}; production has no such file. "
        "Make it an Option, or bring the file along with artifact(). " + _allow("KN311")
    )
    return _refusal("KN311", notebook, (statement.cell, line), message)


def _allow(code: str) -> str:
    return f"If it is meant so, end the line with `# kapnb: allow {code}`"


def no_distribution(notebook: Notebook, place: tuple[int, int], package: str) -> ExportError:
    """KN312, when nothing installed could be named as what brings an import."""
    message = (
        f"`{package}` belongs to no installed distribution, so that the script could not say "
        "what to install. Install it as a package, or remove the import"
    )
    return _refusal("KN312", notebook, place, message)


def _unread_note(unread: Sequence[Unread]) -> str:
    if not unread:
        return ""
    cells = "; ".join(f"cell {item.cell}, line {item.line}: {item.reason}" for item in unread)
    return f". Cells that could not be read: {cells}"
