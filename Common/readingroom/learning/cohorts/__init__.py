"""Who is trained on and evaluated on: the table, the fingerprints of its images, and the splits."""
