"""Makes the bundle ``cxr-lungs``."""
