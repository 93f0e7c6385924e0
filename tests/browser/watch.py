"""What a browser complains of: errors in the console, scripts that failed, and violations of the page's policy."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from playwright.async_api import ConsoleMessage, Error, Page, Response

_STATUS = "Failed to load resource: the server responded with a status of 4"


class Watch:
    """Collects what one page complains of, and fails when it is left with anything.

    A document whose status is 4xx is no complaint: a page that says what is wrong is what the test asked for.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._documents: set[str] = set()
        self._messages: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        self._page.on("console", self._console)
        self._page.on("pageerror", self._error)
        self._page.on("response", self._response)
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None:
            assert self.complaints == []

    @property
    def complaints(self) -> list[str]:
        """What it complained of so far."""
        return [text for text, url in self._messages if not (text.startswith(_STATUS) and url in self._documents)]

    def forget(self) -> None:
        """Leaves out what was complained of on purpose."""
        self._messages.clear()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._messages.append((message.text, message.location["url"]))

    def _error(self, error: Error) -> None:
        self._messages.append((str(error), ""))

    def _response(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self._documents.add(response.url)
