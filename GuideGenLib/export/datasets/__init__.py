"""Cases as data sets that training programs read: nnU-Net, BIDS-like folders, MONAI."""
