"""What counts as a change of the code: too little, and a result is stale; too much, and a comment trains for hours."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from decortique.core.source import FingerprintError, digest

ROOT = Path(__file__).parents[2]
CONSTRUCTS = Path(__file__).with_name("constructs.txt")  # every construct of the language, in odd spellings
FILES = sorted(path for top in ("stages", "decortique", "tools", "experiments") for path in (ROOT / top).rglob("*.py"))

MEASURE = """
import json, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from decortique.core.source import digest
print(json.dumps([digest(Path(name).read_bytes(), name) for name in sys.stdin.read().split("\\n")]))
"""


def of(source: str) -> str | None:
    return digest(source.encode())


def other_pythons() -> list[str]:
    """Return supported interpreters on this machine of other versions than this one."""
    named = [shutil.which(f"python3.{minor}") for minor in range(11, 20)]
    candidates = [*filter(None, named), *map(str, sorted(Path.home().glob(".pyenv/versions/3.*/bin/python")))]
    interpreters: dict[str, str] = {}
    for candidate in candidates:
        ask = [candidate, "-c", "import sys; print(*sys.version_info[:2])"]
        version = subprocess.run(ask, capture_output=True, text=True, check=False).stdout.split()
        if version and (3, 11) <= (int(version[0]), int(version[1])) != sys.version_info[:2]:
            interpreters[version[1]] = candidate
    return list(interpreters.values())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "# why\nx = 1  # because\n\n"),
        ('def f():\n    """Before."""\n    return 1', 'def f():\n    """After, longer."""\n    return 1'),
        ('class A:\n    """Before."""\n    x = 1', "class A:\n    x = 1"),
        ('"""Before."""\nx = 1', "'''After.'''\nx = 1"),
        ("class A:\n    x = 1\n    'Of an attribute.'", "class A:\n    x = 1"),
        ("def f():\n    '''Doc.'''", "def f():\n    '''Doc.'''\n    pass"),
        ("x = (1 +\n     2)", "x = 1 + 2"),
        ("x = [1, 2]", "x = [\n    1,\n    2,\n]"),
        ("f(a, b)", "f(\n    a,\n    b,\n)"),
        ("x = 'a' \"b\"", 'x = "ab"'),
        ("x = u'a'", "x = 'a'"),
        ("x = 0XFF", "x = 255"),
        ("x = f'a{y}' 'b'", 'x = f"a{y}b"'),
        ("x = f'' f'{y}' ''", "x = f'{y}'"),
        ("del (a, b)", "del a, b"),
        ("x = 1\r\ny = 2\r\n", "x = 1\ny = 2\n"),
        ("if a: pass\nelse: b()", "if a:\n    ...\nelse:\n    b()"),
    ],
)
def test_edits_that_cannot_change_a_result_rerun_nothing(before: str, after: str) -> None:
    assert of(before) == of(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "x = 2"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 1", "x = '1'"),
        ("x = 'a'", "x = b'a'"),
        ("x = None", "x = ..."),
        ("x = 1", "x = 1j"),
        ("x = 0.0", "x = -0.0"),
        ("x = ''", "x = None"),
        ("x = 'a b'", "x = 'a  b'"),
        ("x = 1", "y = 1"),
        ("x = a.b", "x = a.c"),
        ("x = a + b", "x = a - b"),
        ("x = (1)", "x = (1,)"),
        ("x = [1, 2]", "x = [2, 1]"),
        ("x = {**a}", "x = {None: a}"),
        ("f(a)", "f(*a)"),
        ("f(a=b)", "f(b=b)"),
        ("def f(a, b=1): pass", "def f(a, *, b=1): pass"),
        ("def f(a): g()", "async def f(a): g()"),
        ("x = f'{y}'", "x = f'{y!r}'"),
        ("x = f'{y}'", "x = f'{y:>3}'"),
        ("x = f'{y}'", "x = '{y}'"),
        ("x = f'{{y}}'", "x = f'{y}'"),
        ("x = f'{y=}'", "x = f'{y}'"),
        ("x = 'a', 'b'", "x = 'a' 'b'"),
        ("from a import b", "from .a import b"),
        ("from a import b", "from a import b as c"),
        ("if a:\n    b()\nc()", "if a:\n    b()\n    c()"),
        ("x = '''a\nb'''", "x = '''a\n b'''"),
        ("def f():\n    x = 'text'", "def f():\n    x = 'other'"),
        ("@a\ndef f(): g()", "def f(): g()"),
    ],
)
def test_edits_that_may_change_a_result_are_detected(before: str, after: str) -> None:
    assert of(before) != of(after)


def test_a_file_without_code_has_no_hash() -> None:
    assert of('"""Only a docstring."""\n# and a comment\n') is None
    assert of("") is None
    assert of("x = 1") is not None


@pytest.mark.parametrize("content", [b"def f(:\n", b"x = 1\n\x00", b"# coding: nonsense\nx = 1"])
def test_a_file_that_is_not_python_is_named(content: bytes) -> None:
    with pytest.raises(FingerprintError, match=r"^stages/broken\.py.*: is not Python: .+") as caught:
        digest(content, "stages/broken.py")
    assert "\n" not in str(caught.value)


def test_rewriting_all_comments_docstrings_and_layout_reruns_nothing() -> None:
    def rewritten(path: Path) -> str:
        tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                had_one = ast.get_docstring(node) is not None
                node.body[:1] = [ast.Expr(ast.Constant("Something else.")), *node.body[had_one:1]]
        return ast.unparse(ast.fix_missing_locations(tree))

    assert [path for path in FILES if of(rewritten(path)) != digest(path.read_bytes())] == []


def test_every_python_gives_the_hash_that_is_committed() -> None:
    assert digest(CONSTRUCTS.read_bytes()) == "8f939c367db4a19f"


def test_the_pythons_of_this_machine_agree() -> None:
    if not (pythons := other_pythons()):
        pytest.skip("no other supported Python on this machine")
    names = [str(path) for path in [CONSTRUCTS, *FILES]]
    here = [digest(Path(name).read_bytes()) for name in names]
    for python in pythons:
        command = [python, "-B", "-c", MEASURE]
        there = subprocess.run(command, cwd=ROOT, input="\n".join(names), capture_output=True, text=True, check=True)
        assert json.loads(there.stdout) == here, python
