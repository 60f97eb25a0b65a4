"""What a partner may send, described and not enforced; and what it is answered."""

from typing import Any, Final
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import Answer
from app.dispatch.codes import Datum, Kind
from app.dispatch.hotline import HotlineAction, Urgency


class TakenOut(Answer):
    """The report that an event led to."""

    receipt_no: str = Field(description="受理编号，随机，可供市民查询", examples=["7KQ2M9XB4TRW8H"])
    report_id: UUID = Field(description="上报的标识", examples=["019aa3b1-7c00-7000-8000-5a3d7c2f1e00"])
    duplicate: bool = Field(description="此前已收到同一事件，本次未做任何事", examples=[False])


def _text(description: str, example: str | None = None) -> dict[str, Any]:
    return {"type": "string", "description": description, **({"examples": [example]} if example else {})}


def _object(description: str, **fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "description": description, "properties": fields, "additionalProperties": True}


_CALLER: Final = _object(
    "来电人；只进保险库",
    name=_text("姓名", "王某"),
    phone=_text("来电号码", "13800000000"),
    callback_phone=_text("回拨号码"),
    confidential={"type": "boolean", "description": "要求保密；无法辨认的值按要求保密处理", "examples": [False]},
)
_LOCATION: Final = _object(
    "坐标；无法换算的留在原文中并标注",
    lon={"type": "number", "description": "经度（度）或投影 x（米）", "examples": [121.11]},
    lat={"type": "number", "description": "纬度（度）或投影 y（米）", "examples": [31.45]},
    datum=_text(f"坐标系：{'、'.join(Datum)} 或 EPSG:编号，必填", "gcj02"),
    accuracy_m={"type": "number", "description": "精度，米", "examples": [20]},
)
_EVALUATION: Final = _object(
    "市民评价（action=evaluate）",
    reached={"type": "boolean", "description": "是否联系上市民", "examples": [True]},
    solved={"type": "boolean", "description": "市民认为是否解决", "examples": [True]},
    satisfaction={"type": "integer", "description": "满意度 1–5，5 为非常满意", "examples": [4]},
    comment=_text("市民意见"),
)

ORDER_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "HotlineOrder",
    "description": "热线工单的一次事件。只有 order_no 和 action 必填；未知的字段和取值照收，原文保留。",
    "required": ["order_no", "action"],
    "additionalProperties": True,
    "properties": {
        "order_no": _text("热线工单号，1–200 字符", "202611210001"),
        "action": _text(f"发生了什么：{'、'.join(HotlineAction)}；其他值照收并请人查看", "create"),
        "event_id": _text("事件标识；同一标识只做一次", "e-1"),
        "version": _text("没有 event_id 时，与工单号、action 一起标识事件；再没有则用报文摘要", "1"),
        "title": _text("标题", "垃圾暴露"),
        "content": _text("内容", "路口垃圾桶满溢"),
        "request_type": _text("诉求类型；保留在原文中", "投诉"),
        "urgency": _text(f"紧急程度：{'、'.join(Urgency)}", "normal"),
        "caller": _CALLER,
        "address": _text("地址", "人民路与新华路交叉口"),
        "location": _LOCATION,
        "kind": _text(f"类别之一：{'、'.join(Kind)}", "event"),
        "category": _text("大类+小类代码", "0101"),
        "occurred_at": _text("发生时间，RFC 3339；没有时区的按当地时间并标注", "2026-11-21T09:30:00+08:00"),
        "due_at": _text("热线要求的答复期限，RFC 3339", "2026-11-28T09:30:00+08:00"),
        "attachments": {
            "type": "array",
            "description": "附件地址；本版保留在原文中，不下载",
            "items": _object("一个附件", url=_text("地址"), name=_text("文件名")),
        },
        "repeat_of": _text("重复来电所指的原工单号"),
        "evaluation": _EVALUATION,
    },
}
"""JSON Schema of the body, for the published description; the body itself is read by `dispatch.hotline`."""
