#!/usr/bin/env bash
# Debian libraries that Qt (offscreen) and headless rendering load; installed only when one is missing.
set -euo pipefail
packages=(libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libglib2.0-0 fonts-dejavu-core)
command -v dpkg-query >/dev/null || exit 0 # not Debian: the reader of a failing test knows their own package manager
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
((${#missing[@]} == 0)) && exit 0
echo "Installing ${missing[*]}"
sudo=$([[ $EUID -eq 0 ]] || echo sudo)
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
