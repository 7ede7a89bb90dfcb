"""Prints an HTML file of ours to PDF, with the machine's Chromium, which asks nobody else."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIMEOUT_S = 120
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
)


class CannotPrintError(RuntimeError):
    """There is no browser, or it made no PDF: one sentence."""


def print_to_pdf(page: Path, target: Path) -> None:
    """Print the file `page` to `target`; raises CannotPrintError."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise CannotPrintError("a PDF needs Chromium (apt-get install chromium), and it is absent")
    # Chromium refuses to run as root with its sandbox; the page is ours and allows no script
    alone = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser,
            *FLAGS,
            *alone,
            f"--user-data-dir={profile}",
            f"--print-to-pdf={target.resolve()}",
            page.resolve().as_uri(),
        ]
        try:
            done = subprocess.run(  # noqa: S603  a fixed command and our own file
                command, capture_output=True, check=False, timeout=TIMEOUT_S
            )
        except subprocess.TimeoutExpired:
            raise CannotPrintError(f"{browser} made no PDF within {TIMEOUT_S} s") from None
    if done.returncode != 0 or not target.is_file():
        raise CannotPrintError(f"{browser} made no PDF (exit code {done.returncode})")
