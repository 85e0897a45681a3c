"""A program's output, of which only the end is kept."""

KEEP = 1 << 20  # bytes; 1 MiB of each stream is more than any person reads


class Tail:
    """Collects bytes and forgets all but the last ``keep`` of them."""

    def __init__(self, keep: int = KEEP) -> None:
        self._keep = keep
        self._parts = bytearray()
        self.dropped = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes; cuts only now and then, so that a flood costs no copying."""
        self._parts += chunk
        if len(self._parts) > 2 * self._keep:
            self._cut()

    def text(self) -> str:
        r"""Give what was kept as text: undecodable bytes as ``\xNN``, a first line that says how much is missing."""
        self._cut()
        kept = self._parts.decode("utf-8", "backslashreplace")
        return f"[{self.dropped} bytes before this were dropped]\n{kept}" if self.dropped else kept

    def _cut(self) -> None:
        excess = len(self._parts) - self._keep
        if excess > 0:
            del self._parts[:excess]
            self.dropped += excess
