"""Whether a corpus has a folder, found out without the libraries that decode sounds."""

import os

from distill.errors import CorpusError
from distill.files import FilePath


def check_corpus_folder(folder: FilePath) -> None:
    """Check that the folder of a corpus is there.

    Raises:
        CorpusError: If it is not, or is a file.
    """
    if not os.path.exists(folder):
        raise CorpusError(f"There is no folder {folder}; name the folder that holds your sounds.")
    if not os.path.isdir(folder):
        raise CorpusError(f"{folder} is a file; name the folder that holds your sounds.")
