"""The option --picture: drawing with the extra for pictures, or saying that it is missing."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from .errors import extra

PictureFile = Annotated[
    Path | None, typer.Option("--picture", metavar="FILE", help="画成图（.svg 或 .png），旁边写下数值的 CSV")
]


def pictures() -> ModuleType:
    """What draws. Raises `InputError` where the extra for pictures is not installed."""
    with extra("pictures", "画图"):
        return import_module(".whatif.pictures", __package__)
