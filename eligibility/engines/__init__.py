"""The backends: one file each, all answering as the reference does."""
