"""What can go wrong, and where: the one exception tree of the library.

    EligibilityError
    ├── InputError            a case, a month or an option is unusable; nothing was evaluated
    ├── RulesetError          the law as written in a ruleset folder is unusable
    ├── EngineDisagreement    the engines infer different verdicts; nothing is determined
    ├── EngineError           an engine refused its input or failed
    └── OutputError           a result could not be written

Business outcomes (eligible, ineligible, undetermined, not in force) are values, never exceptions.
No message ever contains personal data: values of sensitive fields are masked before they get here.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a stable `code`, the place, what was expected, and a way out."""

    code: str
    message: str
    location: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        hint = f"（{self.hint}）" if self.hint else ""
        return f"{place}{self.message}{hint} [{self.code}]"


class EligibilityError(Exception):
    """Base of all errors; carries one or more problems, reported together.

    `exit_code` is what the command line returns for it.
    """

    exit_code = 1

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        if not self.problems:
            raise ValueError("an error needs at least one problem")
        super().__init__("\n".join(map(str, self.problems)))

    @property
    def code(self) -> str:
        return self.problems[0].code

    @property
    def location(self) -> str | None:
        return self.problems[0].location

    @property
    def hint(self) -> str | None:
        return self.problems[0].hint


class InputError(EligibilityError):
    """A case file, a month or an option is unusable; nothing was evaluated."""

    exit_code = 3


class RulesetError(EligibilityError):
    """A ruleset folder is unusable: a place in a file, what was expected, the nearest name."""

    exit_code = 5


class EngineDisagreement(EligibilityError):
    """Two engines inferred different verdicts from the same criteria; nothing is determined."""

    exit_code = 7


class EngineError(EligibilityError):
    """An engine refused a program or a fact, or failed while running."""

    exit_code = 1


class OutputError(EligibilityError):
    """A result could not be written."""

    exit_code = 8


@contextmanager
def extra(name: str, purpose: str) -> Iterator[None]:
    """Around the import of what needs an extra: says which one is missing in place of the import that failed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("eligibility"):
            raise
        message, hint = f"没有安装{purpose}所需的组件 {error.name}", f"pip install 'eligibility[{name}]'"
        raise InputError(Problem("missing-extra", message, None, hint)) from None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """A hint naming the known name most like `name`, or None if none is close."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"最接近的名称：{found[0]}" if found else None


_REASONS: Final = {
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EEXIST: "已经有同名的文件",
    errno.ENOTDIR: "路径中间的一段是文件，应是文件夹",
    errno.EISDIR: "是文件夹，应是文件",
    errno.ENOTEMPTY: "文件夹不是空的",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "所在的磁盘只能读",
    errno.ENOSPC: "磁盘满了",
    errno.EDQUOT: "磁盘配额用完了",
    errno.EFBIG: "文件太大",
    errno.EIO: "磁盘读写出错",
    errno.EBUSY: "正被别的程序使用",
    errno.ENAMETOOLONG: "名称太长",
    errno.ELOOP: "符号链接成环",
    errno.EMFILE: "同时打开的文件太多",
    errno.ENFILE: "同时打开的文件太多",
    errno.ENOMEM: "内存不够",
}


def reason_of(failure: Exception, otherwise: str = "原因不明") -> str:
    """Why the operating system refused, in the words of the user.

    An `OSError` raised by ourselves with the number 0 brings its own words. `otherwise` is said where there is no
    number, as with errors of Arrow.
    """
    number = getattr(failure, "errno", None)
    if number is None:
        return otherwise
    if number == 0:
        return str(getattr(failure, "strerror", None) or otherwise)
    return _REASONS.get(number) or f"系统错误 {errno.errorcode.get(number, number)}"
