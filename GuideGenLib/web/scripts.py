"""Scripts of the page, which listen to the whole window."""

import hashlib


def once(script: str) -> str:
    """A script that runs one time in a window: the page is written again when another language is chosen, and then
    nothing is to be listened to twice."""
    name = hashlib.sha256(script.encode()).hexdigest()[:12]
    return f"if (!(window.guidegenScripts ||= {{}})['{name}']) {{ window.guidegenScripts['{name}'] = true;{script}}}"
