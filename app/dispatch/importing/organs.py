"""Units and accounts: who puts things right, and who signs in."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from app.dispatch.access import CITY_DESK
from app.dispatch.access_table import POSTS
from app.dispatch.codes import Post
from app.dispatch.importing.known import Known
from app.dispatch.importing.tables import Reader, note_duplicates
from app.dispatch.importing.values import as_bool, as_code, as_list, as_text

Rows = list[dict[str, Any]]

_WITHOUT_ACCOUNT: Final = frozenset({Post.PARTNER, Post.CITIZEN, Post.POLICY})
_OF_UNITS: Final = frozenset({Post.UNIT, Post.UNIT_LEAD})
_POSTS: Final = {
    spelling: post
    for post, name in POSTS.items()
    if post not in _WITHOUT_ACCOUNT
    for spelling in (post.value, name.partition("（")[0])
}
_LONGEST_USERNAME: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """An account to be opened; no regions and no units means city-wide, `desk` None the city's centre."""

    username: str
    name: str
    posts: tuple[Post, ...]
    desk: str | None
    regions: tuple[str, ...]
    units: tuple[str, ...]


def reaches(row: AccountRow, post: Post) -> list[tuple[str | None, str | None]]:
    """Return (region, unit) of each reach of a post; neither means the whole city.

    Units belong to the unit's own posts where the account holds any; other posts then reach by region.
    """
    of_units = [(None, unit) for unit in dict.fromkeys(row.units)]
    if post in _OF_UNITS:
        return [*of_units]
    regions = [(region, None) for region in dict.fromkeys(row.regions)]
    mixed = bool(_OF_UNITS.intersection(row.posts))
    return [*regions, *(() if mixed else of_units)] or [(None, None)]


def read_units(reader: Reader, known: Known) -> Rows:
    """Return the rows of units; a unit's parents must be in the file and lead to a root."""
    rows = [_unit(reader, at, known) for at in reader.rows()]
    note_duplicates(reader, [row["code"] for row in rows])
    parents = {row["code"]: row["parent_code"] for row in rows if row["code"]}
    holders: dict[str, str] = {}
    for at, row in enumerate(rows):
        _check_parent(reader, at, row, parents)
        if row["fallback"]:
            _check_fallback(reader, at, row, holders)
    return rows


def _unit(reader: Reader, at: int, known: Known) -> dict[str, Any]:
    rounded = reader.table.rounded
    region = reader.value(at, "region_code", lambda raw: as_code(raw, rounded=rounded))
    if region and known.areas and region not in known.areas:
        text = f"区划 {region} 不在现行或草稿的区划中；请改正，或先导入区划"
        reader.ledger.warn("unknown_area", reader.where(at, "region_code", region), text)
    return {
        "code": reader.needed(at, "code", lambda raw: as_code(raw, rounded=rounded)),
        "name": reader.needed(at, "name", as_text),
        "parent_code": reader.value(at, "parent_code", lambda raw: as_code(raw, rounded=rounded)),
        "kind": reader.text(at, "kind") or "",
        "region_code": region,
        "fallback": reader.value(at, "fallback", as_bool) or False,
        "desk": reader.value(at, "desk", as_bool) or False,
    }


def _check_parent(reader: Reader, at: int, row: dict[str, Any], parents: dict[str, str | None]) -> None:
    code, parent = row["code"], row["parent_code"]
    if code is None or parent is None:
        return
    if parent not in parents:
        text = f"单位 {code} 的上级 {parent} 不在本文件中；请补上该单位，或改正代码"
        reader.ledger.error("unknown_parent", reader.where(at, "parent_code", parent, codes=(code,)), text)
        return
    way, above = [code], parents.get(code)
    while above is not None and above not in way:
        way.append(above)
        above = parents.get(above)
    if above == code:  # told once for each unit on the ring, not for those that hang below it
        text = f"单位上下级成环：{' → '.join((*way, code))}；请改正其中一个上级"
        reader.ledger.error("cycle", reader.where(at, "parent_code", parent, codes=tuple(way)), text)


def _check_fallback(reader: Reader, at: int, row: dict[str, Any], holders: dict[str, str]) -> None:
    region, where = row["region_code"], reader.where(at, "fallback", codes=(row["code"] or "",))
    if region is None:
        text = f"兜底单位 {row['code']} 没有区划，不会被选中；请填写 region_code，或去掉兜底"
        reader.ledger.warn("missing_value", where, text)
    elif region in holders:
        text = f"区划 {region} 有两个兜底单位 {holders[region]} 和 {row['code']}，届时须人工确定；请只留一个"
        reader.ledger.warn("two_fallbacks", where, text)
    else:
        holders[region] = row["code"] or ""


def read_accounts(reader: Reader, known: Known) -> list[AccountRow]:
    """Return the accounts to be opened; those with a fault are left out, which the ledger says."""
    found, names = [], []
    for at in reader.rows():
        name = reader.needed(at, "username", as_code)
        names.append(name)
        _check_username(reader, at, name, known.accounts)
        row = _account(reader, at, name, known)
        if row is not None:
            found.append(row)
    note_duplicates(reader, names, "username")
    return found


def _check_username(reader: Reader, at: int, name: str | None, accounts: Collection[str]) -> None:
    if name is None:
        return
    where = reader.where(at, "username", name)
    if name in accounts:
        reader.ledger.error("known_account", where, f"账号 {name} 已存在；导入只新建账号，请从文件中删去这一行")
    elif len(name) > _LONGEST_USERNAME or any(letter.isspace() for letter in name):
        text = f"用户名不能含空格，最长 {_LONGEST_USERNAME} 个字符，请改正"
        reader.ledger.error("bad_value", where, text)


def _account(reader: Reader, at: int, username: str | None, known: Known) -> AccountRow | None:
    before = reader.ledger.errors
    name = reader.needed(at, "name", as_text)
    posts = _posts(reader, at)
    regions = reader.value(at, "regions", as_list) or ()
    units = reader.value(at, "units", as_list) or ()
    for region in regions:
        if region not in known.areas:
            text = f"区划 {region} 不在现行或草稿的区划中；账号将什么也看不到，请改正"
            reader.ledger.error("unknown_area", reader.where(at, "regions", region), text)
    for unit in units:
        if unit not in known.units:
            text = f"单位 {unit} 不在现行或草稿的单位表中；账号将什么也看不到，请改正"
            reader.ledger.error("unknown_unit", reader.where(at, "units", unit), text)
    if _OF_UNITS.intersection(posts) and not units:
        text = "处置单位的岗位须在 units 列写明单位，否则范围是全市；请填写"
        reader.ledger.error("missing_value", reader.where(at, "units"), text)
    desk = reader.text(at, "desk")
    if desk is not None and desk != CITY_DESK and desk not in known.desks:
        text = f"没有平台 {desk}：请填写 {CITY_DESK}，或单位表中 desk 为真的单位代码；留空为市平台"
        reader.ledger.error("unknown_desk", reader.where(at, "desk", desk), text)
    if username is None or name is None or reader.ledger.errors > before:
        return None
    return AccountRow(username=username, name=name, posts=posts, desk=desk, regions=regions, units=units)


def _posts(reader: Reader, at: int) -> tuple[Post, ...]:
    words = reader.value(at, "posts", as_list) or ()
    if not words:
        reader.ledger.error(
            "missing_value", reader.where(at, "posts"), "posts 不能为空，请填写岗位代码，多个用分号隔开"
        )
    for word in words:
        if word.lower() not in _POSTS:
            codes = "、".join(post.value for post in Post if post not in _WITHOUT_ACCOUNT)
            text = f"岗位“{word}”不存在，可用的岗位：{codes}"
            reader.ledger.error("bad_value", reader.where(at, "posts", word), text)
    return tuple(dict.fromkeys(_POSTS[word.lower()] for word in words if word.lower() in _POSTS))
