"""`distill ui`: the web page, served on this machine."""

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distill.cli.console import make_console, one_sentence_errors
from distill.cli.options import WorkspaceDir
from distill.errors import UsageError

if TYPE_CHECKING:
    from distill.library.workspace import Workspace
    from distill.ui.server import Address

Folder = Annotated[
    Path | None,
    typer.Argument(help="Folder of your sounds, to begin with.", metavar="[DATASET_DIR]"),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        help="Name under which other devices reach this machine; may be repeated.",
        metavar="NAME",
    ),
]


@one_sentence_errors
def ui_cmd(
    folder: Folder = None,
    workspace: WorkspaceDir = None,
    host: Annotated[
        str, typer.Option(help="Address to listen at. Others than this let the network in.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port; the next free one where it is taken.", min=0, max=65535)
    ] = 8765,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address; open no browser.")
    ] = False,
    allow_host: AllowHost = None,
    link: Annotated[
        bool,
        typer.Option("--link", help="Print a link that logs a browser in at the running page."),
    ] = False,
) -> None:
    """Open the web page.

    It is served on this machine and for you alone: nothing is uploaded. Ctrl-C ends it; trainings
    go on. Where it runs already, the running one opens.
    """
    from distill.library.corpus_folders import remember_corpus
    from distill.library.workspace import open_workspace
    from distill.ui.server import LOCAL_HOSTS, run_server, running_server

    place = open_workspace(workspace)
    path = f"/sounds/{remember_corpus(place, folder).id}" if folder else ""
    running = running_server(place)
    if link or running is not None:
        if running is None:
            raise UsageError(f"No page of {place.root} runs: `distill ui` starts it.")
        _show(place, running, path, opens=not (link or no_browser))
        return
    names = allow_host or []
    if host not in LOCAL_HOSTS:
        if not names:
            raise UsageError(
                f"At {host}, others reach this machine by a name: give it with --allow-host."
            )
        make_console().print(
            "Others in your network can reach the page; who has a link can use it, and hears "
            "your sounds. It is not encrypted.",
            style="yellow",
            soft_wrap=True,
        )

    def on_start(address: "Address") -> None:
        _show(place, address, path, opens=not no_browser)

    run_server(place, host=host, port=port, allowed=names, on_start=on_start)


def _show(workspace: "Workspace", address: "Address", path: str, opens: bool) -> None:
    """Open the page in a browser, or print a link to it."""
    link = address.link(workspace, path)
    console = make_console()
    if opens and webbrowser.open(link):
        console.print(f"Distill is at {address.url} in your browser. Ctrl-C ends it.")
        return
    console.print(
        f"Open this link within a minute; `distill ui --link` gives another:\n{link}",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )
