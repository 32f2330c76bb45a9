"""Reports of a reading: one document model, written as HTML, PDF, JSON and CSV."""
