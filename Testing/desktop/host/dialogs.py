"""What the panel says and asks in windows of its own: recorded, and answered from a script."""

import sys
from dataclasses import dataclass, field


@dataclass
class Dialogs:
    """`errors`, `infos` and `questions` keep the texts; `answers` and `paths` are taken from the front."""

    errors: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    infos: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    shown: list[BaseException] = field(default_factory=list)

    def clear(self) -> None:
        """Forget everything."""
        for name in self.__dataclass_fields__:
            getattr(self, name).clear()

    def error(self, text: str, details: str = "") -> None:
        """An error window; the exception that is being handled counts as told to the user."""
        self.errors.append(text)
        self.details.append(details)
        problem = sys.exc_info()[1]
        if problem is not None:
            self.shown.append(problem)

    def ask(self, text: str) -> bool:
        """The next scripted answer; yes when none is left."""
        self.questions.append(text)
        return self.answers.pop(0) if self.answers else True

    def next_path(self) -> str:
        """The next scripted path; empty, as after Cancel, when none is left."""
        return self.paths.pop(0) if self.paths else ""


DIALOGS = Dialogs()
