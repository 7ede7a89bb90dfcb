"""A TLS context that believes every client certificate: a fault, and nothing else."""

from __future__ import annotations

import _ssl
import ctypes
import ssl

_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


# Kept for as long as OpenSSL may call it.
_ACCEPT = _CALLBACK(lambda _store, _argument: 1)


def accept_any_chain(context: ssl.SSLContext) -> None:
    """Let OpenSSL take whatever chain of certificates a client shows for a good one.

    The ssl module can only leave client certificates out altogether, so OpenSSL itself is told
    (SSL_CTX_set_cert_verify_callback); its context is the first field behind the object's head.
    """
    library = ctypes.CDLL(_ssl.__file__)
    library.SSL_CTX_set_cert_verify_callback.argtypes = (
        ctypes.c_void_p,
        _CALLBACK,
        ctypes.c_void_p,
    )
    library.SSL_CTX_set_cert_verify_callback.restype = None
    inside = ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
    library.SSL_CTX_set_cert_verify_callback(inside, _ACCEPT, None)
