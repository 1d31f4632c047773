"""`distill presets`: settings of `generate` under names."""

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from distill.cli.console import make_console, one_sentence_errors, print_json
from distill.cli.library_lines import print_problems, say_deleted
from distill.cli.options import ForGood, Json, Overwrite, WorkspaceDir
from distill.errors import UsageError

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Keep settings of generate under names: knobs, curves and modes.\n\n"
        "`distill generate --preset NAME` takes them; options beside it win."
    ),
)

PresetName = Annotated[
    str, typer.Argument(help="Name, with its folders before it, or id.", metavar="PRESET")
]


@app.command("list")
@one_sentence_errors
def list_cmd(
    text: Annotated[
        str, typer.Argument(help="Words in name, folder, notes or settings.", metavar="[WORDS]")
    ] = "",
    model: Annotated[
        str | None,
        typer.Option(help="General presets, and those for a model of the library: id or name."),
    ] = None,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """List presets, by folder and name."""
    from distill.library.models import load_model
    from distill.library.presets import list_presets
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    model_id = None if model is None else load_model(place, model).model_id
    listing = list_presets(place, text, model_id)
    if json:
        print_json(asdict(listing))
        return
    console = make_console()
    print_problems(console, listing.problems)
    for preset in listing.presets:
        of_model = f" (for {preset.model.name})" if preset.model else ""
        console.print(f"{preset.title}{of_model}: {_settings(preset.settings)}", soft_wrap=True)
    if not listing.presets:
        console.print("No preset fits." if text else "No presets yet.")


@app.command("save")
@one_sentence_errors
def save_cmd(
    name: Annotated[
        str, typer.Argument(help="Its name; folders before it, as in drums/warm.", metavar="NAME")
    ],
    render: Annotated[
        str | None,
        typer.Option(
            "--from", help="Take the settings of a sound of the history: id, name or last."
        ),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A setting, as in brightness=0:20,5:90; several with several --set.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    for_model: Annotated[
        bool, typer.Option("--for-model", help="For the model of that sound alone.")
    ] = False,
    notes: Annotated[str, typer.Option(help="Notes.")] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a preset of that name.")
    ] = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Save settings under a name: those of a sound, changed by --set, or those of --set alone."""
    from distill.library.preset import ModelMention, settings_of_recipe
    from distill.library.presets import save_preset
    from distill.library.renders import load_render, resolve_render
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    if render is None and not values:
        raise UsageError("Which settings? Name a sound with --from, or give some with --set.")
    if for_model and render is None:
        raise UsageError("--for-model means the model of a sound: name one with --from.")
    settings: dict[str, Any] = {}
    model = None
    if render is not None:
        source = load_render(place, resolve_render(place, render))
        settings = settings_of_recipe(source.recipe)
        model = ModelMention(id=source.model_id, name=source.model_name) if for_model else None
    settings |= dict(_parse_setting(text) for text in values or ())
    preset = save_preset(place, name, settings, model=model, notes=notes, overwrite=overwrite)
    make_console(quiet=json).print(f"{preset.title}: {_settings(preset.settings)}", soft_wrap=True)
    if json:
        print_json(asdict(preset))


@app.command("show")
@one_sentence_errors
def show_cmd(preset: PresetName, workspace: WorkspaceDir = None, json: Json = False) -> None:
    """Show the settings of a preset."""
    from distill.library.presets import load_preset
    from distill.library.workspace import open_workspace

    content = load_preset(open_workspace(workspace, make=False), preset)
    if json:
        print_json(asdict(content))
        return
    console = make_console()
    for name, value in content.settings.items():
        console.print(f"{name}: {_value(value)}", soft_wrap=True)
    if content.notes:
        console.print(content.notes, soft_wrap=True)


@app.command("delete")
@one_sentence_errors
def delete_cmd(
    preset: PresetName,
    for_good: ForGood = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Move a preset to the bin. `restore` brings it back within a day."""
    from distill.library.presets import delete_preset, find_preset_id
    from distill.library.workspace import open_workspace

    place = open_workspace(workspace, make=False)
    deletion = delete_preset(place, find_preset_id(place, preset), for_good=for_good)
    say_deleted(deletion, "presets", for_good, json)


@app.command("restore")
@one_sentence_errors
def restore_cmd(
    preset: Annotated[str, typer.Argument(help="Id of the preset.", metavar="PRESET")],
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Bring back a deleted preset."""
    from distill.library.presets import restore_preset
    from distill.library.workspace import open_workspace

    result = restore_preset(open_workspace(workspace, make=False), preset)
    make_console(quiet=json).print(f"{result.title} is back.", soft_wrap=True)
    if json:
        print_json(asdict(result))


@app.command("export")
@one_sentence_errors
def export_cmd(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names or ids. Default: all.", metavar="[PRESET]...")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write, .json.")] = Path(
        "presets.json"
    ),
    overwrite: Overwrite = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Write presets to one file, to be given to others."""
    from distill.library.preset_bundles import export_presets
    from distill.library.presets import list_presets, load_preset
    from distill.library.workspace import open_workspace
    from distill.workflows.paths import check_outputs

    place = open_workspace(workspace, make=False)
    presets = [load_preset(place, name) for name in names] if names else list_presets(place).presets
    check_outputs([output], overwrite=overwrite)
    path = export_presets(presets, output)
    make_console(quiet=json).print(f"{path}: {_count(len(presets))}.", soft_wrap=True)
    if json:
        print_json({"path": path, "presets": [preset.title for preset in presets]})


@app.command("import")
@one_sentence_errors
def import_cmd(
    path: Annotated[Path, typer.Argument(help="File of presets, .json.", metavar="FILE")],
    folder: Annotated[str, typer.Option(help="Folder of presets to put them into.")] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace presets of the same names.")
    ] = False,
    workspace: WorkspaceDir = None,
    json: Json = False,
) -> None:
    """Add the presets of a file. Names that are taken get a number."""
    from distill.library.preset_bundles import import_presets
    from distill.library.workspace import open_workspace

    presets = import_presets(open_workspace(workspace, make=False), path, folder, overwrite)
    console = make_console(quiet=json)
    for preset in presets:
        console.print(f"{preset.title}: {_settings(preset.settings)}", soft_wrap=True)
    if not presets:
        console.print("All of them are there already.")
    if json:
        print_json({"presets": [asdict(preset) for preset in presets]})


def _parse_setting(text: str) -> tuple[str, Any]:
    """Name and value of `name=value`; numbers and lists as JSON has them, else a text."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise UsageError(f"--set takes name=value, as in temperature=0.9, not '{text[:60]}'.")
    name = name.strip().lstrip("-").replace("-", "_")
    if name == "tags" and not value.startswith(("[", "{")):
        return name, value.split(",")
    try:
        return name, json_module.loads(value)
    except (ValueError, RecursionError):
        return name, value


def _settings(settings: dict[str, Any]) -> str:
    """Settings in one line."""
    return ", ".join(f"{name} {_value(value)}" for name, value in settings.items())


def _value(value: Any) -> str:
    """A setting as one writes it for `generate`."""
    if isinstance(value, list):
        if len(value) == 1 and value[0][0] == 0:
            return f"{value[0][1]:g}"
        return ",".join(":".join(_number(part) for part in pair) for pair in value)
    return "on" if value is True else _number(value)


def _number(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _count(number: int) -> str:
    return "1 preset" if number == 1 else f"{number:,} presets"
