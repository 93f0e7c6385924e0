"""Values of the Node platform: those that a real Node made, fixed ones, and what is not one of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from freehold.encryption import LegacyKey
from freehold.encryption.legacy import node_key
from freehold.errors import Code, SealError

KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
# AES-256-CBC of "sk-ant-test" and of "" under KEY, with the bytes 00 .. 0f as the initialisation vector.
FIXED = "000102030405060708090a0b0c0d0e0f"
VALUES = ("", "x", "sk-ant-" + "a" * 90, "sixteen bytes ok", '{"A":"b"}', "Grüße, 世界 🎉")
_PROGRAM = """
const crypto = require('crypto');
const key = Buffer.from(process.argv[1], 'hex');
console.log(JSON.stringify(JSON.parse(process.argv[2]).map((text) => {
  const iv = crypto.randomBytes(16);
  const cipher = crypto.createCipheriv('aes-256-cbc', key, iv);
  return iv.toString('hex') + ':' + Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('hex');
})));
"""


def key() -> LegacyKey:
    """The platform's key."""
    found = node_key(KEY)
    assert found is not None
    return LegacyKey(found)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed, and makes these values")
@pytest.mark.parametrize("given", [KEY, KEY.upper(), KEY + "zz ignored"])
def test_what_node_made(given: str) -> None:
    """Node's own crypto module writes what is read here, also with a key that it reads in its lenient way."""
    command = ["node", "-e", _PROGRAM, given, json.dumps(VALUES)]
    made = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
    assert [key().open(text).decode() for text in made] == list(VALUES)
    assert [key().open(text.upper()).decode() for text in made] == list(VALUES)


@pytest.mark.parametrize(
    ("text", "plaintext"),
    [
        (f"{FIXED}:b36b37eb1b29bd80a7fa6e0a0b8d9b1a", None),
        (f"{FIXED}:", None),
        (FIXED, None),
        ("", None),
        ("plain", None),
        (f"{FIXED}:{'0' * 31}", None),
        (f"{FIXED}:{'g' * 32}", None),
        (f"{FIXED}:{'0' * 32}\n", None),
        (f"{FIXED[:-1]}:{'0' * 32}", None),
        ('{"A": "b"}', None),
    ],
)
def test_what_is_none(text: str, plaintext: bytes | None) -> None:
    """Anything else fails with the one error, which does not repeat it."""
    with pytest.raises(SealError) as error:
        key().open(text)
    assert error.value.code is Code.SEAL_LEGACY
    assert len(text) < 20 or text not in str(error.value)


def test_padding_that_checks_by_chance() -> None:
    """A block that decrypts to well-padded bytes which are no text is refused: a wrong key does that 1 time in 250."""
    iv = bytes(16)
    encryptor = Cipher(AES256(bytes.fromhex(KEY)), CBC(iv)).encryptor()
    padded = b"\xff\xfe\x80" + b"\xc3" * 12 + b"\x01"
    text = f"{iv.hex()}:{(encryptor.update(padded) + encryptor.finalize()).hex()}"
    with pytest.raises(SealError):
        key().open(text)


def test_wrong_keys_are_noticed() -> None:
    """Of many wrong keys none reads a value."""
    encryptor = Cipher(AES256(bytes.fromhex(KEY)), CBC(bytes(16))).encryptor()
    value = b"a secret of some length, over several blocks....".ljust(63) + b"\x01"
    text = f"{bytes(16).hex()}:{(encryptor.update(value) + encryptor.finalize()).hex()}"
    assert key().open(text) == value[:-1]
    for _ in range(2000):
        with pytest.raises(SealError):
            LegacyKey(os.urandom(32)).open(text)
