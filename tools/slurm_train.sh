#!/usr/bin/env bash
# Trains under Slurm, one process a GPU.
#   GPUS=16 bash tools/slurm_train.sh PARTITION JOB_NAME configs/joint_openimages.py [arguments]
# GPUS_PER_NODE, CPUS_PER_TASK and SRUN_ARGS may be set too.
set -euo pipefail
if [ $# -lt 3 ]; then
    echo "usage: GPUS=8 $0 PARTITION JOB_NAME CONFIG [arguments of tools/train.py]" >&2
    exit 2
fi
partition=$1 job=$2 config=$3
shift 3
gpus=${GPUS:-8}
per_node=${GPUS_PER_NODE:-$(( gpus < 8 ? gpus : 8 ))}
# shellcheck disable=SC2086  # SRUN_ARGS holds several arguments
exec srun --partition="$partition" --job-name="$job" \
    --gres="gpu:$per_node" --ntasks="$gpus" --ntasks-per-node="$per_node" \
    --cpus-per-task="${CPUS_PER_TASK:-8}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
    python -u "$(dirname "$0")/train.py" "$config" --launcher slurm "$@"
