"""A cache takes no writes that it does not pass on."""

from lakeproof import CRITICAL, HIGH, LOW, MUST, SHOULD, Expect, Lay, StorageElement, check

NEEDS = {"webdav", "cache"}
READ_ONLY = (401, 403, 405, 501)


@check(
    req="cache/writes",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"cache-swallows-upload"},
    rows={"CAC-06"},
)
def test_accepted_upload_is_at_the_origin(
    se: StorageElement,
    origin: StorageElement,
    writable_cache: StorageElement,
    lay: Lay,
    expect: Expect,
) -> None:
    """An upload that the cache accepts must be at the origin; any other one it must refuse.

    What lies in a cache alone is evicted one day, and the user was told that it is stored.
    """
    laid = lay("there", 10, warm=True)

    reply = writable_cache.put(laid.path.with_name("new"), b"kept where?")

    if reply.ok:
        expect.content(origin, laid.behind.with_name("new"), b"kept where?")
    else:
        expect.absent(origin, laid.behind.with_name("new"))
        expect.refused(reply)


@check(
    req="cache/writes",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"cache-swallows-delete"},
    rows={"CAC-06"},
)
def test_accepted_deletion_is_done_at_the_origin(
    origin: StorageElement, writable_cache: StorageElement, lay: Lay, expect: Expect
) -> None:
    """A deletion that the cache accepts must be done at the origin; any other one it must refuse.

    A catalogue that believes the cache forgets a file that goes on filling the storage.
    """
    laid = lay("f", 1000, warm=True)

    reply = writable_cache.delete(laid.path)

    if reply.ok:
        expect.absent(origin, laid.behind)
    else:
        expect.unchanged(origin, laid.behind, laid.payload)
        expect.refused(reply)


@check(
    req="rfc9110/refusal-is-4xx",
    level=SHOULD,
    severity=LOW,
    needs=NEEDS,
    catches={"cache-upload-500"},
    rows={"CAC-06"},
)
def test_refused_upload_is_the_clients_error(
    writable_cache: StorageElement, lay: Lay, expect: Expect
) -> None:
    """A cache that takes no uploads should answer them 403 or 405.

    A client tries again after a server error, for hours, and reports that the cache is broken.
    """
    laid = lay("there", 10, warm=True)

    reply = writable_cache.put(laid.path.with_name("new"), b"not for here")

    expect.given(not reply.ok, "the cache takes uploads")
    expect.status(reply, *READ_ONLY)
