"""What stands before storages: when a redirector has found its data servers."""

from __future__ import annotations

import http.client
import ssl
import time

from lakeproof.lake.errors import LakeError
from lakeproof.lake.layout import X509_USER, Lake, LakeSite

POLL_S = 0.05
ANSWER_S = 2.0
REDIRECTS = range(300, 400)


def wait_for_data_servers(lake: Lake, site: LakeSite, deadline: float) -> None:
    """Until the redirector sends a reader on (monotonic seconds); raises LakeError after that.

    Its port answers before a data server has come to it, and then nobody can be sent anywhere.
    """
    while (seen := _ask(lake, site)) not in REDIRECTS:
        if time.monotonic() > deadline:
            raise LakeError(
                f"{site.name} did not find its data servers: it answers {seen or 'nothing'}; "
                "look into `lakeproof lake logs cmsd-redirector`"
            )
        time.sleep(POLL_S)


def _ask(lake: Lake, site: LakeSite) -> int:
    """The status of a read by somebody who may; 0 without an answer."""
    tls = ssl.create_default_context(cafile=lake.ca)
    tls.load_cert_chain(lake.layout.credential(X509_USER))
    connection = http.client.HTTPSConnection(site.host, site.port, timeout=ANSWER_S, context=tls)
    try:
        connection.request("GET", f"{site.base_path}/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
