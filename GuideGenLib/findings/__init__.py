"""What findings there are to draw: one file each in Resources/findings."""
