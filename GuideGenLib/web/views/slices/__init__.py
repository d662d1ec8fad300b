"""What the slice views do beside showing a slice: scroll, thick slices, lines, two cases side by side."""
