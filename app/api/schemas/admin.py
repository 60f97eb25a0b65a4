"""Files of master data as they come in, and what became of them."""

from typing import Annotated, Any, Literal

from fastapi import UploadFile
from pydantic import ConfigDict, Field

from app.api.schemas.base import Answer, Body
from app.services.import_values import Imported

Name = Annotated[
    str, Field(min_length=1, max_length=100, description="名称；目录的名称就是其版本", examples=["2026-12"])
]
TableFile = Annotated[UploadFile, Field(description="CSV（UTF-8 或 GBK）或 XLSX，最大 256 MiB、1,000,000 行")]
ShapeFile = Annotated[
    UploadFile,
    Field(
        description="GeoJSON、GeoPackage 或打包成 .zip 的 Shapefile，最大 256 MiB、1,000,000 个要素、4,000,000 个顶点"
    ),
]


class TableForm(Body):
    """A file of rows."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: TableFile
    name: Name


class CatalogueForm(TableForm):
    """A catalogue of categories."""

    plain_limits: Annotated[
        Literal["working", "continuous"],
        Field(
            description="时限只写“小时”“天”时：`working` 按工作时间，`continuous` 按自然时间",
            examples=["working"],
        ),
    ] = "working"


class ShapeForm(Body):
    """A file of shapes."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: ShapeFile
    name: Name
    datum: Annotated[
        str,
        Field(
            min_length=1,
            max_length=20,
            description="坐标所用的系统：`wgs84`、`cgcs2000`、`gcj02`、`bd09` 或 `EPSG:编号`",
            examples=["cgcs2000"],
        ),
    ]
    layer: Annotated[
        str | None, Field(max_length=200, description="GeoPackage 有几个图层时读哪一个", examples=["cells"])
    ] = None
    encoding: Annotated[
        Literal["utf-8", "gb18030"] | None,
        Field(description="Shapefile 的文字编码；不填则看 .cpg，再看内容", examples=["gb18030"]),
    ] = None


class ImportFindingOut(Answer):
    """One fault of a file."""

    code: str = Field(description="哪一种问题，见 docs/imports.md", examples=["overlap"])
    severity: str = Field(description="`error` 不收，`warning` 请人看", examples=["error"])
    where: dict[str, Any] = Field(
        description="文件、工作表、行（按表格编号）或要素（从 1 起）、列、值、所涉代码，及 GeoJSON 图形（能画出时）",
        examples=[{"file": "cells.gpkg", "feature": 12, "codes": ["310109001001001"]}],
    )
    message: str = Field(description="问题是什么，怎样改正", examples=["310109001001001 没有图形，请补画或删去"])


class FirstPasswordOut(Answer):
    """An account that was opened."""

    username: str = Field(description="用户名", examples=["inspector17"])
    password: str = Field(description="初始口令，只在这一次回答中出现", examples=["vY3k0r2XyQmT9w1B"])


class DraftOut(Answer):
    """A set that was imported."""

    id: str = Field(description="数据集的编号，启用时用它", examples=["0199f2c4-7a10-7cc3-9e5b-2b8f0f4a6d11"])
    kind: str = Field(description="哪一类数据", examples=["cells"])
    name: str = Field(description="名称", examples=["2026-12"])
    state: str = Field(description="`draft`；账号立即生效，为 `active`", examples=["draft"])
    valid: bool = Field(description="就其自身而言能否启用", examples=[True])


class ImportedOut(DraftOut):
    """What became of a file that was taken."""

    findings: list[ImportFindingOut] = Field(description="发现的问题，错误在前，最多 1,000 条，每一种都有")
    counts: dict[str, Any] = Field(
        description="`rows` 行数，`errors`、`warnings` 问题数，`findings` 每种问题的全部数目",
        examples=[{"rows": 9120, "errors": 0, "warnings": 1, "findings": {"gap": 1}}],
    )
    also: list[DraftOut] = Field(description="同一文件带来的其他草稿：网格文件写了责任区时的 `beats`，须一并启用")
    accounts: list[FirstPasswordOut] | None = Field(
        description="新账号与初始口令，仅导入账号时有；以同一 Idempotency-Key 重发时不再给出口令", examples=[None]
    )

    @classmethod
    def told(cls, one: Imported) -> "ImportedOut":
        """Return the answer."""
        return cls(
            **_draft(one),
            findings=[ImportFindingOut.model_validate(found) for found in one.findings],
            counts=dict(one.counts),
            also=[DraftOut(**_draft(other)) for other in one.also],
            accounts=[FirstPasswordOut.model_validate(account) for account in one.accounts] or None,
        )


def _draft(one: Imported) -> dict[str, Any]:
    return {"id": str(one.id), "kind": one.kind, "name": one.name, "state": one.state, "valid": one.valid}
