"""Why the operating system refused is said in the words of the user."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from eligibility.errors import reason_of


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (OSError(errno.ENOENT, "No such file or directory"), "没有这个文件或文件夹"),
        (OSError(errno.ENOSPC, "No space left on device"), "磁盘满了"),
        (OSError(errno.EPROTO, "Protocol error"), "系统错误 EPROTO"),
        (OSError(0, "不是普通文件"), "不是普通文件"),
        (OSError("no number"), "读不出来"),
        (ValueError("something else"), "读不出来"),
    ],
)
def test_the_reason_is_chinese(failure: Exception, words: str) -> None:
    assert reason_of(failure, "读不出来") == words


def test_what_the_system_raises_itself(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    for path, words in ((tmp_path, "是文件夹，应是文件"), (tmp_path / "file" / "x", "路径中间的一段是文件")):
        with pytest.raises(OSError) as failed:
            path.read_bytes()
        assert reason_of(failed.value).startswith(words)
