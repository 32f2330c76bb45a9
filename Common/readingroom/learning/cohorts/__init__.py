"""Who is trained on and judged on: the table, the fingerprints of its images, and the splits."""
