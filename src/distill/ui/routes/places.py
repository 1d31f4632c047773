"""`/places`: folders to choose a corpus from, by signed tokens in place of paths."""

import base64
import os
from dataclasses import dataclass
from pathlib import Path

from distill.errors import NotFoundError
from distill.library.places import Place, places_in, root_places
from distill.ui.api import Endpoint
from distill.ui.context import Context
from distill.ui.session import Secret


@dataclass(frozen=True)
class PlaceView:
    """A folder.

    Attributes:
        token: Stands for it in requests.
        name: Its name.
        path: Its path, for people.
        sounds: Number of sound files in it and below, as far as was counted.
        is_counted: Whether all of it was counted.
        has_folders: Whether it has folders in it.
    """

    token: str
    name: str
    path: str
    sounds: int
    is_counted: bool
    has_folders: bool


def list_places(context: Context) -> list[PlaceView]:
    """The home folder and other disks."""
    return [_view(context.secret, place) for place in root_places()]


def list_folders(context: Context, token: str) -> list[PlaceView]:
    """The folders in a listed folder."""
    folder = path_of_token(context.secret, token)
    return [_view(context.secret, place) for place in places_in(folder)]


def _view(secret: Secret, place: Place) -> PlaceView:
    return PlaceView(
        token=token_of_path(secret, place.path),
        name=place.name,
        path=str(place.path),
        sounds=place.sounds,
        is_counted=place.is_counted,
        has_folders=place.has_folders,
    )


def token_of_path(secret: Secret, path: Path) -> str:
    """A token that stands for a folder."""
    text = base64.urlsafe_b64encode(os.fsencode(path)).decode().rstrip("=")
    return f"{text}.{secret.sign('place', text)}"


def path_of_token(secret: Secret, token: str) -> Path:
    """The folder that a token stands for. `NotFoundError` for a token that was never given."""
    text, _, signature = token.rpartition(".")
    if not secret.is_signed("place", text, signature):
        raise NotFoundError("This folder was not listed here: choose it from the list.")
    return Path(os.fsdecode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))


ENDPOINTS = (
    Endpoint("GET", "/places", list_places),
    Endpoint("GET", "/places/{token}", list_folders),
)
