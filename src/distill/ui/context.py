"""What all routes share: workspace, secret, player, events."""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distill.library.editing import Editor
from distill.library.player import Player
from distill.library.workspace import Workspace
from distill.ui.hub import Hub
from distill.ui.session import LoginCodes, Secret

if TYPE_CHECKING:
    from distill.ui.drops import Drops
    from distill.ui.tasks import Tasks


@dataclass
class Context:
    """What all routes share.

    Attributes:
        workspace: The workspace.
        secret: Its secret.
        codes: Login codes that were used.
        hub: Passes events on to the tabs.
        player: Makes sounds.
        tasks: Requests to the player that were asked for last.
        drops: What is sent to each corpus.
        editor: Edits documents.
        editing: Held while `editor` works: it serves one at a time.
        is_local: Whether the server can be reached from this machine alone.
        live: Held by the one stream that is played.
        has_changed: Set once a tab has changed something: the watch looks at once.
    """

    workspace: Workspace
    secret: Secret
    codes: LoginCodes
    hub: Hub
    player: Player
    tasks: "Tasks"
    drops: "Drops"
    editor: Editor
    editing: threading.Lock = field(default_factory=threading.Lock)
    is_local: bool = True
    live: threading.Lock = field(default_factory=threading.Lock)
    has_changed: threading.Event = field(default_factory=threading.Event)
