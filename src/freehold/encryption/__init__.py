"""Encryption at rest: the key ring, data keys, sealed values and the old platform's; the only door to cryptography."""

from freehold.encryption.chain import NO_KEY, KeyChain, OwnChain, Tally, WrappedKey
from freehold.encryption.data_key import DataKey
from freehold.encryption.envelope import PREFIX, generation_of, kid_of
from freehold.encryption.legacy import LegacyKey, is_legacy
from freehold.encryption.provider import EnvironmentKeys, FileKeys, KeyProvider, NoKeys, TextKeys
from freehold.encryption.ring import KeyRing, KeyState, RingKey
from freehold.encryption.sealed import Codec, Place, Sealed, Stored, loaded, sealed_for

__all__ = [
    "NO_KEY",
    "PREFIX",
    "Codec",
    "DataKey",
    "EnvironmentKeys",
    "FileKeys",
    "KeyChain",
    "KeyProvider",
    "KeyRing",
    "KeyState",
    "LegacyKey",
    "NoKeys",
    "OwnChain",
    "Place",
    "RingKey",
    "Sealed",
    "Stored",
    "Tally",
    "TextKeys",
    "WrappedKey",
    "generation_of",
    "is_legacy",
    "kid_of",
    "loaded",
    "sealed_for",
]
