"""Which of the keys that a backup names are at hand, and what is lost without the others."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from app.adapters.keys import Key
from app.adapters.manifest import Manifest
from app.dispatch.errors import Conflict, Unavailable

_LOSSES: Final = {
    "vault": "它所封的姓名、电话、地址、原始诉求和照片原件永远打不开"
    " / names, phones, addresses, original texts and photo originals sealed by it stay closed for ever",
    "search": "按电话查找和已发出的查询码失效 / searching by phone, and query codes given out, no longer work",
    "token": "所有人须重新登录 / everybody has to sign in again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """`placed`: keys to put into the home, by the name of their file; `missing`: ids of keys that nobody has here."""

    placed: Mapping[str, Key]
    missing: tuple[str, ...]

    def see_complete(self, *, without: bool) -> None:
        """Raise Unavailable naming the missing keys and what goes with them, unless they are to be done without."""
        if self.missing and not without:
            raise Unavailable(
                "缺少密钥，未恢复任何东西。 Keys are missing; nothing was restored.\n"
                + "\n".join(losses(self.missing))
                + "\n把原来的 keys 目录用 --keys 指给我，或用 --passphrase-file 打开随备份封存的密钥；"
                "确认已丢失才用 --without-keys。\n"
                "Name the former folder with --keys, or open those sealed in the backup with --passphrase-file; "
                "--without-keys only if they are lost.",
                code="keys_missing",
            )


def losses(key_ids: Collection[str]) -> list[str]:
    """Say for each key what is lost with it."""
    return [f"  {one}: {_LOSSES.get(one.partition('-')[0].partition('.')[0], '?')}" for one in key_ids]


def find_supply(manifest: Manifest, held: Mapping[str, Key], given: Mapping[str, Key]) -> Supply:
    """Look for every key of the backup in the home, then among those given.

    Raises Conflict where the home has another key under the name of one that would have to be put there.
    """
    placed, missing = {}, []
    for mark in manifest.keys:
        if any(mark.is_of(key) for key in held.values()):
            continue
        found = next((key for key in given.values() if mark.is_of(key)), None)
        if found is None:
            missing.append(mark.id)
        elif mark.name in held:
            raise Conflict(
                f"本目录已有另一把密钥 {mark.name}.key，请换空的 GRIDCASE_HOME。 Another key of that name is here.",
                code="key_exists",
            )
        else:
            placed[mark.name] = found
    known = {mark.id for mark in manifest.keys} | {key.id for key in held.values()}
    missing += [one for one in manifest.used_key_ids if one not in known]  # lost before the backup was made
    return Supply(placed=placed, missing=tuple(missing))
