"""Login: a secret in the workspace, one-time codes made from it, and the cookie.

Whoever can read the file of the secret is the person whose workspace it is. So another process of
the same user makes a code, the browser swaps it for a cookie, and nobody types a password.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from distill.errors import OutputError
from distill.files import make_folder, open_regular, parse_json
from distill.library.change_lock import change_lock
from distill.library.workspace import Workspace

CODE_S = 60.0
"""Seconds for which a login code can be used."""

COOKIE_S = 365 * 24 * 3600
"""Seconds for which a cookie lasts: a year."""

SECRET_BYTES = 32
"""Bytes of the secret: as many as SHA-256 gives."""

NONCE_BYTES = 12
"""Random bytes of a code: no two are alike."""

LONGEST_TOKEN = 200
"""Characters of a code or a cookie, at most."""

AHEAD_S = 5.0
"""Seconds that the time of a code may lie ahead: clocks are set back."""

Clock = Callable[[], float]


@dataclass(frozen=True)
class Secret:
    """The secret of a workspace, and what is signed with it.

    Attributes:
        key: Random bytes.
    """

    key: bytes = field(repr=False)

    def sign(self, purpose: str, text: str) -> str:
        """The signature of a text for one purpose, as 43 letters, digits, `-` and `_`."""
        message = f"{purpose}\n{text}".encode("utf-8", "surrogatepass")
        digest = hmac.new(self.key, message, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def is_signed(self, purpose: str, text: str, signature: str) -> bool:
        """Whether a signature is that of a text, compared in constant time."""
        stated = signature.encode("utf-8", "replace")
        return hmac.compare_digest(self.sign(purpose, text).encode(), stated)

    # --- cookie -----------------------------------------------------------------------------------

    @property
    def cookie_name(self) -> str:
        """Name of the cookie: browsers keep one jar for all ports of a machine."""
        return f"distill-{self.sign('cookie name', '')[:12]}"

    def make_cookie(self, now: float) -> str:
        """The value of a cookie."""
        issued = str(int(now))
        return f"{issued}.{self.sign('cookie', issued)}"

    def is_cookie(self, value: str, now: float) -> bool:
        """Whether the value is that of a cookie of this workspace, not older than a year."""
        issued, _, signature = value[:LONGEST_TOKEN].partition(".")
        if not self.is_signed("cookie", issued, signature):
            return False
        return 0 <= now - int(issued) + AHEAD_S <= COOKIE_S

    # --- codes ------------------------------------------------------------------------------------

    def make_code(self, now: float | None = None) -> str:
        """A code that logs a browser in once, within 60 s."""
        moment = int(1000 * (time.time() if now is None else now))
        text = f"{moment}.{secrets.token_hex(NONCE_BYTES)}"
        return f"{text}.{self.sign('code', text)}"


class LoginCodes:
    """Codes that were used, so that none is used twice.

    Args:
        secret: The secret that codes are made with.
        clock: Gives the time in seconds since 1970.
    """

    def __init__(self, secret: Secret, clock: Clock = time.time) -> None:
        self._secret = secret
        self._clock = clock
        # Codes of before are refused: they may have been used with an earlier server.
        self._start = clock() - AHEAD_S
        self._used: dict[str, float] = {}

    def use(self, code: str) -> bool:
        """Whether a code is good; then it is used up."""
        text, _, signature = code[:LONGEST_TOKEN].rpartition(".")
        if not self._secret.is_signed("code", text, signature):
            return False
        now = self._clock()
        made = int(text.partition(".")[0]) / 1000
        self._used = {known: at for known, at in self._used.items() if now - at < 2 * CODE_S}
        is_fresh = made >= self._start and -AHEAD_S <= now - made <= CODE_S
        if not is_fresh or text in self._used:
            return False
        self._used[text] = now
        return True


def secret_path(workspace: Workspace) -> Path:
    """File of the secret."""
    return workspace.hidden / "session.json"


def load_secret(workspace: Workspace) -> Secret:
    """The secret of a workspace; it is made where there is none, or a damaged one.

    Raises:
        OutputError: It cannot be written.
    """
    path = secret_path(workspace)
    secret = _read(path)
    if secret is None:
        # Another process may be making it: a server whose secret was replaced lets nobody in.
        with change_lock(workspace, "session"):
            secret = _read(path)
            if secret is None:
                _write(path)
                secret = _read(path)
    if secret is None:
        raise OutputError(f"{path} cannot be read: delete it, then start again.")
    return secret


def _read(path: Path) -> Secret | None:
    try:
        with open_regular(path) as file:
            key = base64.b64decode(parse_json(file.read(4096))["secret"], validate=True)
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                # Others could have read it: it is no secret.
                return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Secret(key=key) if len(key) == SECRET_BYTES else None


def _write(path: Path) -> None:
    """Write a new secret, whole or not at all, and readable by its owner alone from the start."""
    make_folder(path.parent)
    temporary = path.with_name(f".session-{secrets.token_hex(8)}.tmp")
    key = base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    content = json.dumps({"version": 1, "secret": key}).encode()
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"Cannot write {path}: {error.strerror or error}.") from error
