"""What every training runs with: steps, checkpoints, validation, processes, and draws by sample number."""
