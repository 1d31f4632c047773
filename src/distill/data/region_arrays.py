"""Arrays made from regions of sounds, kept in the cache: for an hour of sound they take minutes.

    <cache>/codes/<hash of a codec>/<hash of the sound>-<start>-<stop>.npz    codes of each encoding
    <cache>/traits/<hash of a measure>/<hash of the sound>-<start>-<stop>.npz  what was measured

One file holds all arrays of a region, so that thousands of short sounds do not make ten thousands
of files. Its members have checksums: a damaged file counts as none. Whoever reads one has all of it
in memory, which a file of codes hardly takes: a byte for each code.
"""

import zlib
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np

from distill.data.cache import cache_file
from distill.data.dataset import ClipRegion
from distill.files import open_regular
from distill.settings import cache_dir


class RegionArrays:
    """Arrays of regions, by name.

    Args:
        kind: Folder within the cache, one of `ARRAY_KINDS` of `housekeeping`.
        maker: SHA-256 of all that they depend on beside the sound.
    """

    def __init__(self, kind: str, maker: str) -> None:
        self.folder = cache_dir() / kind / maker

    def path(self, region: ClipRegion) -> Path:
        """The file of a region."""
        digest = region.clip.content_hash
        return self.folder / f"{digest}-{region.start}-{region.stop}.npz"

    def load(self, region: ClipRegion) -> dict[str, np.ndarray]:
        """All arrays of a region; none where there is no file, or a damaged one."""
        try:
            with open_regular(self.path(region)) as file, ZipFile(file) as archive:
                return {name: _read(archive, name) for name in archive.namelist()}
        except (OSError, ValueError, EOFError, BadZipFile, zlib.error, NotImplementedError):
            return {}

    def save(self, region: ClipRegion, arrays: dict[str, np.ndarray]) -> None:
        """Keep the arrays of a region, in place of those before.

        Raises:
            OutputError: If the cache cannot be written.
        """
        # The checksums tell what a power cut has spoiled: there is no need to sync.
        with (
            cache_file(self.path(region), is_lasting=False) as file,
            ZipFile(file, "w") as archive,
        ):
            for name, array in arrays.items():
                with archive.open(name, "w") as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)


def _read(archive: ZipFile, name: str) -> np.ndarray:
    """The array of a member, once its checksum is right."""
    content = BytesIO(archive.read(name))
    array: np.ndarray = np.lib.format.read_array(content, allow_pickle=False)
    return array
