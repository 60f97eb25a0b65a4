"""Anchors as files in a folder elsewhere: written once, whole, signed with Ed25519; read back with their signatures."""

import base64
import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.adapters.keys import Key
from app.dispatch.anchors import Anchor, AnchorFinding, AnchorFlaw, read_anchor
from app.dispatch.errors import BadInput, Unavailable

_NAME: Final = re.compile(r"(?P<number>[0-9]{8})\.anchor")


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs anchors; the public half tells others that it was him."""

    key: Key

    @property
    def public(self) -> Ed25519PublicKey:
        """The half that may be known."""
        return self._private.public_key()

    @property
    def public_text(self) -> str:
        """The public half in base64, as it lies beside the anchors."""
        return base64.b64encode(self.public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def sign(self, root: str) -> str:
        """Return the signature of a root, in base64."""
        return base64.b64encode(self._private.sign(bytes.fromhex(root))).decode()

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.key.secret)


def read_public(text: str) -> Ed25519PublicKey:
    """Return a public half from its base64; raise BadInput."""
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
    except ValueError as error:
        raise BadInput("不是锚点公钥 / not the public key of anchors", code="anchor_key_unreadable") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorFolder:
    """The folder `GRIDCASE_ANCHOR_DIR`; nothing in it is ever changed or removed from here."""

    path: Path

    def write(self, anchor: Anchor, signer: Signer) -> None:
        """Put an anchor there, read-only; raise Unavailable where that cannot be done, or the number is taken."""
        signed = json.dumps({"key": signer.key.id, "root": anchor.root, "signature": signer.sign(anchor.root)})
        public = self.path / f"{signer.key.id}.pub"
        try:
            if not public.exists():
                self._place(public, f"{signer.public_text}\n")
            self._place(self.path / f"{anchor.number:08}.anchor", f"{anchor.text}{signed}\n")
        except OSError as error:
            raise Unavailable(
                f"锚点目录不可写：{self.path}。 Anchors cannot be written there.", code="anchor_dir_unwritable"
            ) from error

    def read(self, public: Ed25519PublicKey) -> Iterator[Anchor | AnchorFinding]:
        """Yield the anchors in order of number, and in place of one that cannot be believed what is wrong with it."""
        if not self.path.is_dir():
            raise Unavailable(f"没有锚点目录：{self.path}。 No such folder.", code="anchor_dir_absent")
        names = ((_NAME.fullmatch(one.name), one) for one in sorted(self.path.iterdir()))
        for match, path in names:
            if match is not None:
                yield _read(int(match["number"]), path, public)

    def one(self, number: int, public: Ed25519PublicKey) -> Anchor | AnchorFinding | None:
        """Return one anchor, what is wrong with it, or None where it is not there."""
        path = self.path / f"{number:08}.anchor"
        return _read(number, path, public) if path.exists() else None

    def _place(self, path: Path, text: str) -> None:
        """Write beside the place and link it there: it appears whole or not at all."""
        draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o444)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        finally:
            draft.unlink()
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(number: int, path: Path, public: Ed25519PublicKey) -> Anchor | AnchorFinding:
    try:
        text = path.read_text(encoding="utf-8")
        body, _, last = text.rstrip("\n").rpartition("\n")
        anchor, signed = read_anchor(f"{body}\n"), json.loads(last)
        if anchor.number != number:
            return AnchorFinding(number=number, flaw=AnchorFlaw.UNREADABLE)
        public.verify(base64.b64decode(signed["signature"], validate=True), bytes.fromhex(anchor.root))
    except InvalidSignature:
        return AnchorFinding(number=number, flaw=AnchorFlaw.SIGNATURE)
    except (BadInput, ValueError, KeyError, TypeError, OSError):
        return AnchorFinding(number=number, flaw=AnchorFlaw.UNREADABLE)
    return anchor
