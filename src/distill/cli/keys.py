"""Stopping a training by hand: the key s in a terminal, without Enter, or Ctrl-C."""

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from distill.cli.console import cancel_on_interrupt

STOP_KEY = "s"
INTERRUPT = "\x03"
"""Ctrl-C as a character."""

POLL_S = 0.2
"""Seconds between two looks at the keyboard: a key seems to act at once."""

LONGEST_READ = 64
"""Bytes read from the terminal at once: more than fingers type between two looks."""


@contextmanager
def stop_by_hand() -> Iterator[tuple[threading.Event, bool]]:
    """An event that Ctrl-C or the key s sets, and whether there is a keyboard for that key."""
    with cancel_on_interrupt() as event, stop_by_key(event) as has_key:
        yield event, has_key


@contextmanager
def stop_by_key(event: threading.Event) -> Iterator[bool]:
    """While inside, the key s sets `event`. Yields whether there is a keyboard.

    The terminal is restored afterwards, whatever happens inside; Ctrl-C works throughout.
    """
    if not has_keyboard():
        yield False
        return

    def press(key: str) -> None:
        if key.lower() == STOP_KEY:
            event.set()
        elif key == INTERRUPT:
            # Some consoles hand Ctrl-C over as a character.
            signal.raise_signal(signal.SIGINT)

    with _keyboard(press):
        yield True


def has_keyboard() -> bool:
    """Whether somebody can press keys."""
    try:
        return sys.stdin is not None and sys.stdin.isatty() and _in_foreground(sys.stdin.fileno())
    except (OSError, ValueError):
        # Standard input is closed, or is no file at all.
        return False


@contextmanager
def _in_thread(watch: Callable[[threading.Event], None]) -> Iterator[None]:
    """Runs `watch` in a thread of its own, and sets its event at the end."""
    end = threading.Event()
    thread = threading.Thread(target=watch, args=(end,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


if sys.platform == "win32":
    import msvcrt

    def _in_foreground(fd: int) -> bool:  # noqa: ARG001
        return True

    @contextmanager
    def _keyboard(press: Callable[[str], None]) -> Iterator[None]:
        def watch(end: threading.Event) -> None:
            while not end.wait(POLL_S):
                while msvcrt.kbhit():
                    press(msvcrt.getwch())

        with _in_thread(watch):
            yield

else:
    import termios
    import tty

    def _in_foreground(fd: int) -> bool:
        """Whether this process may read the terminal: in the background, reading would suspend
        it."""
        try:
            return os.tcgetpgrp(fd) == os.getpgrp()
        except OSError:
            # A terminal that does not control this process: it suspends nobody.
            return True

    def _read_keys(fd: int) -> bytes:
        """Keys that were typed; none once the terminal is closed."""
        try:
            return os.read(fd, LONGEST_READ)
        except OSError:
            return b""

    @contextmanager
    def _keyboard(press: Callable[[str], None]) -> Iterator[None]:
        fd = sys.stdin.fileno()
        before = termios.tcgetattr(fd)

        def watch(end: threading.Event) -> None:
            while not end.is_set():
                if select.select([fd], [], [], POLL_S)[0] and _in_foreground(fd):
                    presses = _read_keys(fd)
                    if not presses:
                        return
                    for key in presses.decode(errors="replace"):
                        press(key)

        try:
            # Keys arrive one by one, without Enter; Ctrl-C stays a signal.
            tty.setcbreak(fd, termios.TCSANOW)
            with _in_thread(watch):
                yield
        finally:
            # A terminal that was closed has nothing to restore.
            with suppress(termios.error):
                if _in_foreground(fd):
                    termios.tcsetattr(fd, termios.TCSADRAIN, before)
