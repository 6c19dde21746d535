#!/usr/bin/env bash
# Builds pyscard (the desk readers) into the virtual environment where it is not there yet. It has no Linux wheel: it
# is built where the machine can, and the product runs without it.
set -euo pipefail
venv=${1:?usage: pyscard.sh VENV}
"$venv/bin/python" -c 'import smartcard.scard' 2>/dev/null && exit 0
if ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt pyscard >"$venv/pyscard.log" 2>&1; then
    echo "Desk readers (PC/SC) are not set up: pyscard did not build here ($venv/pyscard.log says why)."
    echo "  To have them: apt-get install swig libpcsclite-dev gcc pkg-config python3-dev pcscd, then bash tools/pyscard.sh $venv"
fi
