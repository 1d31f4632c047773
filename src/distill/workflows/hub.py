"""Models at the Hugging Face Hub: push, pull, and models named `hf://USER/NAME`.

Nothing here is called, and no connection opened, unless a person names the hub. Source of the
library: https://huggingface.co/docs/huggingface_hub.
"""

import hashlib
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from distill.errors import HubError, NoPriorError, UsageError
from distill.exports import LazyModule
from distill.files import FilePath, check_regular, check_space, replace_atomically
from distill.models.anonymous import without_names
from distill.models.header import read_outline
from distill.models.sda_file import plain_copy, read_contents, write_contents
from distill.training.paths import check_model_name
from distill.workflows.hub_card import model_card

if TYPE_CHECKING:
    from distill.workflows import hub_sounds
else:
    # It loads torch, which a push of the file alone does without.
    hub_sounds = LazyModule("distill.workflows.hub_sounds")

MODEL_FILE = "model.sda"
"""Name of the model in its repository."""

CARD_FILE = "README.md"

SCHEME = re.compile(r"hf:[/\\]{1,2}")
"""Beginning of an address; a path keeps one slash of two, and turns it on Windows."""

ADDRESS = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
"""`USER/NAME` or `USER/NAME@REVISION`."""

LOG_IN = "set HF_TOKEN, or run `hf auth login`"

MAX_COPY = 20.0
"""Percentage of a sound in a card that may repeat passages of recordings, unless told otherwise."""

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Pushed:
    """A model at the hub.

    Attributes:
        repository: `USER/NAME`.
        url: Where it can be seen.
        has_names: Whether the names of recordings are in it.
        bytes: Size of the file.
        sounds: New sounds in its card.
    """

    repository: str
    url: str
    has_names: bool
    bytes: int
    sounds: int = 0


def is_address(name: FilePath) -> bool:
    """Whether `name` is that of a model at the hub: `hf://USER/NAME`."""
    return SCHEME.match(os.fspath(name)) is not None


def push(
    model_path: FilePath,
    repository: str,
    *,
    private: bool = False,
    with_names: bool = False,
    sounds: bool = False,
    max_copy: float = MAX_COPY,
) -> Pushed:
    """Copy a model to the hub, with a card; the names of recordings are left out.

    The token is that of `HF_TOKEN`, or of `hf auth login`.

    Args:
        model_path: Model file.
        repository: `USER/NAME`; it is made where there is none.
        private: Whether a new repository is private.
        with_names: Whether names of recordings stay in the copy.
        sounds: Whether three new sounds go into the card.
        max_copy: Percentage of such a sound that may repeat passages of the recordings, at most.

    Raises:
        ModelFileError: The file cannot be used, or has no prior to draw sounds with.
        UsageError: `repository` is no such name, the library of the hub is not installed, or every
            new sound repeats more.
        HubError: The hub cannot be reached, or refuses.

    Example:
        distill.push("my.sda", "somebody/my-sounds", private=True)
    """
    name, revision = parse_repository(repository)
    if revision:
        raise UsageError(f"A model is pushed to the main revision: leave out @{revision}.")
    hub = _library()
    contents = read_contents(Path(model_path))
    if not with_names:
        contents = without_names(contents)
    if sounds and not contents.get("has_prior"):
        raise NoPriorError(
            f"{model_path} has no prior to draw sounds with: run `distill train-prior` first, or "
            "leave out --sounds."
        )
    url = f"{_endpoint()}/{name}"
    with TemporaryDirectory(prefix="distill-") as place:
        folder = Path(place)
        copy = folder / MODEL_FILE
        write_contents(copy, plain_copy(contents, "model"))
        # By the copy: what is heard is what is given away, and knows no names.
        drawn = hub_sounds.draw_card_sounds(copy, folder, max_copy) if sounds else []
        card = model_card(contents, name, drawn, f"{url}/resolve/main")
        with _in_a_sentence(name):
            api = hub.HfApi(endpoint=_endpoint())
            api.create_repo(name, private=private, exist_ok=True)
            files = [MODEL_FILE, *(sound.file for sound in drawn)]
            operations = [
                *(hub.CommitOperationAdd(file, str(folder / file)) for file in files),
                hub.CommitOperationAdd(CARD_FILE, card.encode()),
            ]
            api.create_commit(name, operations, commit_message="Model of Distill")
        size = copy.stat().st_size
    return Pushed(repository=name, url=url, has_names=with_names, bytes=size, sounds=len(drawn))


def pull(repository: str, output: FilePath, *, overwrite: bool = False) -> Path:
    """Copy a model from the hub to a file, once it passes the checks of any model file.

    Args:
        repository: `USER/NAME`, or `USER/NAME@REVISION`; `hf://` may stand before it.
        output: Model file to write (`.sda`).
        overwrite: Whether to replace a file.

    Raises:
        UsageError: `repository` is no such name, or the library of the hub is not installed.
        HubError: The hub cannot be reached, or does not have it.
        ModelFileError: What it has cannot be used.
        OutputError: The file cannot be written.
        UsageError: It exists, unless `overwrite`.

    Example:
        distill.pull("somebody/my-sounds", "theirs.sda")
    """
    target = Path(output)
    check_model_name(target)
    check_regular(target)
    if target.exists() and not overwrite:
        raise UsageError(f"'{target}' exists already: choose another --output, or --overwrite.")
    source = fetch(repository)
    check_space(target, source.stat().st_size)
    with open(source, "rb") as reader, replace_atomically(target) as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)
    return target


def fetch(address: FilePath) -> Path:
    """A model of the hub as a checked file, in the cache of the hub's library.

    Args:
        address: `hf://USER/NAME` or `hf://USER/NAME@REVISION`; `hf://` may be left out.

    Raises:
        UsageError: It is no such address, or the library of the hub is not installed.
        HubError: The hub cannot be reached, or does not have it.
        ModelFileError: What it has cannot be used.
    """
    name, revision = parse_repository(os.fspath(address))
    hub = _library()
    with _in_a_sentence(name, revision):
        path = Path(hub.hf_hub_download(name, MODEL_FILE, revision=revision, endpoint=_endpoint()))
    _check_content(path, name)
    read_outline(path, weights=True)
    return path


def find_fetched(address: str) -> Path | None:
    """A model of the hub that was fetched before, without asking the hub; None without one.

    Args:
        address: `hf://USER/NAME` or `hf://USER/NAME@REVISION`, from anywhere.
    """
    if find_spec("huggingface_hub") is None:
        return None
    try:
        name, revision = parse_repository(address)
    except UsageError:
        return None
    hub = import_module("huggingface_hub")
    validation = import_module("huggingface_hub.errors").HFValidationError
    try:
        found = hub.try_to_load_from_cache(name, MODEL_FILE, revision=revision)
    except validation:
        return None
    # Something else stands for what the hub is known not to have.
    return Path(found) if isinstance(found, str) else None


def write_address(name: FilePath) -> str:
    """The address of a model at the hub as it is written, whatever a path made of its slashes.

    Raises:
        UsageError: `name` is no address.
    """
    repository, revision = parse_repository(os.fspath(name))
    return f"hf://{repository}" + (f"@{revision}" if revision else "")


def parse_repository(text: str) -> tuple[str, str | None]:
    """Name and revision of a repository; None for the main one.

    Raises:
        UsageError: `text` is no name of one.
    """
    bare = SCHEME.sub("", text, count=1).replace("\\", "/")
    match = ADDRESS.fullmatch(bare)
    if match is None:
        raise UsageError(
            f"A model at the hub is named USER/NAME or USER/NAME@REVISION, not '{bare}'."
        )
    return match[1], match[2]


def _library() -> Any:
    """The library of the hub, which not everybody has."""
    if find_spec("huggingface_hub") is None:
        raise UsageError(
            "The library of the hub is not installed: run `pip install 'distill[hub]'`."
        )
    return import_module("huggingface_hub")


def _endpoint() -> str:
    """Address of the hub, as it is set now: the library looks when it is imported."""
    constants = import_module("huggingface_hub.constants")
    return os.environ.get("HF_ENDPOINT") or str(constants.ENDPOINT)


def _check_content(path: Path, name: str) -> None:
    """Compare a file of the cache with its hash, by which the cache names it."""
    blob = path.resolve()
    if not SHA256.fullmatch(blob.name):
        return
    with open(blob, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != blob.name:
        # Else it would be found there the next time.
        path.unlink()
        blob.unlink()
        raise HubError(f"What came of {name} is not what the hub has by its hash: try again.")


@contextmanager
def _in_a_sentence(name: str, revision: str | None = None) -> Iterator[None]:
    """Turn errors of the hub's library into a `HubError` with what to do."""
    errors = import_module("huggingface_hub.errors")
    try:
        with _without_warnings():
            yield
    except errors.RevisionNotFoundError as error:
        raise HubError(f"{name} has no revision '{revision}' at the hub.") from error
    except errors.RepositoryNotFoundError as error:
        raise HubError(f"There is no {name} at the hub, or it is private: {LOG_IN}.") from error
    except errors.LocalEntryNotFoundError as error:
        raise HubError(f"The hub cannot be reached, and {name} was not pulled before.") from error
    except errors.EntryNotFoundError as error:
        raise HubError(f"{name} holds no {MODEL_FILE}: it is no model of Distill.") from error
    except errors.LocalTokenNotFoundError as error:
        raise HubError(f"The hub does not know you: {LOG_IN}.") from error
    except errors.HFValidationError as error:
        raise HubError(f"'{name}' is no name that the hub takes: {error}") from error
    except errors.HfHubHTTPError as error:
        raise HubError(_refusal(name, error)) from error
    except (OSError, RuntimeError, errors.HTTPError) as error:
        # An upload that fails is a RuntimeError for a reason.
        reason = error.__cause__ or error
        raise HubError(f"The connection to the hub failed ({reason}): try again.") from error


@contextmanager
def _without_warnings() -> Iterator[None]:
    """While inside, the library does not warn of each attempt: the last one is said."""
    # Its level is set when its first logger is made.
    import_module("huggingface_hub.utils")
    library = logging.getLogger("huggingface_hub")
    before = library.level
    library.setLevel(logging.ERROR)
    try:
        yield
    finally:
        library.setLevel(before)


def _refusal(name: str, error: Any) -> str:
    status = getattr(error.response, "status_code", None)
    if status in (401, 403):
        return f"The hub does not let you at {name}: {LOG_IN}."
    return f"The hub could not do it ({status}): {str(error).splitlines()[0]}"
