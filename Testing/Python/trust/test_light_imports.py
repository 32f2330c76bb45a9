"""What a reader needs of trust and evaluation needs numpy, scipy and Pillow alone."""

import subprocess
import sys


def test_reading_needs_neither_torch_nor_scikit_learn():
    modules = ("calibration", "conformal", "predictive_values", "distance", "checks", "radiograph_checks", "body")
    code = "import sys\n" + "".join(f"import readingroom.trust.{name}\n" for name in modules)
    code += "import readingroom.metrics.auc, readingroom.metrics.operating_points\n"
    code += "print([name for name in ('torch', 'sklearn', 'monai', 'timm', 'SimpleITK') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
