#!/usr/bin/env bash
# Trains with N processes on one machine: NCCL with GPUs, gloo without.
#   bash tools/dist_train.sh configs/joint_openimages.py 8 [arguments of tools/train.py]
# Several machines: the same command on each, with NNODES, NODE_RANK (from 0), MASTER_ADDR (node 0)
# and PORT set. A node that does not come within NODE_TIMEOUT seconds (600) ends the others, as does
# one that shows no sign of life for NODE_SILENCE seconds (30).
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG N [arguments of tools/train.py]" >&2
    exit 2
fi
config=$1 processes=$2
shift 2
exec python -m mmnoisy.cli.torchrun \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$(dirname "$0")/train.py" "$config" --launcher pytorch "$@"
