"""What one file of Python contains: a hash of its code, and what it imports.

The hash covers the syntax tree without docstrings, so that comments, layout and quotes do not count. The tree is
written out here and not by `ast.dump`, whose text differs between Python versions. An import whose name is computed
needs a comment on or above the statement: `# imports: decortique.words, torch` or `# imports: nothing (and why)`.
"""

import ast
import hashlib
import io
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

BUILTIN = {"__import__", "eval", "exec", "getattr"}
COMPUTED = {
    *("__import__", "eval", "exec", "importlib.__import__", "importlib.import_module", "importlib.reload"),
    *("importlib.machinery.SourceFileLoader", "importlib.util.spec_from_file_location", "runpy.run_module"),
    *("pkgutil.iter_modules", "pkgutil.resolve_name", "pkgutil.walk_packages", "runpy.run_path"),
}
SUSPICIOUS = re.compile(rb"__import__|eval|exec|importlib|pkgutil|runpy|getattr|import\s*\*")
DECLARATION = re.compile(
    r"#\s*imports:\s*(?:nothing\s*\(.+\)|(?P<names>(?!nothing\b)[\w.]+(?:\s*,\s*[\w.]+)*)(?:\s*\(.+\))?)\s*"
)
DOTTED = re.compile(r"\w+(?:\.\w+)+")
REDUNDANT = {"ctx", "kind", "type_comment", "type_ignores"}  # fields of the tree that repeat what the others say


class FingerprintError(Exception):
    """What in the code or in `requirements.lock` is wrong, where, and what to do: one plain line."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A dotted name that a file imports; `may_be_within` where it may be a module, or what stands in one."""

    name: str
    line: int
    may_be_within: bool = False


@dataclass(frozen=True, slots=True)
class Computed:
    """A place where a file may import what its code does not name."""

    line: int
    what: str
    declared: tuple[str, ...] | None  # by a comment; None where there is no such comment
    owner: str | None  # from which is imported, or asked for an attribute, where that decides whether the place counts


@dataclass(frozen=True, slots=True)
class Source:
    """What one file of Python contains."""

    digest: str | None  # see `digest`
    imported: tuple[Imported, ...]  # by name, also inside functions
    computed: tuple[Computed, ...]
    texts: frozenset[str]  # that look like names of modules, as in `python -m stages.prepare`
    is_script: bool  # it does something when it is the program


@cache
def read_source(content: bytes, path: str, package: str) -> Source:
    """Return what a file contains; relative imports start at `package`.

    Raises:
        FingerprintError: it is not Python, or a comment on a computed import is malformed.
    """
    tree = _parse(content, path)
    imported: list[Imported] = []
    texts: set[str] = set()
    bound: dict[str, str] = {}  # what the names that imports bind stand for
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                imported.append(Imported(alias.name, node.lineno))
                top = alias.name.partition(".")[0]
                bound[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package, path)
            imported.append(Imported(base, node.lineno))
            for alias in node.names:
                imported.append(Imported(f"{base}.{alias.name}", node.lineno, may_be_within=True))
                bound[alias.asname or alias.name] = f"{base}.{alias.name}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and DOTTED.fullmatch(node.value):
            texts.add(node.value)
    return Source(
        digest=_digest(tree),
        imported=tuple(imported),
        computed=tuple(_computed(tree, content, path, bound)) if SUSPICIOUS.search(content) else (),
        texts=frozenset(texts),
        is_script=any(
            isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'" for node in tree.body
        ),
    )


def digest(content: bytes, path: str = "<source>") -> str | None:
    """Return 16 hexadecimal digits that change when the code does; None where there is at most a docstring."""
    return _digest(_parse(content, path))


def short_hash(content: bytes) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()[:16]


def _parse(content: bytes, path: str) -> ast.Module:
    try:
        return ast.parse(content, path)
    except SyntaxError as error:
        raise FingerprintError(f"{path}:{error.lineno or 1}: is not Python: {error.msg}") from None
    except ValueError as error:
        raise FingerprintError(f"{path}: is not Python: {error}") from None


def _absolute(node: ast.ImportFrom, package: str, path: str) -> str:
    """Return the dotted name after `from`, where `from . import a` means the package of the file itself."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    if node.level > len(parts):
        raise FingerprintError(f"{path}:{node.lineno}: imports from above its top-level package")
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def _computed(tree: ast.Module, content: bytes, path: str, bound: Mapping[str, str]) -> Iterator[Computed]:
    if not (suspects := [*_suspects(tree, bound)]):
        return
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    comments = _comments(content)
    for node, what, owner in suspects:
        declared: tuple[str, ...] | None = None
        for line in _lines(node, statements, comments):
            text, _ = comments.get(line, ("", False))
            if re.match(r"#\s*imports:", text):
                if not (match := DECLARATION.fullmatch(text)):
                    raise FingerprintError(
                        f"{path}:{line}: write `# imports: a.b, c` or `# imports: nothing (and why)`, not `{text}`"
                    )
                declared = (*(declared or ()), *re.findall(r"[\w.]+", match["names"] or ""))
        yield Computed(node.lineno, what, declared, owner)


def _suspects(tree: ast.Module, bound: Mapping[str, str]) -> Iterator[tuple[ast.expr | ast.stmt, str, str | None]]:
    """Yield each such place, what it is called, and its `owner`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if node.names[0].name == "*":
                yield node, "import *", bound["*"].removesuffix(".*")
        elif isinstance(node, ast.Name | ast.Attribute):
            if (what := _meant(node, bound)) in COMPUTED:
                yield node, str(what), None
        elif isinstance(node, ast.Call) and _meant(node.func, bound) == "getattr" and len(node.args) > 1:
            asked, name, *_ = node.args
            if not isinstance(name, ast.Constant) and (owner := _meant(asked, bound)):
                yield node, f"getattr({ast.unparse(asked)}, …)", owner


def _meant(node: ast.expr, bound: Mapping[str, str]) -> str | None:
    """Return the dotted name of what an expression stands for; None unless an import or Python itself names it."""
    if isinstance(node, ast.Name):
        return bound.get(node.id) or (node.id if node.id in BUILTIN else None)
    if isinstance(node, ast.Attribute) and (owner := _meant(node.value, bound)):
        return f"{owner}.{node.attr}"
    return None


def _comments(content: bytes) -> dict[int, tuple[str, bool]]:
    """Return the comment of each line that has one, and whether the line holds nothing else."""
    return {
        token.start[0]: (token.string, not token.line[: token.start[1]].strip())
        for token in tokenize.tokenize(io.BytesIO(content).readline)
        if token.type == tokenize.COMMENT
    }


def _lines(
    node: ast.expr | ast.stmt, statements: Sequence[ast.stmt], comments: Mapping[int, tuple[str, bool]]
) -> range:
    """Return the lines on which a comment speaks of a node: its statement's, without a body, and comments above it."""
    around = [each for each in statements if _start(each) <= node.lineno and _end(each) >= _end(node)]
    statement = max(around, key=lambda each: (_start(each), each.col_offset))
    inside = [*getattr(statement, "body", []), *getattr(statement, "cases", [])]
    start, end = _start(statement), _end(statement)
    if inside and node.lineno <= (body := min(_start(each) for each in inside)):
        end = max(_end(node), body - 1)
    elif inside:
        start, end = node.lineno, _end(node)
    while comments.get(start - 1, ("", False))[1]:
        start -= 1
    return range(start, end + 1)


def _start(node: Any) -> int:
    """Return the first line of a statement or of a case, its decorators included."""
    return int(min(each.lineno for each in [getattr(node, "pattern", node), *getattr(node, "decorator_list", [])]))


def _end(node: ast.expr | ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _digest(tree: ast.Module) -> str | None:
    written: list[str] = []
    _write(tree, written.append)
    return short_hash("".join(written).encode()) if _effective(tree.body) else None


def _write(node: Any, write: Callable[[str], None]) -> None:
    """Write a syntax tree so that two texts are equal only where the trees are."""
    if isinstance(node, ast.AST):
        write(f"({type(node).__name__}")
        for name in sorted(node._fields):
            if name in REDUNDANT:
                continue
            value = getattr(node, name, None)
            if isinstance(value, list):
                value = _joined(value) if isinstance(node, ast.JoinedStr) else _effective(value)
                if isinstance(node, ast.Delete):  # formatters turn `del (a, b)` into `del a, b`
                    value = [part for each in value for part in (each.elts if isinstance(each, ast.Tuple) else [each])]
            if value is not None and value != []:
                write(f" {name}=")
                _write(value, write)
        write(")")
    elif isinstance(node, list):
        for each in node:
            write(",")
            _write(each, write)
    else:
        # The type tells 1 from 1.0, True and "1"; `repr` escapes other characters in another version of Unicode.
        write(f"{type(node).__name__}:{hex(node) if type(node) is int else ascii(node)}")


def _effective(nodes: list[Any]) -> list[Any]:
    """Drop the statements without an effect: docstrings, other constants, `pass`."""
    return [
        node
        for node in nodes
        if not isinstance(node, ast.Pass) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]


def _joined(values: list[Any]) -> list[Any]:
    """Join the texts that stand side by side in an f-string: Python versions cut them in different places."""
    joined: list[Any] = []
    for is_text, run in groupby(values, lambda value: isinstance(value, ast.Constant)):
        parts = list(run)
        text = "".join(each.value for each in parts) if is_text else ""
        joined += ([text] if text else []) if is_text else parts
    return joined
