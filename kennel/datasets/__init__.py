"""Data sets: unpack public archives, upload folders."""
