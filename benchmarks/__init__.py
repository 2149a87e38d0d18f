"""Speed, memory and accuracy side by side: ``python -m benchmarks``. Nothing here is a test."""
