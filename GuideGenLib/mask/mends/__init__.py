"""What a drawing lacks or has too much of, mended by rule."""
