"""Several files that appear in a folder together, or not at all."""

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A private folder to write into; at the end its files move up into `folder`, which is made if need be.

    When the block fails or is interrupted nothing is left of it. Raises OSError for a folder that cannot be written.
    """
    new = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Inside the target, as only there a rename is sure to stay on the same disk.
        with tempfile.TemporaryDirectory(prefix=".guidegen-", dir=folder) as private:
            yield Path(private)
            with _uninterrupted():
                for file in sorted(Path(private).iterdir()):
                    os.replace(file, folder / file.name)
    finally:
        for parent in new:  # made above, the innermost first; those that are still empty go
            try:
                parent.rmdir()
            except OSError:
                break


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C and termination come too late for this block: the work is done, and half of the files would be worse."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)}
    ours = {kind: handler for kind, handler in handlers.items() if handler is not None}  # others' cannot be put back
    for kind in ours:
        signal.signal(kind, signal.SIG_IGN)
    try:
        yield
    finally:
        for kind, handler in ours.items():
            signal.signal(kind, handler)
