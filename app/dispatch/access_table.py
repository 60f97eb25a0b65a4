"""Write docs/access.md from the table of access and the tables of steps; a test holds the page to them."""

from collections.abc import Iterable, Iterator
from typing import Final

from app.dispatch.access import COMBINED, GRANTS, OFFICES, VIEWS, Grant, Office, Relation, Thing
from app.dispatch.codes import Action, Post
from app.dispatch.order_access import ORDER_GRANTS
from app.dispatch.workflow import CASE_STEPS, REPORT_STEPS, Step

POSTS: Final = {
    Post.INSPECTOR: "采集员（监督员）",
    Post.OPERATOR: "受理员",
    Post.SHIFT_LEAD: "值班长",
    Post.DISPATCHER: "派遣员",
    Post.UNIT: "处置单位",
    Post.UNIT_LEAD: "处置单位负责人",
    Post.COORDINATOR: "权属裁定岗（协调）",
    Post.SUPERVISOR: "督查",
    Post.ADMIN: "系统管理员",
    Post.DATA_OFFICER: "数据管理员",
    Post.PARTNER: "合作平台（热线等）",
    Post.CITIZEN: "市民",
    Post.POLICY: "策略（自动步骤）",
}
_WITHOUT_ACCOUNT: Final = frozenset({Post.PARTNER, Post.CITIZEN, Post.POLICY})
RELATIONS: Final = {
    Relation.REACH: "本平台的，辖区内（不限辖区的岗位：全部）",
    Relation.OVERSIGHT: "看得到的：市平台看各平台，镇街平台只看本平台，均限辖区内（不限辖区的岗位：全部）",
    Relation.UNIT: "本单位及下级单位现正主办",
    Relation.LEG: "本单位及下级单位现正协办或分办",
    Relation.HAD: "本单位及下级单位主办、协办、分办或曾经承办",
    Relation.OWN: "本人上报",
    Relation.TASK: "派给本人的核实、核查任务",
}
_SEEN_BY: Final = {
    **RELATIONS,
    Relation.REACH: "市平台：各平台的，镇街平台：本平台的；辖区内（不限辖区的岗位：全部）",
    Relation.UNIT: "本单位及下级单位主办、协办、分办或曾经承办",
}
THINGS: Final = {Thing.REPORT: "上报", Thing.CASE: "案件"}
OFFICE_NAMES: Final = {
    Office.SETS: "数据集：列表、启用、废弃草稿",
    Office.RULINGS: "权属裁定：登记、终止",
    Office.PROOFS: "覆盖证明、演练",
    Office.POLICIES: "策略：登记、终止",
    Office.CAMPAIGNS: "专项行动：登记、修改",
}
_ORDER_RELATIONS: Final = {
    Relation.REACH: "本平台下发、辖区内",
    Relation.OVERSIGHT: "辖区内，不论由哪个平台下发",
    Relation.UNIT: "发给本单位或下级单位",
}
_ORDERS: Final = (
    "辖区内的平台与督查岗位看得到交办、督办单（涉及案件所在或单位所属的行政区）；单位看得到发给本单位及下级单位的；采集员看不到。",
    "An order is settled at the desk that issued it; `miss` is the clock's own. See `orders.md`.",
)

_HEAD: Final = """# 谁能看什么、做什么 / Access

本页由 `app/dispatch/access_table.py` 从授权表（`access.py`）与步骤表（`workflow.py`）生成，测试保证一致，请勿手工修改。
Made from the one table of access and the tables of steps; a test compares. States and what follows: `workflow.md`.

- 平台分两级：市平台 `city` 和镇街平台（单位表中 `desk` 为真的单位，平台代码即单位代码）。
- 上报归登记它的账号所在的平台，热线和市民的归市平台；由上报立出的案件归同一平台，此后不变。
- 每个账号可任多个岗位，每个岗位属于一个平台，有自己的范围：行政区子树、单位子树，或（两者皆空）本平台的全部。
- 市平台的岗位看得到各平台的上报和案件，可按平台筛选；但只有本平台的岗位能办理。
- 看得到案件的岗位都能催办、备注、加标签；但对镇街平台的案件，市平台只有督查、协调和采集员可以，其他动作一律 403。
- 镇街平台的岗位只看本平台的；市平台派给本镇街的案件，凭单位岗位看和办。
- 镇街平台只能派给本单位及下级单位，否则 422 `unit_out_of_reach`。
- 规则为镇街平台的案件建议了外面的单位时，建议照留，由派遣员带理由另派，或受理员把上报转出。
- 采集员的核实、核查任务不分平台：谁被派去，谁就能办。合并上报只动上报，看得到目标案件就行。
- 看不到的对象一律回答 404，与不存在相同；看得到但不归本岗位的动作回答 403；岗位可以、状态不允许的动作回答 409。
- 单位只看案件，从不看上报；没有位置的上报只有上报人本人与全市岗位可见。
- 列表从不拒绝已登录的账号：看不到的行不出现。

An account may hold several posts, each at one desk and with its own reach. The city's posts see what belongs to any
desk, a town's what belongs to theirs; either acts on what is their own desk's. The city's supervisors, coordinators and
inspectors, and the units, may urge, note and tag whatever they see. What the city hands to a town's unit the town works
on by its unit posts. Out of sight is 404; in sight but never the caller's action is 403; the caller's action, but not
in this state, is 409.
"""


def render() -> str:
    """Return the page."""
    return "\n".join((_HEAD, *_seen(), *_done(), *_acts(), *_orders(), *_offices(), ""))


def _seen() -> Iterator[str]:
    yield from ("## 能看什么 / Sight", "", *_row("岗位 post", "上报 report", "案件 case"), *_row("---", "---", "---"))
    for post in Post:
        if post not in _WITHOUT_ACCOUNT:
            yield from _row(_post(post), *(_sight(post, thing) for thing in Thing))
    yield ""


def _sight(post: Post, thing: Thing) -> str:
    return "；".join(_SEEN_BY[v.relation] for v in VIEWS if v.post is post and v.thing is thing) or "—"


def _done() -> Iterator[str]:
    yield from (
        "## 能做什么 / Grants",
        "",
        *_row("岗位 post", "条件 standing", "动作 actions"),
        *_row("---", "---", "---"),
    )
    for grant in GRANTS:
        yield from _row(_post(grant.post), RELATIONS[grant.relation], _codes(_sorted(grant.actions)))
    for action, posts in COMBINED.items():
        yield from _row("、".join(_post(post) for post in posts) + " 兼任", RELATIONS[Relation.REACH], _codes([action]))
    yield ""


def _acts() -> Iterator[str]:
    heads = ("动作 action", "上报状态 report states", "案件状态 case states", "岗位 posts")
    yield from ("## 按动作 / By action", "", *_row(*heads), *_row(*("---" for _ in heads)))
    for action in Action:
        states = (_states(REPORT_STEPS, action), _states(CASE_STEPS, action))
        if any(states):
            yield from _row(f"`{action}`", *(text or "—" for text in states), _holders(action))


def _orders() -> Iterator[str]:
    heads = ("岗位 post", "条件 standing", "动作 actions")
    yield from ("", "## 交办、督办 / Orders", "", *_ORDERS, "", *_row(*heads), *_row(*("---" for _ in heads)))
    for grant in ORDER_GRANTS:
        yield from _row(_post(grant.post), _ORDER_RELATIONS[grant.relation], _codes(grant.actions))


def _offices() -> Iterator[str]:
    heads = ("管理事项 office", "岗位（全市）posts")
    yield from ("", "## 管理 / Administration", "", *_row(*heads), *_row("---", "---"))
    for office, posts in OFFICES.items():
        yield from _row(f"{OFFICE_NAMES[office]} `{office}`", "、".join(_post(post) for post in posts))


def _states(steps: Iterable[Step], action: Action) -> str:
    found = [step.source for step in steps if step.action is action]
    whole = {step.source for step in steps}
    return "任一状态 any" if set(found) == whole else _codes(found)


def _holders(action: Action) -> str:
    if action in COMBINED:
        return " + ".join(f"`{post}`" for post in COMBINED[action])
    return "、".join(_holder(grant) for grant in GRANTS if action in grant.actions) or "只由系统、市民或合作平台"


def _holder(grant: Grant) -> str:
    return (
        f"`{grant.post}`（{RELATIONS[grant.relation]}）" if grant.relation is not Relation.REACH else f"`{grant.post}`"
    )


def _post(post: Post) -> str:
    return f"{POSTS[post]} `{post}`"


def _sorted(actions: Iterable[Action]) -> list[Action]:
    return sorted(actions, key=list(Action).index)


def _codes(codes: Iterable[str]) -> str:
    return "、".join(f"`{code}`" for code in codes)


def _row(*cells: str) -> tuple[str]:
    return (f"| {' | '.join(cells)} |",)
