"""The page: the bundle in `static`, read once, sent compressed."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from distill.ui.security import NONCE

STATIC = Path(__file__).with_name("static")
"""Folder of the bundle."""

NONCE_MARK = b"{{nonce}}"
"""What stands in `index.html` for the nonce of the policy."""

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Media types of files of a bundle; other files are none."""

COMPRESSED = frozenset([".png", ".woff2"])
"""Endings of files that are compressed already."""

MISSING = (
    "The page is not in this installation of Distill: install a release, or build it with "
    "`make page`. The interface under /api works without it."
)


@dataclass(frozen=True)
class PageFile:
    """A file of the bundle.

    Attributes:
        content: Its bytes.
        zipped: The same, compressed by gzip; None where that is of no use.
        media: Its media type.
        tag: Changes with its content.
    """

    content: bytes
    zipped: bytes | None
    media: str
    tag: str


class Page:
    """Answers with the files of a bundle, and with the page for all other paths.

    No path of a request ever reaches the disk: names are looked up in a table.

    Args:
        folder: Folder of the bundle.
    """

    def __init__(self, folder: Path = STATIC) -> None:
        self._files: dict[str, PageFile] = {}
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.suffix in MEDIA_TYPES and path.is_file():
                self._files[path.relative_to(folder).as_posix()] = _read(path)

    async def answer(self, request: Request) -> Response:
        """The file of a path; the page, where there is none."""
        name = request.path_params["path"]
        file = self._files.get(name)
        if file is not None and name != "index.html":
            return _answer(request, file)
        # Places in the page have paths of their own.
        index = self._files.get("index.html")
        if index is None:
            return PlainTextResponse(MISSING, 503)
        content = index.content.replace(NONCE_MARK, request.scope[NONCE].encode())
        return Response(content, media_type=index.media)


def _answer(request: Request, file: PageFile) -> Response:
    headers = {"ETag": file.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    if file.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(file.zipped, headers=headers, media_type=file.media)
    return Response(file.content, headers=headers, media_type=file.media)


def _read(path: Path) -> PageFile:
    content = path.read_bytes()
    return PageFile(
        content=content,
        zipped=None if path.suffix in COMPRESSED else gzip.compress(content, mtime=0),
        media=MEDIA_TYPES[path.suffix],
        tag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    )
