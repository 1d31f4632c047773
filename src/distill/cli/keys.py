"""A key that stops training: s, in a terminal, without Enter."""

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOP_KEY = "s"
INTERRUPT = "\x03"
POLL_S = 0.2


@contextmanager
def stop_by_key(event: threading.Event) -> Iterator[bool]:
    """While inside, the key s sets `event`. Gives whether there is a keyboard: nothing happens
    where there is none.

    The terminal is as it was afterwards, whatever happens inside; Ctrl-C works throughout.
    """
    if not _has_keyboard():
        yield False
        return

    def press(key: str) -> None:
        if key.lower() == STOP_KEY:
            event.set()
        elif key == INTERRUPT:
            # Where consoles hand Ctrl-C over as a character.
            signal.raise_signal(signal.SIGINT)

    with _keyboard(press):
        yield True


def _has_keyboard() -> bool:
    try:
        return sys.stdin is not None and sys.stdin.isatty() and _in_foreground(sys.stdin.fileno())
    except (OSError, ValueError):
        # Closed, or no file at all.
        return False


@contextmanager
def _watching(watch: Callable[[threading.Event], None]) -> Iterator[None]:
    """`watch` in a thread of its own, until the event that it gets is set."""
    over = threading.Event()
    thread = threading.Thread(target=watch, args=(over,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


if sys.platform == "win32":
    import msvcrt

    def _in_foreground(fd: int) -> bool:
        return True

    @contextmanager
    def _keyboard(press: Callable[[str], None]) -> Iterator[None]:
        def watch(over: threading.Event) -> None:
            while not over.wait(POLL_S):
                while msvcrt.kbhit():
                    press(msvcrt.getwch())

        with _watching(watch):
            yield

else:
    import termios
    import tty

    def _in_foreground(fd: int) -> bool:
        """Whether the terminal listens to this process: one in the background would be stopped for
        asking it."""
        try:
            return os.tcgetpgrp(fd) == os.getpgrp()
        except OSError:
            # A terminal, but not the one that controls this process: nobody minds.
            return True

    @contextmanager
    def _keyboard(press: Callable[[str], None]) -> Iterator[None]:
        fd = sys.stdin.fileno()
        before = termios.tcgetattr(fd)

        def watch(over: threading.Event) -> None:
            while not over.is_set():
                if select.select([fd], [], [], POLL_S)[0] and _in_foreground(fd):
                    pressed = os.read(fd, 64)
                    if not pressed:
                        return
                    for key in pressed.decode(errors="replace"):
                        press(key)

        try:
            # Keys come one by one, and Ctrl-C stays a signal.
            tty.setcbreak(fd, termios.TCSANOW)
            with _watching(watch):
                yield
        finally:
            if _in_foreground(fd):
                termios.tcsetattr(fd, termios.TCSADRAIN, before)
