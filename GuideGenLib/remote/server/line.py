"""The line of those who wait: users take turns, and each user's own requests keep their order."""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Line(Generic[T]):
    """One request of each user in turn; who was served last comes last."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(own) for own in self._waiting.values())

    def add(self, user: str, request: T) -> None:
        """To the end of the user's own."""
        self._waiting.setdefault(user, deque()).append(request)

    def take(self) -> T | None:
        """The next one, None where nobody waits."""
        if not self._waiting:
            return None
        user, own = self._waiting.popitem(last=False)
        request = own.popleft()
        if own:
            self._waiting[user] = own
        return request

    def remove(self, user: str, request: T) -> None:
        """One that waits no more, if it is there."""
        own = self._waiting.get(user, deque())
        if request in own:
            own.remove(request)
        if not own:
            self._waiting.pop(user, None)

    def place(self, user: str, request: T) -> int:
        """How many go before it, if nobody else comes."""
        turn = self._waiting[user].index(request)
        before, passed = turn, False
        for other, theirs in self._waiting.items():
            if other == user:
                passed = True
            else:
                before += min(len(theirs), turn if passed else turn + 1)
        return before
