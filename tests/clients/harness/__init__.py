"""What every suite stands on: the emulator, the product, the words of the checks, and the report."""
