#!/usr/bin/env bash
# The Debian packages that the tests need: a browser with fonts, a compiler for the proof of the power cut, what
# pyscard is built with, a PC/SC service with virtual readers, an MQTT broker. Installed when run as root; otherwise the command is printed.
set -euo pipefail
packages=(chromium fonts-noto-cjk gcc libc6-dev systemd
    swig libpcsclite-dev pkg-config python3-dev pcscd vsmartcard-vpcd iproute2 mosquitto)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
else
    echo "Some tests will be skipped. For them: apt-get install ${missing[*]}" >&2
fi
