"""The key that signs anchors: a file that the store's owner need not be able to read."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from audit.anchors.line import fingerprint
from core.errors import ConfigurationError

Key = Ed25519PrivateKey
PRIVATE, PUBLIC = "anchor.key", "anchor.pub"
_HINT, _PEM = "Give the file anchor.pub of a bot.", "Give an Ed25519 key as PEM."


def private(home: Path, given: str = "") -> Ed25519PrivateKey:
    """Give the key: ``given`` as PEM (bots that share a store share one), or the home's, made when it is missing.

    Raises ConfigurationError for something that is no Ed25519 key.
    """
    path = home / PRIVATE
    if not given and not path.exists():
        _make(path)
    key = _loaded(given.encode() if given else path.read_bytes(), "SECONDER_ANCHOR_KEY" if given else str(path))
    (home / PUBLIC).write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return key


def public(paths: list[Path]) -> dict[str, Ed25519PublicKey]:
    """Give the public keys of files, by fingerprint. Raises ConfigurationError for a file that is none."""
    found = {}
    for path in paths:
        try:
            key = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            raise ConfigurationError(
                f"{path} is no public key: {error}.", "Give the file anchor.pub of a bot."
            ) from error
        if not isinstance(key, Ed25519PublicKey):
            raise ConfigurationError(f"{path} is no Ed25519 key.", _HINT)
        found[fingerprint(key)] = key
    return found


def _loaded(pem: bytes, where: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(
            f"{where} is no private key that can be read.", "Give an Ed25519 key as PEM."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"{where} is no Ed25519 key.", _PEM)
    return key


def _make(path: Path) -> None:
    """Make a key; of two that do so at once the first one's stays."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(new, path)
    except FileExistsError:
        pass
    finally:
        new.unlink()
