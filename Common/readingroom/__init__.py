"""ReadingRoom: published chest CT, chest X-ray, mammography and liver MR methods in a radiologist's reading session.

Importing this package is cheap: neither torch nor MONAI nor timm is loaded (they live in the worker process).
"""

__version__ = "0.1.0"

RESEARCH_USE = "Research software, not a medical device. Not for diagnosis or treatment decisions."
DEMONSTRATION = "DEMONSTRATION BUNDLE: trained on synthetic phantoms. Its numbers mean nothing for patients."
