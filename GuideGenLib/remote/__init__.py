"""A generator elsewhere: `server` lends the engine's workers over HTTP, `client` is the engine's client of them."""
