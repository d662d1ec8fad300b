"""The trainings of the networks: their losses, the patches of scans that they see, and pictures of what they make."""
