"""Who may read from a cache: those who may read at the origin, and nobody because it is near."""

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    HIGH,
    MUST,
    Bearer,
    Expect,
    Lay,
    StorageElement,
    Tampered,
    TokenFor,
    check,
)

# No answer to a refusal has a body of this length.
SIZE = 79_199
NEEDS = {"webdav", "cache", "tokens"}


@check(
    req="cache/rights",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-warm-anonymous"},
    rows={"CAC-06"},
)
def test_anonymous_cannot_read_what_is_kept(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """A file that somebody entitled has read must not be given to who shows no credential.

    What one member of a collaboration has read would be open to the world from then on.
    """
    laid = lay("f", SIZE, warm=True)

    reply = se.get(laid.path, auth=ANONYMOUS)

    expect.kept(reply, laid.payload)


@check(
    req="cache/rights",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS | {"token-scopes"},
    catches={"cache-warm-unchecked"},
    rows={"CAC-06"},
)
def test_token_of_another_path_cannot_read_what_is_kept(
    se: StorageElement, lay: Lay, token: TokenFor, expect: Expect
) -> None:
    """A file that is kept must not be given for a token that is good for another path.

    A cache that only asks whether somebody is known opens each group's files to all others.
    """
    laid = lay("f", SIZE, warm=True)
    beside = lay("beside", 10)
    elsewhere = token(f"storage.read:{beside.path}")
    expect.control(se.get(beside.path, auth=elsewhere))

    reply = se.get(laid.path, auth=elsewhere)

    expect.kept(reply, laid.payload)


@check(
    req="cache/rights",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-warm-unchecked"},
    rows={"CAC-06"},
)
def test_forged_token_cannot_read_what_is_kept(
    se: StorageElement, lay: Lay, tampered: Tampered, expect: Expect
) -> None:
    """A file that is kept must not be given for a token with a damaged signature.

    The origin is not asked any more, so the cache itself has to verify.
    """
    laid = lay("f", SIZE, warm=True)

    reply = se.get(laid.path, auth=tampered("flipped-signature"))

    expect.kept(reply, laid.payload)


@check(
    req="cache/rights",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS | {"other-token"},
    catches={"cache-warm-unchecked"},
    rows={"CAC-06"},
)
def test_other_group_cannot_read_what_is_kept(
    se: StorageElement, lay: Lay, other_reader: Bearer, expect: Expect
) -> None:
    """Embargoed data that its owners have read must not be given to members of another group.

    They use the same cache, and may be there with good tokens of their own.
    """
    laid = lay("f", SIZE, warm=True)

    reply = se.get(laid.path, auth=other_reader)

    expect.kept(reply, laid.payload)


@check(
    req="cache/rights",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-warm-range-unchecked"},
    rows={"CAC-06"},
)
def test_anonymous_cannot_read_a_part_of_what_is_kept(
    se: StorageElement, lay: Lay, expect: Expect
) -> None:
    """A part of a file that is kept must not be given to who shows no credential.

    Parts go another way through a cache; byte by byte they are the whole file.
    """
    laid = lay("f", SIZE, warm=True)

    reply = se.part(laid.path, "bytes=100-1099", auth=ANONYMOUS)

    expect.kept(reply, laid.payload)


@check(
    req="embargo/stat",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"cache-head-unchecked"},
    rows={"CAC-06"},
)
def test_anonymous_cannot_learn_the_size_of_what_is_kept(
    se: StorageElement, lay: Lay, expect: Expect
) -> None:
    """HEAD of a file that is kept must not tell its size to who shows no credential.

    A cache has size and date at hand without the origin, and may forget to look who asks.
    """
    laid = lay("f", SIZE, warm=True)

    reply = se.head(laid.path, auth=ANONYMOUS)

    expect.kept(reply, laid.payload)


@check(
    req="cache/rights",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-own-credential"},
    rows={"CAC-06"},
)
def test_anonymous_cannot_have_a_file_fetched(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """A file that is not kept yet must not be fetched for who shows no credential.

    A cache that fetches with a credential of its own opens the whole origin to everybody.
    """
    lay("before", 10, warm=True)
    laid = lay("f", SIZE)

    reply = se.get(laid.path, auth=ANONYMOUS)

    expect.kept(reply, laid.payload)


@check(
    req="cache/rights",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"cache-remembers-refusal"},
    rows={"CAC-06"},
)
def test_refusal_to_one_is_none_to_others(se: StorageElement, lay: Lay, expect: Expect) -> None:
    """A file that was refused to somebody must be given to who may read it.

    One job with an expired token would close a file to a whole site.
    """
    laid = lay("f", SIZE)
    refused = se.get(laid.path, auth=ANONYMOUS)
    expect.given(not refused.ok, "everybody may read there")

    expect.content(se, laid.path, laid.payload)
