"""What people write: the same matter in many words, and the sentences of desks and units."""

from random import Random
from typing import Final

from app.demo.simulation.stories import Story
from app.dispatch.codes import DisposalResult, Source

_OPENINGS: Final = {
    Source.INSPECTOR: ("", "", "巡查发现", "日常巡查："),
    Source.HOTLINE_12345: ("市民来电反映：", "来电人反映，", "诉求人称", "群众反映"),
    Source.HOTLINE_12319: ("来电反映：", "市民反映", "热线转办："),
    Source.CITIZEN: ("", "", "你好，", "麻烦看看，", "请问有人管吗？"),
    Source.VIDEO: ("视频巡检发现", "监控识别："),
    Source.VEHICLE: ("车载设备识别：", "车载影像："),
    Source.SENSOR: ("设备报警：", "感知终端上报："),
    Source.LEADER: ("领导批示：", "交办件："),
    Source.MEDIA: ("媒体报道：", "记者暗访发现"),
    Source.PETITION: ("来信反映", "信访件："),
    Source.FORUM: ("网友发帖：", "论坛网友称"),
    Source.UNIT_SELF: ("自查发现", ""),
    Source.DEPUTIES: ("代表建议：", "委员反映"),
}
_ENDINGS: Final = (
    "",
    "",
    "",
    "，请尽快处理。",
    "，希望有人来看看。",
    "，已经好几天了。",
    "，影响出行。",
    "，附近居民意见很大。",
    "。",
)
_STORM: Final = ("台风过后，", "风雨中，", "昨夜大风，", "")
_WITH_PHONE: Final = ("联系电话{phone}。", "可拨{phone}联系我。")
_DONE: Final = {
    DisposalResult.SOLVED: (
        "已安排人员到场处置，问题已解决。",
        "现场已清理完毕，恢复原状。",
        "已维修完成，可正常使用。",
        "已责令当事人整改，现场复查合格。",
        "已处理，感谢您的监督。",
    ),
    DisposalResult.GONE: ("到场时问题已不存在，将加强巡查。", "经查看现场已恢复，后续持续关注。"),
    DisposalResult.EXPLAINED: (
        "该处有审批手续，已向反映人说明情况。",
        "涉及改造工程，已列入计划并作解释。",
        "属历史遗留问题，已向居民解释并登记。",
    ),
}
_INSIDE: Final = ("出动2人1车。", "已留存处置前后照片。", "配合社区完成。", "材料已更换。", "当事人已签收整改通知。")
_OPINIONS: Final = {
    1: ("根本没人来过。", "说处理了，其实还是老样子。"),
    2: ("处理得不彻底。", "拖得太久。"),
    3: ("一般，希望能再快些。", "凑合。"),
    4: ("还可以。", "比较满意。"),
    5: ("很快就解决了，谢谢。", "非常满意。", "办事效率高。"),
}
_NOTES: Final = (
    "请注意安全作业。",
    "与社区网格员核对过位置。",
    "同一路段近期多次出现，请加强巡查。",
    "已电话通知单位值班室。",
)


def description(rng: Random, story: Story, *, storm: bool, phone: str | None) -> str:
    """Return what a report says; some people leave their number in the middle of it."""
    opening = rng.choice(_OPENINGS.get(story.source, ("",)))
    weather = rng.choice(_STORM) if storm and story.concern.storm else ""
    body = rng.choice(story.concern.texts).format(place=story.site.words)
    also = ""
    if story.second is not None:
        also = "；另外" + rng.choice(story.second.texts).format(place="旁边")
    tail = rng.choice(_WITH_PHONE).format(phone=phone) if phone else ""
    return f"{opening}{weather}{body}{also}{rng.choice(_ENDINGS)}{tail}"


def public_answer(rng: Random, result: DisposalResult) -> str:
    """Return what a unit lets the public know."""
    return rng.choice(_DONE[result])


def internal_note(rng: Random) -> str:
    """Return what a unit lets the desk know."""
    return rng.choice(_INSIDE)


def opinion(rng: Random, satisfaction: int) -> str:
    """Return what a reporter says who is this satisfied."""
    return rng.choice(_OPINIONS[satisfaction])


def note(rng: Random) -> str:
    """Return a remark of the desk."""
    return rng.choice(_NOTES)
