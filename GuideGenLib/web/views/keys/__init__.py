"""The keys of the views, the page that lists all keys, and the tour."""
