"""Five well-read articles on autoencoders, replicated, measured and kept true."""
