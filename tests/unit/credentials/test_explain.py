from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from joserfc.jwk import RSAKey
from pymacaroons import Macaroon

from lakeproof.credentials.explain import (
    ANY_AUDIENCE,
    audience_finding,
    audiences_of,
    explain,
    signature_finding,
)
from lakeproof.credentials.facts import TokenFacts
from lakeproof.token_commands import group
from tests.unit.credentials import tiny_issuer
from tests.unit.credentials.tiny_issuer import KEY


def mint(lifetime_s: float = 3600, **claims: object) -> str:
    """A token with all that the profile asks for, but for `claims`."""
    return tiny_issuer.mint(lifetime_s, **{"jti": "1", "wlcg.ver": "1.3", **claims})


def _macaroon() -> str:
    made = Macaroon(location="se", identifier="x", key="k")
    made.add_first_party_caveat("activity:DOWNLOAD")
    return str(made.serialize())


TEN: dict[str, tuple[Callable[[], str], str, str | None]] = {
    "good": (mint, "It may read /.", None),
    "any": (lambda: mint(aud=ANY_AUDIENCE), "For any server that trusts the issuer.", None),
    "expired": (lambda: mint(-120), "Ended 2 minutes ago", "it has expired"),
    "early": (lambda: mint(nbf=4102444800), "Ends in", "it is not valid yet"),
    "no-audience": (lambda: mint(aud=None), "no audience", "which servers it is for (aud)"),
    "pathless": (lambda: mint(scope="storage.read"), "names no path", '"storage.read" names no'),
    "id": (lambda: mint(nonce="n", scope=None), "Issued by", "(ID token)"),
    "macaroon": (_macaroon, "Limit: activity:DOWNLOAD", None),
    "page": (lambda: "<html>log in</html>", "", "an HTML or XML page"),
    "opaque": (lambda: "8f14e45fceea167a5a36", "only its issuer can tell", "cannot read it"),
}


@pytest.mark.parametrize("name", TEN)
def test_ten_tokens(name: str) -> None:
    make, says, wrong = TEN[name]
    token = make()

    found = explain(token, datetime.now(UTC))

    assert says in " ".join(found.says)
    sentences = " ".join(finding.sentence for finding in found.findings)
    assert (wrong in sentences) if wrong else not sentences
    assert token not in f"{found}"


def test_signature_is_compared_with_the_published_keys() -> None:
    token = mint()
    other = RSAKey.generate_key(2048, parameters={"kid": "one"})

    assert signature_finding(token, [KEY.as_dict(private=False)]) is None
    assert signature_finding(token, [other.as_dict(private=False)]) is not None


def test_audience_is_compared_with_the_endpoint() -> None:
    facts = TokenFacts.of(mint(), "a test")

    assert audience_finding(facts, audiences_of("se.example.org", 443)) is None
    wrong = audience_finding(facts, audiences_of("other.example.org", 8443))
    assert wrong is not None
    assert wrong.do.endswith("https://other.example.org:8443")


@pytest.mark.parametrize(("life", "code"), [(3600, 0), (-120, 1)])
def test_command_never_shows_the_token(tmp_path: Path, life: int, code: int) -> None:
    file = tmp_path / "token"
    token = mint(life)
    file.write_text(token)
    file.chmod(0o600)

    done = CliRunner().invoke(group, ["explain", f"file:{file}", "--offline"])

    assert done.exit_code == code
    assert "Kind: access token" in done.output
    assert token not in done.output
