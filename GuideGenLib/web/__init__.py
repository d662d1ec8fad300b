"""The page in the browser, `guidegen web`.

The front server (`front`, with `guard`, `sessions`, `child`, `proxy`, `pages`) is the one address that browsers know.
It starts a process for each of them (`session`), hands everything on to it, and ends it when nobody looks any more; it
knows nothing of patients, models or scenes. A session's process holds one MRML scene and one worker of the engine.
There `app` puts together the `workspace` (the scene, what is chosen in it, messages to the user), the `runner` (long
work in the worker), the `views`, and the panels, which know the workspace and not each other; `shell` is the page
around them.
"""
