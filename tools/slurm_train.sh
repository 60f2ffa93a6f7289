#!/usr/bin/env bash
# Trains under Slurm, one process a GPU: NCCL with GPUs, gloo without.
#   GPUS=16 bash tools/slurm_train.sh PARTITION JOB_NAME configs/joint_openimages.py [arguments]
# GPUS_PER_NODE, CPUS_PER_TASK, SRUN_ARGS, SIGNAL and PORT may be set too; GRES=none asks for no GPU,
# and GPUS is the number of processes then. In a job of sbatch it is queued again where the time is
# over or the job has to make room, and goes on; elsewhere it ends with exit code 75 then.
set -euo pipefail
fail() {
    echo "$(basename "$0"): error: $1" >&2
    exit 2
}
if [ $# -lt 3 ]; then
    echo "usage: GPUS=8 $0 PARTITION JOB_NAME CONFIG [arguments of tools/train.py]" >&2
    exit 2
fi
partition=$1 job=$2 config=$3
shift 3
gpus=${GPUS:-8}
per_node=${GPUS_PER_NODE:-$(( gpus < 8 ? gpus : 8 ))}
(( gpus % per_node == 0 )) ||
    fail "GPUS=$gpus: every node has as many, here GPUS_PER_NODE=$per_node; give a multiple of that"
command -v srun > /dev/null ||
    fail "srun: there is no such command; run this where Slurm is, or tools/dist_train.sh without it"
# A job that was requeued goes on. Slurm warns a minute before the time is over (SIGNAL).
resume=()
(( ${SLURM_RESTART_COUNT:-0} == 0 )) || resume=(--resume)
# One task a node, which starts the processes there; what Slurm tells it is what dist_train.sh asks.
# Nodes end one another and say why: Slurm shall not cut that short (--kill-on-bad-exit=0).
on_each_node='
    export NNODES=$SLURM_NNODES PORT=${PORT:-$(( 20000 + SLURM_JOB_ID % 10000 ))}
    MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
    export MASTER_ADDR
    exec bash "$@"'
status=0
# shellcheck disable=SC2086  # SRUN_ARGS holds several arguments
srun --partition="$partition" --job-name="$job" --gres="${GRES:-gpu:$per_node}" \
    --nodes="$(( gpus / per_node ))" --ntasks-per-node=1 --signal="${SIGNAL:-USR1@60}" \
    --cpus-per-task="$(( per_node * ${CPUS_PER_TASK:-8} ))" --kill-on-bad-exit=0 ${SRUN_ARGS:-} \
    bash -c "$on_each_node" slurm_train "$(dirname "$0")/dist_train.sh" "$config" "$per_node" \
    ${resume[@]+"${resume[@]}"} "$@" || status=$?
# The run was told to stop, and has saved. A job of sbatch can be had again, one of srun cannot, and
# one that is not running was cancelled, or is queued again by Slurm itself.
if (( status == 75 )) && [ -n "${SLURM_JOB_ID:-}" ] &&
    [ "$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T)" = RUNNING ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
