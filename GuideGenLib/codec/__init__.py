"""Stage 2: the anatomy-aware high-dynamic-range autoencoder between HU volumes and latents."""
