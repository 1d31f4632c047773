"""Errors for bad input or a bad environment, as a tree.

DistillError                  one clear sentence: what, which file, what to do
├── CancelledError            the work was left, because another thread asked for it
├── UsageError                an option or argument that makes no sense
│   └── NotFoundError         nothing has this id or name
├── CorpusError               the folder of sounds cannot be used
├── AudioError                one sound cannot be read or written
├── OutputError               a result cannot be written
│   └── TooLittleRoomError    its disk has too little room
├── CacheError                the sound cache lost a sound in use
├── CodesFileError            a codes file is damaged, too new or not a codes file
├── RevisionError             a document has changed since the caller looked at it
├── DivergedError             codec training went wrong for good: the learning rate is too high
├── MemoryUsedUpError         training does not fit into memory, even with the smallest batch
├── CheckpointError           there is nothing to resume from, or it does not fit
├── LostProcessError          a process of a training on many devices has ended
├── RanksDifferError          processes that train one model hold different weights
├── ParityError               a file for another program sounds other than its model
├── HubError                  the hub cannot be reached, or refuses
├── PlayerError               the process for inference ended, or cannot start
└── ModelFileError            a `.sda` file cannot be used
    ├── NotAModelError        it is no `.sda` file at all (wrong marker)
    ├── TruncatedModelError   it is cut short or damaged
    ├── UnsafeModelError      it holds objects that could run code
    ├── ModelVersionError     a newer Distill wrote it
    ├── MissingKeyError       a required entry is absent
    ├── ShapeMismatchError    weights do not fit the stated configuration
    ├── CodebookMismatchError prior or codes belong to another codec
    ├── NoPriorError          the file holds no prior yet
    └── PriorPresentError     training would orphan the prior that the file holds
"""

from distill.printable import one_line


class DistillError(Exception):
    """Base of all errors meant for the user; `exit_code` is what the CLI returns."""

    exit_code = 1

    def __str__(self) -> str:
        # It may quote a name or a text of a file, and whoever catches it prints or logs it.
        return one_line(super().__str__())


class UsageError(DistillError):
    """An option or argument that makes no sense."""

    exit_code = 2


class NotFoundError(UsageError):
    """Nothing has this id or name."""


class CancelledError(DistillError):
    """The work was left before it was done, because another thread asked for it."""


class CorpusError(DistillError):
    """The folder of sounds does not exist, is no folder, or holds nothing usable."""

    exit_code = 2


class AudioError(DistillError):
    """A sound file cannot be read or written."""


class OutputError(DistillError):
    """A result cannot be written to its place."""


class TooLittleRoomError(OutputError):
    """The disk has too little room for a result."""


class CacheError(DistillError):
    """The sound cache was emptied or damaged while its sounds were in use."""


class CodesFileError(DistillError):
    """A codes file is damaged, of an unknown version, or not a codes file."""


class RevisionError(DistillError):
    """A document has changed since the revision that a change begins from."""

    revision: int | None = None
    """The revision that it has now, where that is known."""


class DivergedError(DistillError):
    """Training went wrong for good: the learning rate is too high."""


class MemoryUsedUpError(DistillError):
    """Training does not fit into memory, even with the smallest batch."""


class CheckpointError(DistillError):
    """There is no checkpoint to resume from, or it does not fit."""


class LostProcessError(DistillError):
    """A process of a training on many devices has ended; the others cannot go on."""

    exit_code = 75
    """"Try again" (`EX_TEMPFAIL` of `sysexits.h`): whoever started the processes may do so."""


class RanksDifferError(DistillError):
    """Processes that train one model together hold different weights."""


class ParityError(DistillError):
    """A file for another program would sound other than its model."""


class HubError(DistillError):
    """The hub cannot be reached, refuses, or does not have what was asked for."""


class PlayerError(DistillError):
    """The process for inference ended while it worked, or cannot start."""


class ModelFileError(DistillError):
    """A `.sda` file cannot be used."""


class NotAModelError(ModelFileError):
    """The file carries no Distill marker."""


class TruncatedModelError(ModelFileError):
    """The file is cut short or damaged."""


class UnsafeModelError(ModelFileError):
    """The file holds objects other than tensors, numbers, strings, lists and dicts."""


class ModelVersionError(ModelFileError):
    """The file was written by a newer Distill."""


class MissingKeyError(ModelFileError):
    """The file lacks a required entry."""


class ShapeMismatchError(ModelFileError):
    """The weights do not fit the configuration that the file states."""


class CodebookMismatchError(ModelFileError):
    """A prior or a codes file belongs to another codec."""


class NoPriorError(ModelFileError):
    """The model file holds no prior yet."""


class PriorPresentError(ModelFileError):
    """Training another codec would orphan the prior in the file."""
