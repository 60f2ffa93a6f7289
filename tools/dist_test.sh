#!/usr/bin/env bash
# Tests with N processes on one machine: NCCL with GPUs, gloo without.
#   bash tools/dist_test.sh configs/joint_openimages.py CHECKPOINT 8 [arguments of tools/test.py]
# Several machines: the same command on each, with NNODES, MASTER_ADDR (one of them) and PORT set.
set -euo pipefail
if [ $# -lt 3 ]; then
    echo "usage: $0 CONFIG CHECKPOINT N [arguments of tools/test.py]" >&2
    exit 2
fi
config=$1 checkpoint=$2 processes=$3
shift 3
exec python -m mmnoisy.cli.torchrun "$processes" \
    "$(dirname "$0")/test.py" "$config" "$checkpoint" --launcher pytorch "$@"
