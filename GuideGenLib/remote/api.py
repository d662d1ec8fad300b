"""What both ends agree on: addresses below the server's own, headers, and the states of a run.

    GET    /v1/hello?version=&bundle=   whether both fit (409 where not): version, bundle, lease_s, most_bytes
    POST   /v1/runs/ID                  a place for a request of `bytes` (not compressed); the client makes the ID
    PUT    /v1/runs/ID/request          the request as `remote.wire` packs it; from the start after a lost connection
    GET    /v1/runs/ID?after=N          its state, as soon as it is newer than number N, or after POLL_S
    GET    /v1/runs/ID/result?after=N   the result from its byte N on
    DELETE /v1/runs/ID                  stop it and forget all of it; what was delivered is forgotten so, too
    GET    /health, /metrics            for who watches the server

A refusal is JSON with message and remedy. A run of which its client has not asked for a lease is deleted.
"""

PREFIX = "/v1"
POLL_S = 5.0
"""The longest that a question for news waits at the server."""
PIECE = 1 << 18
"""Bytes that are sent at a time."""
ARRIVING, WAITING, RUNNING, READY, FAILED, STOPPED = "arriving", "waiting", "running", "ready", "failed", "stopped"
ENDS = (READY, FAILED, STOPPED)
