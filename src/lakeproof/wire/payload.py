"""Bodies whose truth is known locally: deterministic content, in constant memory."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from functools import cache, cached_property

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

BLOCK = 262144
_ZEROS = bytes(BLOCK)
_KEY_SIZE = 16
_FIRST = bytes(16)
_BYTE_BITS = 8
_CRC32C_POLYNOMIAL = 0x82F63B78


class Enough(Exception):  # noqa: N818  reads as a fact
    """A sink needs no more of a body: more has come than there can be."""


class Payload:
    """Content of a known size and checksums, which can be read any number of times."""

    def __init__(self, size: int, block: Callable[[int], bytes]) -> None:
        """`block(i)` gives bytes i*262144 up to the next block or the end."""
        if size < 0:
            raise ValueError(f"a payload cannot have {size} bytes")
        self.size = size
        self._block = block

    def __repr__(self) -> str:
        return f"Payload({self.size} bytes)"

    @classmethod
    def of(cls, data: bytes) -> Payload:
        """Exactly these bytes."""
        return cls(len(data), lambda index: data[index * BLOCK : (index + 1) * BLOCK])

    @classmethod
    def generated(cls, size: int, seed: int) -> Payload:
        """`size` bytes that do not compress and depend on `size`'s blocks and `seed` only."""

        def block(index: int) -> bytes:
            # A key stream, ten times as fast as a hash stretched to that length.
            key = hashlib.sha256(f"lakeproof {seed} {index}".encode()).digest()[:_KEY_SIZE]
            stream = Cipher(AES(key), CTR(_FIRST)).encryptor()
            return stream.update(_ZEROS[: min(BLOCK, size - index * BLOCK)])

        return cls(size, block)

    def blocks(self) -> Iterator[bytes]:
        """The content in blocks of 262144 bytes; the last one may be shorter."""
        for index in range(-(-self.size // BLOCK)):
            yield self._block(index)

    def chunks(self, chunk: int = BLOCK) -> Iterator[bytes]:
        """The content in pieces of at most `chunk` bytes."""
        for block in self.blocks():
            for start in range(0, len(block), chunk):
                yield block[start : start + chunk]

    @cached_property
    def adler32(self) -> str:
        """Adler-32 as 8 lower-case hex digits."""
        value = 1
        for block in self.blocks():
            value = zlib.adler32(block, value)
        return f"{value:08x}"

    @cached_property
    def md5(self) -> str:
        """MD5 as 32 lower-case hex digits."""
        digest = hashlib.md5(usedforsecurity=False)
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest()

    @cached_property
    def crc32c(self) -> str:
        """CRC-32C (Castagnoli, RFC 3720) as 8 lower-case hex digits; slow on large payloads."""
        table = _crc32c_table()
        value = 0xFFFFFFFF
        for block in self.blocks():
            for byte in block:
                value = table[(value ^ byte) & 0xFF] ^ (value >> _BYTE_BITS)
        return f"{value ^ 0xFFFFFFFF:08x}"

    def compare(self) -> Comparer:
        """A sink that compares what it is fed with this content."""
        return Comparer(self)


class Comparer:
    """Compares a stream with a payload, piece by piece, in constant memory."""

    def __init__(self, payload: Payload) -> None:
        self._expected = payload.chunks()
        self._rest = b""
        self._used = 0
        self._size = payload.size
        self._differs_at: int | None = None
        self.received = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream; raises Enough once there are too many."""
        start, position = 0, self.received
        self.received += len(data)
        while start < len(data) and self._differs_at is None and position < self._size:
            if self._used == len(self._rest):
                self._rest, self._used = next(self._expected), 0
            count = min(len(data) - start, len(self._rest) - self._used)
            # Copies of bytes, because views are compared item by item, 20 times as slowly.
            piece = data[start : start + count]
            expected = self._rest[self._used : self._used + count]
            if piece != expected:
                self._differs_at = position + _first_difference(piece, expected)
            start, position, self._used = start + count, position + count, self._used + count
        if self.received > self._size:
            raise Enough(f"its body is longer than {self._size} bytes")

    def difference(self) -> str | None:
        """None when the stream was the payload, else one phrase: "differs at byte 17"."""
        if self._differs_at is not None:
            return f"differs at byte {self._differs_at}"
        if self.received < self._size:
            return f"ends after {self.received} of {self._size} bytes"
        if self.received > self._size:
            return f"has at least {self.received - self._size} bytes too many"
        return None


def _first_difference(left: bytes, right: bytes) -> int:
    low, high = 0, len(left)
    while high - low > 1:
        middle = (low + high) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle
    return low


@cache
def _crc32c_table() -> tuple[int, ...]:
    table = []
    for entry in range(256):
        value = entry
        for _ in range(_BYTE_BITS):
            value = (value >> 1) ^ (_CRC32C_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return tuple(table)
