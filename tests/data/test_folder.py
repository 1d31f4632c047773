from pathlib import Path

import pytest

from distill.data.folder import check_corpus_folder
from distill.errors import CorpusError


def test_a_folder_is_fine(tmp_path: Path) -> None:
    check_corpus_folder(tmp_path)


def test_what_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("x")
    with pytest.raises(CorpusError, match=r"no folder .*nowhere"):
        check_corpus_folder(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match=r"a\.wav is a file"):
        check_corpus_folder(tmp_path / "a.wav")
