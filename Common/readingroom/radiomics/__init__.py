"""Numbers of a segmented region: shape, first-order statistics and texture, named and defined as PyRadiomics does."""
