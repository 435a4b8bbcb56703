"""One client a file; `run(stage)` runs its checks."""
