"""``tools/slurm_train.sh`` with a stand-in for Slurm: all nodes are this machine."""

import re
import subprocess

import pytest
from conftest import REPO, script_environment

SRUN = """#!/usr/bin/env bash
while [[ $1 == --* ]]; do
    echo "option $1"
    [[ $1 == --nodes=* ]] && nodes=${1#*=}
    shift
done
export SLURM_NNODES=$nodes SLURM_JOB_ID=71234 SLURM_JOB_NODELIST=127.0.0.[1-2]
for (( k = 0; k < nodes; k++ )); do
    SLURM_NODEID=$k "$@" &
done
status=0
for job in $(jobs -p); do
    wait "$job" || status=$?
done
exit $status
"""
SCONTROL = """#!/bin/sh
[ "$*" = "show hostnames 127.0.0.[1-2]" ] && printf "127.0.0.1\\n127.0.0.2\\n"
[ "$1" = requeue ] && echo "requeued $2"
exit 0
"""

PYTHON = """#!/bin/sh
line=$NNODES\\ $MASTER_ADDR\\ $PORT\\|$(printf "%s|" "$@")
echo "$line"  # at once: of two nodes no line is broken
"""


@pytest.fixture
def slurm(tmp_path):
    """Runs the script; returns what it ended with."""

    def run(*arguments, commands=(), status=0, **environment):
        folder = tmp_path / 'bin'
        folder.mkdir(exist_ok=True)
        for name, text in dict(commands).items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        done = subprocess.run(
            ['bash', REPO / 'tools/slurm_train.sh', *arguments],
            cwd=tmp_path,
            env={**script_environment(folder), 'PORT': '', **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == status, done.stdout[-2000:] + done.stderr[-2000:]
        return done

    return run


def test_every_node_starts_its_processes(slurm):
    said = slurm(
        'gpu',
        'job',
        'configs/joint_demo.py',
        '--work-dir',
        'two words',
        commands=dict(srun=SRUN, scontrol=SCONTROL, python=PYTHON),
        GPUS='16',
        SRUN_ARGS='--time=60 --qos=low',
    ).stdout.splitlines()
    options = {line.split()[1] for line in said if line.startswith('option')}
    expected = '--partition=gpu --job-name=job --gres=gpu:8 --nodes=2 --ntasks-per-node=1'
    assert {*expected.split(), '--cpus-per-task=64', '--time=60', '--qos=low'} <= options
    nodes = sorted(line for line in said if not line.startswith('option'))
    assert nodes == 2 * [
        f'2 127.0.0.1 21234|-m|mmnoisy.cli.torchrun|8|{REPO}/tools/train.py|'
        'configs/joint_demo.py|--launcher|pytorch|--work-dir|two words|'
    ]


STOPPED = '#!/bin/sh\n[ "$SLURM_RESTART_COUNT" = 1 ] && echo "$*" || exit 75\n'


def test_a_job_that_is_warned_is_queued_again_and_goes_on(slurm):
    commands = dict(
        srun=SRUN, scontrol=SCONTROL, python=STOPPED, squeue='#!/bin/sh\necho RUNNING\n'
    )
    one = dict(commands=commands, GPUS='1', SLURM_JOB_ID='71234')
    first = slurm('gpu', 'job', 'configs/joint_demo.py', '--amp', status=75, **one)
    assert first.stdout.splitlines()[-1] == 'requeued 71234'
    assert 'option --signal=USR1@60' in first.stdout.splitlines()
    second = slurm('gpu', 'job', 'configs/joint_demo.py', '--amp', SLURM_RESTART_COUNT='1', **one)
    assert second.stdout.splitlines()[-1].endswith('--launcher pytorch --resume --amp')
    # Neither without a job that can be had again nor when it was cancelled.
    commands['squeue'] = '#!/bin/sh\necho COMPLETING\n'
    for job in ('', '71234'):
        other = slurm('gpu', 'job', 'config.py', status=75, **{**one, 'SLURM_JOB_ID': job})
        assert 'requeued' not in other.stdout


@pytest.mark.parametrize(
    ('gpus', 'sentence'),
    [('12', 'GPUS=12: every node has as many, here GPUS_PER_NODE=8'), ('8', 'srun: there is no')],
)
def test_what_cannot_be_started(slurm, gpus, sentence):
    error = slurm('gpu', 'job', 'configs/joint_demo.py', status=2, GPUS=gpus).stderr
    assert error.startswith(f'slurm_train.sh: error: {sentence}')
    assert error.count('\n') == 1


@pytest.mark.slow
def test_two_nodes_without_gpus(slurm, tmp_path, demo_root):
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/digits').symlink_to(demo_root)
    common = dict(
        commands=dict(srun=SRUN, scontrol=SCONTROL), GPUS='2', GPUS_PER_NODE='1', GRES='none'
    )
    config = REPO / 'configs/joint_demo.py'
    options = ['train_cfg.max_epochs=1', 'param_scheduler.end=1', 'val_dataloader.batch_size=500']
    done = slurm('cpu', 'job', config, '--work-dir', 'run', '--cfg-options', *options, **common)
    assert re.search('AP_all: ', done.stdout)
    assert (tmp_path / 'run/epoch_1.pth').exists()
    error = slurm('cpu', 'job', 'nowhere.py', status=2, **common).stderr
    assert 'train.py: error: nowhere.py: there is no such config file' in error
    assert 'torchrun.py: error: rank 0 on ' in error
