"""The vertebrae of a drawn spine, laid by rule along its course: bodies, discs, arches and processes."""
