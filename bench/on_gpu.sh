#!/usr/bin/env bash
# Every CUDA path on a bare machine with a card: installs what is needed beside the repository's files, then runs
# bench/on_gpu.py. Ends with 3 where there is no card. Meant to take less than 8 minutes, the installation included.
#
#   bash bench/on_gpu.sh [folder for the environment, else a new one under /tmp]
#
# Where the system's Python has a PyTorch that sees the card, that one is used and kept as it is; else the one that
# pyproject.toml names comes from PyPI. Nothing is taken from anywhere else. Where PyPI cannot be reached, bring the wheels:
#
#   PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER bash bench/on_gpu.sh
set -euo pipefail
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1

if ! command -v nvidia-smi >/dev/null || ! nvidia-smi -L 2>/dev/null | grep -q GPU; then
  echo "There is no CUDA card here (nvidia-smi finds none); nothing was run."
  exit 3
fi
nvidia-smi -L

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }
sees_card() { "$1" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; }

python=""
for candidate in python3 python3.12 python3.11 python3.13; do
  if fits "$candidate"; then
    if sees_card "$candidate"; then python=$candidate; own=yes; break; fi
    if [ -z "$python" ]; then python=$candidate; own=no; fi
  fi
done
if [ -z "$python" ]; then
  echo "Python 3.11, 3.12 or 3.13 is needed."
  exit 1
fi

environment=${1:-$(mktemp -d /tmp/readingroom-on-gpu.XXXXXX)}
begun=$SECONDS
"$python" -m venv "$environment"
bin=$environment/bin
if [ "$own" = yes ]; then
  # Named here and not by --system-site-packages, which looks past a Python that is itself a virtual environment.
  "$python" -c 'import sys; print(*(path for path in sys.path if path.endswith("-packages")), sep="\n")' \
    >"$("$bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/system.pth"
fi
# What is there already is held to its version; of our own requirements torch is left out then, whatever its version.
"$bin/python" - "$own" >"$environment/requirements.txt" <<'PYTHON'
import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
wanted = project["dependencies"] + [line for extra in ("read", "train") for line in project["optional-dependencies"][extra]]
print("\n".join(line for line in wanted if sys.argv[1] == "no" or not line.startswith(("torch>", "torchvision>"))))
PYTHON
"$bin/python" - "$own" >"$environment/constraints.txt" <<'PYTHON'
import sys
from importlib import metadata
if sys.argv[1] == "yes":
    for name in ("torch", "torchvision", "triton"):
        try:
            print(f"{name}=={metadata.version(name)}")
        except metadata.PackageNotFoundError:
            pass
PYTHON
[ "$own" = yes ] && echo torchvision >>"$environment/requirements.txt"
"$bin/python" -m pip install --quiet -r "$environment/requirements.txt" -c "$environment/constraints.txt"
echo "Installed in $((SECONDS - begun)) s; PyTorch of the system: $own."

PYTHONPATH=$PWD/Common:$PWD "$bin/python" bench/on_gpu.py --device cuda
