"""News: a number that grows with every change, and a way to wait for it to grow."""

import asyncio


class Changes:
    """Counts changes. Lives on the event loop."""

    def __init__(self) -> None:
        """Begin with nothing changed."""
        self.rev = 0
        self._closed = False
        self._next = asyncio.Event()

    def bump(self) -> int:
        """Note one change and wake whoever waits; gives its number."""
        self.rev += 1
        self._next.set()
        self._next = asyncio.Event()
        return self.rev

    async def after(self, rev: int, until: float) -> bool:
        """Wait until there is a change after ``rev``, but no longer than ``until`` (the loop's time); says whether."""
        loop = asyncio.get_running_loop()
        while self.rev <= rev and not self._closed and loop.time() < until:
            try:
                async with asyncio.timeout_at(until):
                    await self._next.wait()
            except TimeoutError:
                break
        return self.rev > rev

    @property
    def closed(self) -> bool:
        """Whether nothing will change any more."""
        return self._closed

    def close(self) -> None:
        """Let nobody wait any longer: the server stops."""
        self._closed = True
        self._next.set()
