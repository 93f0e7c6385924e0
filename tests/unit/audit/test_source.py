"""Each rule about source code finds its example and leaves the counterpart alone; what cannot be parsed is said."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from freehold.audit.found import Found
from freehold.audit.rule import Rule
from freehold.audit.rules import RULES, found
from freehold.audit.source import Module, read_sources

SOURCES = [rule for rule in RULES.values() if rule.about is Module]


def _findings(rule: Rule[object], text: str) -> list[Found]:
    module = Module("app.py", text, ast.parse(text))
    return [each for other, each in found(module) if other.id == rule.id]


@pytest.mark.parametrize("rule", SOURCES, ids=lambda rule: rule.id)
def test_broken_source_is_found(rule: Rule[object]) -> None:
    """With its line and code to paste; an edit, where there is one, changes that line so that it is found no more."""
    assert rule.example is not None
    findings = _findings(rule, rule.example.bad)
    assert findings
    for each in findings:
        assert each.place is not None
        assert each.fix.text
        if each.fix.edit is not None:
            lines = rule.example.bad.splitlines()
            line = each.fix.edit.place.line - 1
            lines[line] = lines[line].replace(each.fix.edit.old, each.fix.edit.new)
            assert _findings(rule, "\n".join(lines)) == []


@pytest.mark.parametrize("rule", SOURCES, ids=lambda rule: rule.id)
def test_sound_source_is_not_found(rule: Rule[object]) -> None:
    """By no rule about source."""
    assert rule.example is not None
    module = Module("app.py", rule.example.good, ast.parse(rule.example.good))
    assert [(other.id, each.message) for other, each in found(module)] == []


VARIANTS = [
    ("AU701", "cur.execute('set search_path to evil')"),
    ("AU701", "cur.execute('select 1; SET SESSION ROLE x')"),
    ("AU703", "cur.execute('select ' + name)"),
    ("AU703", "cur.execute('select %s' % name)"),
    ("AU703", "cur.execute('select {}'.format(name))"),
    ("AU703", "cur.execute(f'select {name}'.encode())"),
    ("AU703", "text(f'select {name}')"),
    ("AU705", "from psycopg import connect as c\nc('...')"),
    ("AU705", "import sqlalchemy as sa\nsa.create_engine('...')"),
    ("AU706", "async def f(a):\n    async with a.transaction() as tx:\n        await tx.raw('commit')"),
    ("AU707", "@app.get('/')\nasync def f(request):\n    db.as_service(reason='x')"),
    ("AU707", "async def f(ctx: UserContext):\n    ctx.database.as_service(reason='x')"),
    ("AU708", "import jwt\njwt.decode(t, k, options={'verify_signature': False})"),
    ("AU708", "from jose import jwt\njwt.get_unverified_claims(t)"),
]
SOUND = [
    "cur.execute('select %s', (name,))",
    "cur.execute('SET LOCAL statement_timeout = 1')",
    "cur.execute('SET TRANSACTION READ ONLY')",
    "cur.execute('select ' 'one')",
    "update.set_(Task.title, 'x')",
    "cur.execute('update t set a = 1')",
    "async def f(tx):\n    await tx.commit()",
]


@pytest.mark.parametrize(("rule", "text"), VARIANTS)
def test_other_spellings_are_found(rule: str, text: str) -> None:
    """The same mistake, written otherwise."""
    assert rule in {other.id for other, _ in found(Module("app.py", text, ast.parse(text)))}


@pytest.mark.parametrize("text", SOUND)
def test_what_only_looks_similar_is_not_found(text: str) -> None:
    """A false alarm teaches people to look away."""
    assert [other.id for other, _ in found(Module("app.py", text, ast.parse(text)))] == []


def test_what_cannot_be_parsed_is_a_gap(tmp_path: Path) -> None:
    """Never silence: the file is named, with its line; tests and hidden folders are not looked at."""
    (tmp_path / "good.py").write_text("x = 1\n")
    (tmp_path / "broken.py").write_text("def (\n")
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text("def (\n")
    modules, gaps = read_sources([tmp_path])
    assert [Path(module.path).name for module in modules] == ["good.py"]
    assert sorted(Path(gap.what).name for gap in gaps) == ["broken.py", "bytes.py"]
    assert all(gap.needed for gap in gaps)
    assert any("line 1" in gap.why for gap in gaps)


def test_a_comment_with_a_reason_accepts() -> None:
    """On the line or above it; without a reason it accepts nothing."""
    text = (
        "cur.execute(f'select {a}')  # audit: AU703 a is a constant of ours\n"
        "# audit: AU703 so is b\ncur.execute(f'select {b}')\ncur.execute(f'select {c}')  # audit: AU703\n"
    )
    module = Module("app.py", text, ast.parse(text))
    assert module.accepted == {("AU703", 1): "a is a constant of ours", ("AU703", 3): "so is b"}
