"""What must not stand in a script as a literal: secrets, and paths of the author's machine.

A rule of thumb that is wrong now and then is of use only if it can be overruled: a line that
ends in ``# kapnb: allow KN310`` is.
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from kapnb_exporter._names import dotted_path

__all__ = ["allowed_lines", "find_machine_path", "find_secret", "shapes"]

#: Tokens that say themselves what they are.
_SHAPES = {
    "an access key of a cloud": r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{35}",
    "a token of a code host": r"\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|glpat-[\w-]{20,})",
    "a token of a chat": r"\bxox[abprs]-[\w-]{10,}",
    "an API key": r"\bsk-[A-Za-z0-9_-]{20,}|\bsk_live_\w{16,}",
    "a JSON web token": r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+",
    "a token of a package index": r"\b(npm_[A-Za-z0-9]{36}|pypi-[\w-]{40,})",
    "a token of a model hub": r"\bhf_[A-Za-z0-9]{30,}",
    "a webhook": r"\bhooks\.slack\.com/services/\w+/\w+/\w{16,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a URL with a password": r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@{}<>$]+@",
    "an authorization header": r"\bBearer (?=\S*\d)[\w.~+/-]{12,}"
    r"|\bToken (?=\S*\d)[A-Za-z0-9+/-]{16,}"
    r"|\bBasic (?=\S*[\d=])(?=\S*[a-z])(?=\S+[A-Z])[A-Za-z0-9+/]{8,}",
    "a password in a text": r"(?i)[?&;](access_token|api_?key|password|pwd|secret|token)="
    r"(?![{<$%])[^\s&;]{5,}",
}
_SHAPE = {kind: re.compile(pattern) for kind, pattern in _SHAPES.items()}
_SECRET_NAME = re.compile(
    r"(^|[_-])(password|passwd|passphrase|pwd|db_?pass|secret|token|credentials?"
    r"|(api|access|auth|private|secret)[_-]?key)$",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[A-Za-z0-9_\-+/]{32,}={0,2}")
_HEX = re.compile(r"(?=.*\d)(?=.*[a-f])[0-9a-f]{32,}", re.IGNORECASE)
#: Names of what is written in hexadecimal digits, too, and no secret.
_HASH_NAME = re.compile(r"sha|md5|hash|digest|checksum|commit|revision|uuid", re.IGNORECASE)
#: Bits a character; English and identifiers stay below, random base64 reaches five.
_ENTROPY = 4.3
#: Where people keep things, and services do not. A path may stand within a text; in an
#: f-string it may end where its next part is computed.
_HOME = re.compile(
    r"(?:^|(?<=[\s=,;'\"(]))(?:file://)?"
    r"(?:(?:/home/|/Users/|/root/|/tmp/|/var/folders/|/media/|/mnt/|/Volumes/|/workspaces/"
    r"|/content/drive/|/kaggle/|~[\\/])|[A-Za-z]:[\\/]\S|\\\\[\w.-]+\\\w)"
)


def find_secret(node: ast.stmt, source: str, first: int) -> tuple[int, str] | None:
    """Return the line and the kind of the first thing that looks like a secret.

    Parameters
    ----------
    node : ast.stmt
        The statement.
    source : str
        Its text, comments included; they travel, too.
    first : int
        The line in the cell at which the text begins.
    """
    allowed = allowed_lines(source, first, "KN310")
    found = [*_named_secrets(node), *_shaped_secrets(source, first)]
    found += [
        (line, "a random token")
        for line, text in _texts(node)
        if any(map(_is_random, _TOKEN.findall(text)))
    ]
    # As written, a text may be cut into several on several lines.
    found += [(line, kind) for line, text in _texts(node) for kind in _kinds(text)]
    hashes = {id(value) for name, value in _given(node) if _HASH_NAME.search(name)}
    found += [
        (part.lineno, "a random token")
        for part, text in _constants(node)
        if id(part) not in hashes and _HEX.fullmatch(text)
    ]
    return min((item for item in found if item[0] not in allowed), default=None)


def find_machine_path(
    node: ast.stmt, source: str, first: int, folder: Path
) -> tuple[int, str] | None:
    """Return the line and the text of the first path that only the author's machine has.

    Parameters
    ----------
    node, source, first
        As for `find_secret`.
    folder : Path
        The notebook's folder; whatever lies there is the author's.
    """
    allowed = allowed_lines(source, first, "KN311")
    here = (str(folder.resolve()), str(Path.home()))
    for line, text in _texts(node):
        is_ours = _HOME.search(text) or any(
            text == place or text.startswith(f"{place}/") for place in here if place != "/"
        )
        if is_ours and line not in allowed:
            return line, text
    return None


def allowed_lines(source: str, first: int, code: str) -> set[int]:
    """Return the lines that say in a comment that something is meant as it is.

    Parameters
    ----------
    source : str
        The text.
    first : int
        The line in the cell at which it begins.
    code : str
        What is allowed, such as ``KN310``.
    """
    pattern = re.compile(rf"#\s*kapnb:\s*allow\b.*\b{code}\b")
    return {number for number, line in enumerate(source.split("\n"), first) if pattern.search(line)}


def _texts(node: ast.stmt) -> Iterator[tuple[int, str]]:
    """Yield the string literals with their lines, docstrings left out."""
    yield from ((part.lineno, text) for part, text in _constants(node))


def _constants(node: ast.stmt) -> Iterator[tuple[ast.Constant, str]]:
    """Yield the literals that are text, or bytes that could be, docstrings left out."""
    docstrings = {
        id(part.body[0].value)
        for part in ast.walk(node)
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and isinstance(part.body[0], ast.Expr)
    }
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and id(part) not in docstrings:
            text = _text(part)
            if text is not None:
                yield part, text


def _text(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Constant(value=bytes(content)):
            return content.decode("latin-1")
    return None


def _shaped_secrets(source: str, first: int) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(source.split("\n"), first):
        yield from ((number, kind) for kind in _kinds(line))


def shapes(text: str) -> Iterator[tuple[str, str]]:
    """Yield kind and text of what says itself that it is a secret, wherever it stands."""
    for kind, pattern in _SHAPE.items():
        yield from ((kind, found[0]) for found in pattern.finditer(text))


def _kinds(text: str) -> Iterator[str]:
    return (kind for kind, _ in shapes(text))


def _named_secrets(node: ast.stmt) -> Iterator[tuple[int, str]]:
    """Yield the literals that are given to something called like a secret."""
    for name, value in _given(node):
        text = _text(value)
        if text is not None and _SECRET_NAME.search(name) and _is_one(text):
            yield value.lineno, f"the value of `{name}`"


def _given(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    for part in ast.walk(node):
        match part:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _unpacked(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) if _name(target):
                yield _name(target), value
            case ast.NamedExpr(target=target, value=value):
                yield _name(target), value
            case ast.keyword(arg=str(name), value=value):
                yield name, value
            case ast.Call(func, [ast.Constant(value=str(name)), value]) if _reads_environment(func):
                yield name, value  # what stands in for a variable that is not set
            case ast.arguments():
                yield from _defaults(part)
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        yield key.value, value


def _reads_environment(function: ast.expr) -> bool:
    return re.search(r"\b(environ\.get|getenv)$", dotted_path(function) or "") is not None


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match target, value:
        case ast.Tuple() | ast.List(), ast.Tuple() | ast.List():
            for inner, part in zip(target.elts, value.elts, strict=False):
                yield from _unpacked(inner, part)
        case _ if _name(target):
            yield _name(target), value


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    places = [*arguments.posonlyargs, *arguments.args]
    pairs = zip(reversed(places), reversed(arguments.defaults), strict=False)
    pairs_by_keyword = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    for argument, value in (*pairs, *pairs_by_keyword):
        if value is not None:
            yield argument.arg, value


def _name(target: ast.expr) -> str:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return ""


def _is_one(text: str) -> bool:
    """Whether a text may be a secret: one word of some length, and no name of a field."""
    return len(text) >= 5 and not re.search(r"\s", text) and not _SECRET_NAME.search(text)


def _is_random(word: str) -> bool:
    kinds = (str.isupper, str.islower, str.isdigit)
    if not all(any(map(kind, word)) for kind in kinds):
        return False
    counts = Counter(word).values()
    return -sum(n / len(word) * math.log2(n / len(word)) for n in counts) > _ENTROPY
