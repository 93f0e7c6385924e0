"""Names in PostgreSQL's own text: found where they are names, and exchanged there alone."""

from __future__ import annotations

import pytest

from freehold.catalog import Fact, Kind, Snapshot
from freehold.migrations.rules.mention import mentions, names, renamed

KEY = ("public", "t", "n")


@pytest.mark.parametrize(
    ("text", "exchanged"),
    [
        ("(n)", '("new")'),
        ("((n > 5) AND (m = 'n'::text))", "((\"new\" > 5) AND (m = 'n'::text))"),
        ('btree ("n", lower(n), n(n)) INCLUDE (nn)', 'btree ("new", lower("new"), n("new")) INCLUDE (nn)'),
        ("(a)::n", "(a)::n"),
        ("('it''s n'::text = a)", "('it''s n'::text = a)"),
        ('("N" = 1)', '("N" = 1)'),
    ],
)
def test_a_name_is_exchanged_where_it_is_one(text: str, exchanged: str) -> None:
    """Not in a string, a type, a function's name or another name."""
    assert renamed(text, "n", "new") == exchanged
    assert names(text, "n") is (text != exchanged)


def _fact(kind: Kind, name: str, table: str = "t", requires: tuple[tuple[str, ...], ...] = (), **texts: object) -> Fact:
    return Fact.of(kind, ("public", table, name), texts, 0, requires)


def test_who_names_a_column() -> None:
    """Its own table's parts, references to it, policies that look in from elsewhere, and views over views."""
    table = (("table", "public", "t"),)
    own = [
        _fact(Kind.CONSTRAINT, "t_pkey", columns=("n",), definition="PRIMARY KEY (n)"),
        _fact(Kind.INDEX, "t_n", definition="CREATE INDEX t_n ON public.t USING btree (n)"),
        _fact(Kind.POLICY, "p", using="(n = 1)", check=None),
        _fact(Kind.CONSTRAINT, "u_t", "u", table, columns=("a",), definition="FOREIGN KEY (a) REFERENCES public.t(n)"),
        _fact(Kind.POLICY, "q", "u", table, using="(EXISTS ( SELECT FROM public.t WHERE (t.n = u.a)))", check=None),
        Fact.of(Kind.VIEW, ("public", "v"), {"definition": "SELECT n FROM public.t"}, 0, table),
        Fact.of(Kind.VIEW, ("public", "w"), {"definition": "SELECT 1 FROM public.v"}, 0, (("view", "public", "v"),)),
    ]
    others = [
        _fact(Kind.INDEX, "t_m", definition="CREATE INDEX t_m ON public.t USING btree (m)"),
        _fact(Kind.POLICY, "r", "u", using="(n = 1)", check=None),
        _fact(Kind.CONSTRAINT, "t_u", requires=(("table", "public", "u"),), columns=("m",),
              definition="FOREIGN KEY (m) REFERENCES public.u(n)"),
        Fact.of(Kind.VIEW, ("public", "x"), {"definition": "SELECT m FROM public.t"}, 0, table),
    ]  # fmt: skip
    assert {fact.identity for fact in mentions(KEY, Snapshot([*own, *others]))} == {fact.identity for fact in own}
