"""`/session`: who is there, and the login."""

import os
import shutil
import time
from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response

from distill import __version__
from distill.library.job_queue import is_training
from distill.ui.api import Endpoint, HttpError, json_response
from distill.ui.context import Context
from distill.ui.session import COOKIE_S


@dataclass(frozen=True)
class Login:
    """A one-time code of `distill ui --link`.

    Attributes:
        code: The code.
    """

    IS_BODY: ClassVar = True
    code: str


@dataclass(frozen=True)
class SessionView:
    """The server and its machine.

    Attributes:
        version: Version of Distill.
        run: A word that another run of the server has not.
        workspace: Folder of the workspace.
        free_bytes: Free bytes on its disk.
        cores: Cores of the machine.
        is_local: Whether the server can be reached from this machine alone.
        is_player_ready: Whether the player has loaded and takes requests.
        is_training: Whether a training runs.
        last_event: Number of the last event.
    """

    version: str
    run: str
    workspace: str
    free_bytes: int
    cores: int
    is_local: bool
    is_player_ready: bool
    is_training: bool
    last_event: int


def show_session(context: Context) -> SessionView:
    """The server and its machine."""
    return SessionView(
        version=__version__,
        run=context.hub.run,
        workspace=str(context.workspace.root),
        free_bytes=shutil.disk_usage(context.workspace.root).free,
        cores=os.cpu_count() or 1,
        is_local=context.is_local,
        is_player_ready=context.player.is_ready,
        is_training=is_training(context.workspace),
        last_event=context.hub.last,
    )


def log_in(context: Context, body: Login) -> Response:
    """Swap a one-time code for a cookie."""
    if not context.codes.use(body.code):
        raise HttpError(
            401, "This link was used or is too old: `distill ui --link` gives a new one.", "Login"
        )
    response = json_response({})
    response.set_cookie(
        context.secret.cookie_name,
        context.secret.make_cookie(time.time()),
        max_age=COOKIE_S,
        path="/",
        httponly=True,
        samesite="strict",
    )
    return response


ENDPOINTS = (
    Endpoint("GET", "/session", show_session),
    Endpoint("POST", "/session", log_in, media="application/json", largest_body=4096),
)
