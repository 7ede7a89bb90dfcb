"""COPY: third-party copy with this element as the active party (draft-http-tpc-01)."""

from __future__ import annotations

from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path, PurePosixPath
from typing import NoReturn
from urllib.parse import quote, urlsplit, urlunsplit

from lakeproof.emulator import conditions, paths
from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.checksums import CHUNK
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.identity import Action, Member
from lakeproof.emulator.macaroons import MacaroonIdentity
from lakeproof.emulator.namespace import Node
from lakeproof.emulator.remote import Remote, TransferFailedError
from lakeproof.emulator.tpc_report import report
from lakeproof.emulator.tpc_transfer import Transfer
from lakeproof.emulator.upload import Upload
from lakeproof.emulator.writer import phrase
from lakeproof.emulator.writing import admit_write

PREFIX = "transferheader"
NOT_FORWARDED = frozenset(
    [
        "content-length",
        "content-range",
        "host",
        "transfer-encoding",
        "connection",
        "expect",
        "te",
        "upgrade",
    ]
)
PORTS = {"https": 443, "http": 80}
SECURE = {"davs": "https", "dav": "http"}
BROKEN = HTTPStatus.INTERNAL_SERVER_ERROR
PRETENDED_METADATA = b"ami-id\niam/\n"
LATER_S = 1.0
SOON_S = 0.5


async def copy(exchange: Exchange) -> Answer:
    """Answer COPY: a third-party copy, or a copy within the element."""
    pull, remote_url = _direction(exchange)
    if _is_local(exchange, pull, remote_url):
        return _copy_within(exchange, remote_url)
    _check_headers(exchange)
    transfer = Transfer(
        exchange=exchange,
        remote=_remote(exchange, remote_url),
        pull=pull,
        overwrite=_overwrite(exchange),
        verify=_flag(exchange, "RequireChecksumVerification"),
    )
    try:
        _admit(exchange, transfer)
    except Refused as refusal:
        if exchange.faults.has("tpc-denied-yet-done") and refusal.status in {401, 403}:
            exchange.element.later(SOON_S, transfer.run)
        raise
    await _before_accepting(exchange, transfer)
    return _accepted(exchange, transfer)


def _direction(exchange: Exchange) -> tuple[bool, str]:
    """Whether this is a pull, and the other party's URL as it was given."""
    source, destination = exchange.header("Source"), exchange.header("Destination")
    faults, dialect = exchange.faults, exchange.dialect
    if source and destination and not faults.has("tpc-both-headers-accepted"):
        raise Refused(dialect.status.tpc_malformed, dialect.sentence("tpc_both"))
    if not source and not destination:
        if faults.has("tpc-no-header-accepted"):
            raise Refused(HTTPStatus.ACCEPTED, "success: Created\n")
        raise Refused(dialect.status.tpc_malformed, dialect.sentence("tpc_neither"))
    pull = bool(source)
    unsupported = "tpc-pull-unsupported" if pull else "tpc-push-unsupported"
    if faults.has(unsupported):
        raise Refused(HTTPStatus.NOT_IMPLEMENTED, "Not implemented")
    return pull, source or destination or ""


def _check_headers(exchange: Exchange) -> None:
    faults, dialect = exchange.faults, exchange.dialect
    credential = (exchange.header("Credential") or "none").strip().lower()
    refused = faults.has("tpc-credential-refused") and exchange.header("Credential")
    unknown = credential not in dialect.tpc.credentials
    if refused or (unknown and not faults.has("tpc-credential-unknown-accepted")):
        raise Refused(dialect.status.tpc_malformed, "Unsupported Credential header value")
    if exchange.header("X-No-Delegate") is not None and faults.has("tpc-no-delegate-refused"):
        raise Refused(dialect.status.tpc_malformed, "Unsupported header X-No-Delegate")
    if exchange.header("Repr-Digest") is not None and faults.has("tpc-repr-digest-refused"):
        raise Refused(dialect.status.tpc_malformed, "Unsupported header Repr-Digest")
    streams = exchange.header("X-Number-Of-Streams")
    if streams is not None and faults.has("tpc-streams-500"):
        raise Refused(BROKEN, "Internal error")
    if streams is not None and not _fits(streams.strip(), dialect.tpc.streams):
        raise Refused(dialect.status.tpc_malformed, "Invalid request for number of streams")


def _fits(streams: str, most: int | None) -> bool:
    return most is None or (streams.isdigit() and int(streams) <= most)


def _overwrite(exchange: Exchange) -> bool:
    faults = exchange.faults
    value = exchange.header("Overwrite")
    if value is None:
        return not faults.has("tpc-overwrite-default-f")
    if value.strip().upper() not in {"T", "F"} and not faults.has("tpc-overwrite-bad-accepted"):
        raise Refused(exchange.dialect.status.tpc_malformed, "Overwrite must be T or F")
    return value.strip().upper() != "F"


def _flag(exchange: Exchange, name: str) -> bool | None:
    value = exchange.header(name)
    if value is None:
        return None
    known = value.strip().lower() in {"true", "false"}
    if not known and not exchange.faults.has("tpc-verification-bad-accepted"):
        raise Refused(exchange.dialect.status.tpc_malformed, f"{name} must be true or false")
    return value.strip().lower() == "true"


def _remote(exchange: Exchange, url: str) -> Remote:
    """The other party, from the URL as given and the TransferHeaders; raises Refused."""
    faults, dialect = exchange.faults, exchange.dialect
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme == "file" and faults.has("tpc-file-disclosed"):
        _store(exchange, Path(parts.path).read_bytes())
    if _is_link_local(parts.hostname or ""):  # never connected to, whatever the fault
        if faults.has("tpc-metadata-disclosed"):
            _store(exchange, PRETENDED_METADATA)
        raise Refused(dialect.status.tpc_malformed, "Connections to this address are forbidden")
    if scheme not in dialect.tpc.schemes:
        if faults.has("tpc-scheme-accepted"):
            raise Refused(HTTPStatus.ACCEPTED, "success: Created\n")
        status = BROKEN if faults.has("tpc-scheme-500") else dialect.status.tpc_scheme
        raise Refused(status, dialect.sentence("tpc_scheme", scheme=scheme))
    try:
        port = parts.port
    except ValueError:
        port = None
    if not parts.hostname or not parts.path:
        if faults.has("tpc-uri-bad-accepted"):
            raise Refused(HTTPStatus.ACCEPTED, "success: Created\n")
        raise Refused(dialect.status.tpc_malformed, "The other party's URL is malformed")
    if "@" in parts.netloc and not faults.has("tpc-userinfo-accepted"):
        raise Refused(dialect.status.tpc_malformed, "Credentials in a URL are not accepted")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    scheme = SECURE.get(scheme, scheme)
    raw_path = quote(parts.path, safe="/") if faults.has("tpc-name-mangled") else parts.path
    query = "" if faults.has("tpc-query-dropped") else parts.query
    netloc = f"{host}:{port or PORTS[scheme]}"
    return Remote(exchange, urlunsplit((scheme, netloc, raw_path, query, "")), _headers(exchange))


def _is_link_local(host: str) -> bool:
    try:
        return ip_address(host.partition("%")[0]).is_link_local
    except ValueError:
        return False


def _store(exchange: Exchange, content: bytes) -> NoReturn:
    """Put what no user should see into the namespace: what the fault is about."""
    upload = Upload(exchange.files, exchange.path, exchange.faults)
    upload.write(content)
    exchange.files.adopt(upload.release(), exchange.path)
    raise Refused(HTTPStatus.ACCEPTED, "success: Created\n")


def _headers(exchange: Exchange) -> dict[str, str]:
    """What goes to the other party: the TransferHeaders without their prefix."""
    faults = exchange.faults
    if faults.has("tpc-transfer-header-dropped"):
        return {}
    found = {}
    for raw_name, raw_value in exchange.request.raw_headers:
        name, value = raw_name.decode(), raw_value.decode("utf-8", "replace")
        if not name.lower().startswith(PREFIX):
            continue
        if faults.has("tpc-lowercase-header-ignored") and name.islower():
            continue
        bare = name[len(PREFIX) :]
        if bare.lower() not in NOT_FORWARDED:
            found[bare] = value
        elif bare.lower() == "content-length" and faults.has("tpc-content-length-forwarded"):
            found["X-Content-Length"] = value
            found[bare] = value
    own = exchange.header("Authorization")
    if own and faults.has("tpc-own-token-forwarded"):
        found["Authorization"] = own
    return found


def _admit(exchange: Exchange, transfer: Transfer) -> None:
    """Raise Refused unless the local end of the transfer may be read, or written."""
    status, faults = exchange.dialect.status, exchange.faults
    if transfer.pull:
        _admit_pull(exchange, transfer)
    else:
        skip = faults.any("tpc-unauthorised-accepted", "scope-copy-source-unchecked")
        if not skip:
            exchange.allow(Action.READ)
        node = exchange.files.find(exchange.path)
        if node is None and faults.has("tpc-push-missing-as-empty"):
            return
        if node is None:
            sentence = exchange.dialect.sentence("not_found", path=exchange.path)
            raise Refused(status.tpc_missing, sentence)
        if node.is_collection:
            if faults.has("tpc-push-collection-lies"):
                raise Refused(HTTPStatus.ACCEPTED, "success: Created\n")
            raise Refused(status.tpc_onto_collection, "Not a file")
        if _is_own(exchange, transfer.remote.url, node.path):
            _copy_onto_itself(exchange, node)
    if exchange.element.transfers >= exchange.element.config.max_transfers:
        raise Refused(status.tpc_busy, "Too many transfers", {"Retry-After": "5"})


def _admit_pull(exchange: Exchange, transfer: Transfer) -> None:
    status, faults, dialect = exchange.dialect.status, exchange.faults, exchange.dialect
    old = exchange.files.find(exchange.path)
    skip = faults.any("tpc-unauthorised-accepted", "scope-copy-destination-unchecked")
    _check_kind_of_credential(exchange)
    if not skip:
        exchange.allow(Action.CREATE if old is None else Action.OVERWRITE)
    if old is not None and old.is_collection:
        if faults.has("tpc-onto-collection-lies"):
            raise Refused(HTTPStatus.ACCEPTED, "success: Created\n")
        code = BROKEN if faults.has("tpc-onto-collection-500") else status.tpc_onto_collection
        raise Refused(code, dialect.sentence("put_over_collection", path=exchange.path))
    parent = exchange.files.find(exchange.path.parent)
    if parent is not None and not parent.is_collection and faults.has("tpc-below-file-lies"):
        raise Refused(HTTPStatus.ACCEPTED, "success: Created\n")
    if old is None and parent is None:
        if faults.has("tpc-parent-500"):
            raise Refused(BROKEN, "Internal error")
        if not dialect.tpc.parents:
            raise Refused(status.tpc_parent, dialect.sentence("parent", path=exchange.path.parent))
    if not skip:
        admit_parents(exchange, old)
    if old is not None:
        _check_existing(exchange, transfer, old)


def _check_kind_of_credential(exchange: Exchange) -> None:
    """Raise Refused where a fault takes only some kinds of credential for COPY."""
    faults = exchange.faults
    macaroon = faults.has("tpc-macaroon-refused") and isinstance(
        exchange.identity, MacaroonIdentity
    )
    certificate = faults.has("tpc-certificate-refused") and isinstance(exchange.identity, Member)
    if macaroon or certificate:
        raise Refused(exchange.dialect.status.denied, "COPY needs a token")


def admit_parents(exchange: Exchange, old: Node | None) -> None:
    """The rules of PUT about parents, where COPY creates them."""
    if exchange.dialect.put.parents or exchange.files.find(exchange.path.parent) is not None:
        admit_write(exchange, old)


def _check_existing(exchange: Exchange, transfer: Transfer, old: Node) -> None:
    faults, dialect = exchange.faults, exchange.dialect
    refused = Refused(dialect.status.tpc_exists, dialect.sentence("tpc_exists", path=old.path))
    if _is_own(exchange, transfer.remote.url, old.path):
        _copy_onto_itself(exchange, old)
    if transfer.overwrite:
        if faults.has("tpc-overwrite-t-refused"):
            raise refused
        return
    if faults.has("tpc-overwrite-f-truncates"):
        old.disk.write_bytes(b"")
    if not faults.has("tpc-overwrite-f-ignored"):
        raise refused


def _copy_onto_itself(exchange: Exchange, old: Node) -> None:
    faults = exchange.faults
    if faults.has("tpc-self-copy-deletes"):
        exchange.files.remove(old)
    elif faults.has("tpc-self-copy-truncates") or (
        faults.has("tpc-self-copy-spelled-truncates") and _is_spelled_differently(exchange)
    ):
        old.disk.write_bytes(b"")
    else:
        raise Refused(HTTPStatus.FORBIDDEN, "Source and destination are the same")


def _is_spelled_differently(exchange: Exchange) -> bool:
    """Whether the file's own URL is written in another way than the element would."""
    given = exchange.header("Source") or exchange.header("Destination") or ""
    return urlsplit(given).path != paths.encode(exchange.path)


async def _before_accepting(exchange: Exchange, transfer: Transfer) -> None:
    """What is asked of the other party before 202 is sent."""
    dialect, faults = exchange.dialect, exchange.faults
    never = faults.has("tpc-overwrite-push-t-refused")
    if not transfer.pull and (never or not transfer.overwrite):
        exists = await transfer.remote.exists()
        if exists and not faults.has("tpc-overwrite-push-f-ignored"):
            sentence = dialect.sentence("tpc_exists", path=transfer.remote.url)
            raise Refused(dialect.status.tpc_exists, sentence)
    broken = faults.any(
        "tpc-missing-source-hangs", "tpc-failure-is-success", "tpc-stores-error-page"
    )
    if not transfer.pull or not dialect.tpc.preflight_head or broken:
        return
    try:
        status = await transfer.remote.status()
    except TransferFailedError:
        return
    if status >= HTTPStatus.BAD_REQUEST and status != HTTPStatus.METHOD_NOT_ALLOWED:
        reason = (
            f"failure: remote host returned '{status} {phrase(status)}' while fetching file "
            f"size, local={exchange.path}, remote={transfer.remote.shown}"
        )
        raise Refused(status, reason)


def _accepted(exchange: Exchange, transfer: Transfer) -> Answer:
    if exchange.faults.has("tpc-status-200"):
        exchange.element.later(LATER_S, transfer.run)
        return Answer(HTTPStatus.OK)
    plain = exchange.faults.has("tpc-accepted-200")
    status = HTTPStatus.OK if plain else exchange.dialect.status.tpc_accepted
    answer = Answer(status, body=report(exchange, transfer))
    html = exchange.faults.has("tpc-content-type-html")
    answer.headers["Content-Type"] = "text/html" if html else exchange.dialect.tpc.content_type
    return answer


def _is_own(exchange: Exchange, url: str, path: PurePosixPath) -> bool:
    """Whether `url` names `path` on this element."""
    return _is_here(exchange, url) and _path_of(exchange, url) == path


def _is_here(exchange: Exchange, url: str) -> bool:
    own = {exchange.request.host, urlsplit(exchange.element.url).netloc}
    return urlsplit(url).netloc in own


def _path_of(exchange: Exchange, url: str) -> PurePosixPath:
    return paths.decode(paths.split_target(url)[0], exchange.faults)


def _is_local(exchange: Exchange, pull: bool, url: str) -> bool:
    """Whether this is RFC 4918's COPY within the server rather than a third-party push."""
    if pull or any(name.lower().startswith(PREFIX) for name in exchange.request.headers):
        return False
    return not urlsplit(url).netloc or _is_here(exchange, url)


def _copy_within(exchange: Exchange, url: str) -> Answer:
    files, dialect, faults = exchange.files, exchange.dialect, exchange.faults
    if faults.has("copy-within-refused"):
        raise Refused(HTTPStatus.NOT_IMPLEMENTED, "Not implemented")
    to = _path_of(exchange, url)
    if not faults.has("embargo-copy-within-unchecked"):
        exchange.allow(Action.READ)
    node = exchange.node()
    if to == exchange.path:
        _copy_onto_itself(exchange, node)
        return text(dialect.status.moved_over)
    target = files.find(to)
    exchange.allow(Action.CREATE if target is None else Action.OVERWRITE, to)
    if node.is_collection or (target is not None and target.is_collection):
        raise Refused(dialect.status.tpc_onto_collection, "Not a file")
    keep = target is not None and not _overwrite(exchange)
    if keep and not faults.has("copy-within-overwrites"):
        raise Refused(HTTPStatus.PRECONDITION_FAILED, "Destination exists and Overwrite is F")
    if files.find(to.parent) is None:
        raise Refused(HTTPStatus.CONFLICT, dialect.sentence("parent", path=to.parent))
    status = dialect.status.moved if target is None else dialect.status.moved_over
    if faults.has("copy-within-lies"):
        return text(status)
    _duplicate(exchange, node, to)
    if faults.has("copy-within-moves"):
        files.remove(node)
    return text(status, "", {"ETag": conditions.etag(exchange, files.get(to))})


def _duplicate(exchange: Exchange, node: Node, to: PurePosixPath) -> None:
    upload = Upload(exchange.files, to, exchange.faults)
    with node.disk.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            if not exchange.faults.has("copy-within-empty"):
                upload.write(chunk)
    exchange.files.adopt(upload.release(), to)
