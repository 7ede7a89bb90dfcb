"""Names of secrets and of files: what an inventory holds in place of the secret itself."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from lakeproof.credentials.errors import CredentialError
from lakeproof.wire.redact import redactor

LARGEST_SECRET = 1024 * 1024
SECRET_FORM = "env:NAME or file:PATH"  # noqa: S105  the form of a name, not a secret
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GROUP_AND_OTHERS = 0o077


@dataclass(frozen=True)
class SecretName:
    """Where a secret is kept: `env:NAME` or `file:PATH`; read only when it is used.

    A relative PATH counts from `base` (the inventory's folder), or else from the working folder.
    """

    text: str
    base: Path | None = None

    def __post_init__(self) -> None:
        if not is_secret_name(self.text):
            raise CredentialError(
                f"a secret is named as {SECRET_FORM}, never written out; the value is not shown"
            )

    def __str__(self) -> str:
        return self.text

    def read(self) -> str:
        """The secret, without surrounding blanks, known to the redactor from now on.

        Raises CredentialError when the variable or file is missing, empty, or open to others.
        """
        kind, _, name = self.text.partition(":")
        value = read_variable(name) if kind == "env" else read_private(expand(name, self.base))
        redactor.register(value, self.text)
        return value


@dataclass(frozen=True)
class PathName:
    """A file or folder: a path, `file:PATH`, or `env:NAME` whose value is the path."""

    text: str
    base: Path | None = None

    def __str__(self) -> str:
        return self.text

    def path(self) -> Path:
        """The path, absolute; raises CredentialError when it is missing or the variable unset."""
        if self.text.startswith("env:"):
            found = expand(read_variable(self.text[4:]), self.base)
        else:
            found = expand(self.text.removeprefix("file:"), self.base)
        if not found.exists():
            raise CredentialError(f"{self.text}: there is no {found}")
        return found


def is_secret_name(text: str) -> bool:
    """Whether `text` is `env:NAME` or `file:PATH` in form."""
    kind, colon, name = text.partition(":")
    if not colon or "\n" in name:
        return False
    return bool(_VARIABLE.fullmatch(name)) if kind == "env" else kind == "file" and bool(name)


def expand(path: str, base: Path | None = None) -> Path:
    """`path` with `~` resolved, absolute from `base` or the working folder."""
    return (base or Path.cwd()) / Path(path).expanduser()


def read_variable(name: str) -> str:
    """The value of environment variable `name`; raises CredentialError when unset or empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        state = "empty" if name in os.environ else "not set"
        raise CredentialError(f"env:{name}: the environment variable {name} is {state}; export it")
    return value


def read_private(path: Path, *, owner: int | None = None) -> str:
    """The text of a file that only its owner may read, without surrounding blanks.

    `owner` is the user id the file must belong to, for files in shared folders. Raises
    CredentialError when it is missing, empty, too large, open to others or somebody else's.
    """
    try:
        with path.open("rb") as stream:
            refuse_if_shared(path, os.fstat(stream.fileno()), owner)
            content = stream.read(LARGEST_SECRET + 1)
    except OSError as error:
        raise CredentialError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(content) > LARGEST_SECRET:
        raise CredentialError(f"{path}: larger than 1 MiB, so it is no secret or token")
    try:
        value = content.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise CredentialError(f"{path}: not a text file, so it is no secret or token") from None
    if not value:
        raise CredentialError(f"{path}: the file is empty")
    return value


def refuse_if_shared(path: Path, facts: os.stat_result, owner: int | None = None) -> None:
    """Raise CredentialError when others than the owner may use the file, or it is not `owner`'s."""
    mode = stat.S_IMODE(facts.st_mode)
    if mode & _GROUP_AND_OTHERS:
        raise CredentialError(
            f"{path}: mode {mode:04o} lets others use this secret; run: chmod 600 {path}"
        )
    if owner is not None and facts.st_uid != owner:
        raise CredentialError(
            f"{path}: belongs to user id {facts.st_uid}, not to you ({owner}); it is not used"
        )
