"""ReadingRoom: published chest CT, chest X-ray, mammography and liver MR methods in a radiologist's reading session.

Importing this package is cheap: neither torch nor MONAI nor timm is loaded (they live in the worker process).
"""

__version__ = "0.1.0"
