"""MRML in and out: anatomies, CTs, provenance and folders in a scene that the caller gives.

Nothing here finds a scene, shows a window or imports torch. VTK and Slicer's classes are imported when a function needs
them, so that the package itself imports anywhere. MRML is RAS, SimpleITK is LPS: `geometry` is where they meet.
"""
