#!/usr/bin/env bash
# Tests with N processes on one machine: NCCL with GPUs, gloo without.
#   bash tools/dist_test.sh configs/joint_openimages.py CHECKPOINT 8 [arguments of tools/test.py]
# Several machines: the same command on each, with NNODES, NODE_RANK (from 0), MASTER_ADDR (node 0)
# and PORT set. A node that does not come within NODE_TIMEOUT seconds (600) ends the others, as does
# one that shows no sign of life for NODE_SILENCE seconds (30).
set -euo pipefail
if [ $# -lt 3 ]; then
    echo "usage: $0 CONFIG CHECKPOINT N [arguments of tools/test.py]" >&2
    exit 2
fi
config=$1 checkpoint=$2 processes=$3
shift 3
exec python -m mmnoisy.cli.torchrun \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$(dirname "$0")/test.py" "$config" "$checkpoint" --launcher pytorch "$@"
