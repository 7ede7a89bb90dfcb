"""A VOMS proxy without a VOMS server: our own signer vouches for the attributes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from lakeproof.lake import ca
from lakeproof.lake.errors import LakeError
from lakeproof.lake.layout import Layout, write_text
from lakeproof.lake.packages import program

PORT = 15000
LIFETIME_H = 7 * 24


def proxy_of(layout: Layout, user: str, vo: str = ca.VO) -> Path:
    """Where the proxy of `user` as a member of this VO is."""
    return layout.secret / (f"{user}.proxy" if vo == ca.VO else f"{user}.{vo}.proxy")


def make_proxies(layout: Layout, user: str, host: str) -> None:
    """Write fresh proxies of `user`: one of the lake's VO, one of the other."""
    for vo in (ca.VO, ca.OTHER_VO):
        make_proxy(layout, user, host, vo)


def make_proxy(layout: Layout, user: str, host: str, vo: str = ca.VO) -> None:
    """Write a fresh proxy of `user` with the VO's attributes; `host` is where its lsc file says.

    Raises LakeError with what voms-proxy-fake said when it makes none.
    """
    with TemporaryDirectory(dir=layout.secret) as folder:
        made = Path(folder) / "proxy"
        done = subprocess.run(  # noqa: S603  a fixed program, our own paths
            [program("voms-proxy-fake"), "-rfc", *_options(layout, user, host, Path(folder), vo)],
            env={"HOME": folder, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not made.exists():
            raise LakeError(f"voms-proxy-fake made no proxy: {(done.stdout + done.stderr).strip()}")
        write_text(proxy_of(layout, user, vo), made.read_text(), 0o600)


def _options(layout: Layout, user: str, host: str, folder: Path, vo: str) -> list[str]:
    """The command line; it wants certificates and keys in files of their own."""
    options = {
        "-voms": vo,
        "-fqan": f"/{vo}/Role=NULL/Capability=NULL",
        "-uri": f"{host}:{PORT}",
        "-certdir": str(layout.certificates),
        "-out": str(folder / "proxy"),
        "-bits": str(ca.KEY_BITS),
        "-hours": str(LIFETIME_H),
        "-vomslife": str(LIFETIME_H),
    }
    for name, prefix in ((user, ""), ("voms", "host")):
        identity = ca.read_credential(layout.credential(name))
        for kind, pem in (("cert", identity.certificate_pem), ("key", identity.key_pem)):
            path = folder / f"{prefix}{kind}"
            write_text(path, pem.decode(), 0o600)
            options[f"-{prefix}{kind}"] = str(path)
    return [word for pair in options.items() for word in pair]
