"""Quoted text and names mean to the server what they meant to us."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.policies.quote import quote_identifier, quote_literal
from freehold.server import EmbeddedServer
from freehold.wire import Connection, connect

_TEXT = st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1, max_size=30)
_NASTY = st.text(st.sampled_from("'\"\\;-$E% \n\r\té/*{}"), max_size=20)


def _connection(server: EmbeddedServer) -> Connection:
    return connect(server.admin_dsn())


def test_literals_and_identifiers_read_back(server: EmbeddedServer) -> None:
    """Through the parser, under both settings of standard_conforming_strings; as quote_literal() and quote_ident()."""
    with _connection(server) as connection:

        @settings(deadline=None, max_examples=60, derandomize=True)
        @given(texts=_TEXT | st.lists(_NASTY, min_size=1, max_size=30))
        def check(texts: list[str]) -> None:
            names = [name for text in texts if (name := text.encode()[:63].decode(errors="ignore"))]
            for standard in (b"on", b"off"):
                connection.execute(b"set standard_conforming_strings = " + standard)
                row = connection.execute(f"select {', '.join(map(quote_literal, texts))}".encode()).fetchone()
                assert row == tuple(texts)
            connection.execute(b"set standard_conforming_strings = on")
            if names:
                cursor = connection.execute(
                    f"select {', '.join(f'1 as {quote_identifier(n)}' for n in names)}".encode()
                )
                assert [column.name for column in cursor.description or ()] == names
            for text in texts:
                asked = connection.execute(b"select quote_literal(%s::text)", (text,)).fetchone()
                assert asked == (quote_literal(text),)
            for name in names:
                (asked_name,) = connection.execute(b"select quote_ident(%s::text)", (name,)).fetchone() or ("",)
                assert asked_name in {name, quote_identifier(name)}

        connection.execute(b"set escape_string_warning = off; set backslash_quote = off")
        check()
