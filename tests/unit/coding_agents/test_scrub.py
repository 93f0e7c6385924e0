"""What a log must not show."""

from __future__ import annotations

import pytest

from examples.coding_agents.scrub import REDACTED, Scrubber

TOKENS = [
    "sk-ant-" + "api03-" + "a1B2" * 10,
    "sk-" + "a1B2" * 10,
    "ghp_" + "a1B2" * 9,
    "gho_" + "a1B2" * 9,
    "github_pat_" + "a1B2_" * 10,
    "glpat-" + "a1B2" * 5,
    "fhp_" + "a1B2" * 12,
    "fhs_" + "a1B2" * 12,
    "crsr_" + "a1B2" * 6,
    "fh1.u1." + "AQAB" * 8,
    "xoxb-" + "1234567890-abc",
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "AIza" + "a1B2" * 9,
    "npm_" + "a1B2" * 9,
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJhZGEifQ." + "c2lnbmF0dXJl",
]


@pytest.mark.parametrize("token", TOKENS)
def test_known_shapes_are_redacted(token: str) -> None:
    """Wherever they stand in a line."""
    assert Scrubber().clean(f"export TOKEN={token} # {token}") == f"export TOKEN={REDACTED} # {REDACTED}"


def test_passwords_in_urls_and_headers_are_redacted() -> None:
    """What is around them stays."""
    assert Scrubber().clean("https://me:secret@example.com/x") == f"https://{REDACTED}@example.com/x"
    assert Scrubber().clean("Authorization: Bearer abcdefghijklmnop") == f"Authorization: Bearer {REDACTED}"


@pytest.mark.parametrize(
    "text", ["a task-sk", "task-skeleton-of-the-thing", "https://example.com/a@b", "eyJ alone", "AKIA"]
)
def test_ordinary_text_stays(text: str) -> None:
    """Redaction that hits everything is of no use."""
    assert Scrubber(["short", None, ""]).clean(f"short {text}") == f"short {text}"


def test_ones_own_secrets_are_redacted() -> None:
    """The longer before the one it contains, and none as a pattern."""
    assert Scrubber(["my.secret", "my.secret.longer"]).clean("my.secret.longer my.secret myxsecret") == (
        f"{REDACTED} {REDACTED} myxsecret"
    )


def test_a_secret_of_several_lines_is_redacted_line_by_line() -> None:
    """As a private key is, in the environment of a connector."""
    scrubber = Scrubber(["-----BEGIN KEY-----\nMIIEvQIBADAN\n  Bgkqhki\nG9w0BAQEFAAS\n-----END KEY-----\n"])
    assert [scrubber.clean(line) for line in ("MIIEvQIBADAN", "  | G9w0BAQEFAAS", "Bgkqhki")] == [
        REDACTED,
        f"  | {REDACTED}",
        "Bgkqhki",  # shorter than a secret is
    ]


def test_terminal_escapes_do_not_hide_secrets() -> None:
    """They are gone before anybody looks; and so is what PostgreSQL's text cannot hold."""
    assert Scrubber(["my-own-secret"]).clean("my-\x1b[31mown-\x00secret\x1b[0m") == REDACTED


def test_a_scrubber_does_not_show_its_secrets() -> None:
    """Not in its repr, which may end up in a log."""
    assert "secret" not in repr(Scrubber(["my-own-secret"]))
