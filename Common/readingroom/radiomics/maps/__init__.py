"""Feature maps: every feature at every voxel of a region, measured in the small box around it."""
