#!/usr/bin/env bash
# Trains with N processes on one machine: NCCL with GPUs, gloo without.
#   bash tools/dist_train.sh configs/joint_openimages.py 8 [arguments of tools/train.py]
# Several machines: the same command on each, with NNODES, MASTER_ADDR (one of them) and PORT set.
# NNODES=2:4 trains on as many of them as there are, goes on where one is lost and takes in one that
# comes later; see docs/scaling.md for this, for exit code 75 and for NODE_TIMEOUT (600 s),
# NODE_SILENCE (30 s), NODE_ADDR and MAX_RESTARTS.
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG N [arguments of tools/train.py]" >&2
    exit 2
fi
config=$1 processes=$2
shift 2
exec python -m mmnoisy.cli.torchrun "$processes" \
    "$(dirname "$0")/train.py" "$config" --launcher pytorch "$@"
