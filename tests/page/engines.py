"""Firefox and WebKit, driven alike: a place is opened, a script run, keys and a pointer moved.

Firefox speaks WebDriver BiDi by itself. The WebKit of Debian comes with a driver of its own, and
needs a screen, which Xvfb stands in for. Both play only where there is a device for sound:
PulseAudio with a null sink is one.
"""

import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from websockets.sync.client import ClientConnection, connect

from tests.page.waiting import WAIT_S, until

MINI_BROWSER = Path("/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser")
"""The browser of WebKitGTK that its driver may steer."""

KEYS = {"ArrowDown": "\ue015", "Escape": "\ue00c"}
"""Codes that WebDriver gives to keys without a letter (W3C WebDriver, 17.4.2)."""

# Firefox plays through a process of its own, which asks D-Bus for real-time threads: where no D-Bus
# runs, as in a container, its tab waits for that process for ever. So the tab itself plays.
FIREFOX_PREFERENCES = {
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "media.cubeb.sandbox": False,
}


class Engine(Protocol):
    """A browser with one tab."""

    def open(self, url: str) -> None:
        """Open an address, and wait until it has loaded."""

    def run(self, script: str) -> Any:
        """The value of the body of an async function, as JSON."""

    def press(self, key: str) -> None:
        """Press a key."""

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drag from one place to another, in pixels of the page."""


class Firefox:
    """Firefox, over a socket of WebDriver BiDi."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._send("session.new", capabilities={})
        (tab,) = self._send("browsingContext.getTree")["contexts"]
        self._tab = tab["context"]

    def _send(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=WAIT_S))
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, url: str) -> None:
        self._send("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def run(self, script: str) -> Any:
        answer = self._send(
            "script.callFunction",
            functionDeclaration=f"async () => JSON.stringify(await (async () => {{{script}}})())",
            awaitPromise=True,
            target={"context": self._tab},
            userActivation=True,
        )
        assert answer["type"] == "success", answer
        return json.loads(answer["result"].get("value", "null"))

    def press(self, key: str) -> None:
        value = KEYS.get(key, key)
        actions = [{"type": kind, "value": value} for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keys", "actions": actions})

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        actions = [
            {"type": "pointerMove", "x": start[0], "y": start[1]},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerMove", "x": end[0], "y": end[1], "duration": 100},
            {"type": "pointerUp", "button": 0},
        ]
        self._act({"type": "pointer", "id": "mouse", "actions": actions})

    def _act(self, source: dict[str, Any]) -> None:
        self._send("input.performActions", context=self._tab, actions=[source])


class WebKit:
    """WebKitGTK, over its driver."""

    def __init__(self, driver: webdriver.WebKitGTK) -> None:
        self._driver = driver

    def open(self, url: str) -> None:
        self._driver.get(url)

    def run(self, script: str) -> Any:
        answer = self._driver.execute_async_script(
            "const done = arguments[0];"
            f"(async () => {{{script}}})().then((value) => done([JSON.stringify(value)]), "
            "(error) => done({ error: String(error) }));"
        )
        assert isinstance(answer, list), answer
        return json.loads(answer[0] or "null")

    def press(self, key: str) -> None:
        ActionChains(self._driver).send_keys(KEYS.get(key, key)).perform()

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        actions = ActionChains(self._driver)
        pointer = actions.w3c_actions.pointer_action
        pointer.move_to_location(*start)
        pointer.pointer_down()
        pointer.move_to_location(*end)
        pointer.pointer_up()
        actions.perform()


@contextmanager
def firefox() -> Iterator[Firefox]:
    """Firefox without a window; None of its profile stays."""
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    assert path, "no Firefox here"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});"
            for name, value in FIREFOX_PREFERENCES.items()
        ]
        (Path(profile) / "user.js").write_text("\n".join(lines))
        log = Path(profile) / "log.txt"
        command = [path, "--headless", "--profile", profile, "--remote-debugging-port", "0"]
        with log.open("wb") as file:
            process = subprocess.Popen(command, stdout=file, stderr=file, env=_environment())
        try:
            pattern = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
            found = until(lambda: pattern.search(log.read_text(errors="replace")), "Firefox")
            with connect(f"{found[1]}/session", max_size=None) as socket:
                yield Firefox(socket)
        finally:
            process.terminate()
            process.wait(WAIT_S)


@contextmanager
def webkit() -> Iterator[WebKit]:
    """WebKitGTK on a screen that nobody sees."""
    assert MINI_BROWSER.exists(), "no WebKitGTK here"
    with _screen() as display:
        options = webdriver.WebKitGTKOptions()
        options.binary_location = str(MINI_BROWSER)
        options.add_argument("--automation")
        service = webdriver.WebKitGTKService(
            executable_path=shutil.which("WebKitWebDriver") or "",
            env=_environment() | {"DISPLAY": display},
        )
        driver = webdriver.WebKitGTK(options=options, service=service)
        driver.set_window_size(1280, 900)
        driver.set_script_timeout(WAIT_S)
        try:
            yield WebKit(driver)
        finally:
            driver.quit()


@contextmanager
def _screen() -> Iterator[str]:
    """Name of a screen of its own."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x1000x24"]
    process = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as file:
            yield f":{file.readline().strip()}"
    finally:
        process.terminate()
        process.wait(WAIT_S)


@contextmanager
def silent_speaker() -> Iterator[None]:
    """A device for sound that nobody hears, where PulseAudio is there and none runs."""
    pulse = shutil.which("pulseaudio")
    if pulse is None or subprocess.run([pulse, "--check"], capture_output=True).returncode == 0:
        yield
        return
    # No end after some idle seconds, which would come between two tests.
    modules = [f"--load=module-{name}" for name in ("null-sink", "native-protocol-unix")]
    subprocess.run(
        [pulse, "-n", *modules, "--daemonize", "--exit-idle-time=-1"],
        check=True,
        capture_output=True,
    )
    try:
        yield
    finally:
        subprocess.run([pulse, "--kill"], capture_output=True)


def _environment() -> dict[str, str]:
    """Of the tests, but for what makes a browser of root refuse to run.

    Under the locale C the language of WebKit is "C", which is none: uPlot fails on it.
    """
    own = {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1", "LANG": "en_US.UTF-8", "LC_ALL": ""}
    return dict(os.environ) | own
