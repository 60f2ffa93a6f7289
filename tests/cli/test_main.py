"""The door of all tools: what it lists, and what its start costs."""

import subprocess
import sys

import pytest
from conftest import REPO

from mmnoisy.cli.main import SUBCOMMANDS, main

HEAVY = ('torch', 'mmengine', 'mmpretrain', 'mmcv')


def imported(code, *arguments):
    """Which heavy packages a fresh process has imported after some code, and what it printed."""
    code = f'{code}\nprint([name for name in {HEAVY} if name in sys.modules])'
    command = [sys.executable, '-c', f'import sys\n{code}', *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_no_help_imports_pytorch():
    code = (
        'from mmnoisy.cli.main import main, SUBCOMMANDS\n'
        'for words in ([], *([name] for name in SUBCOMMANDS)):\n'
        '    sys.argv = ["mmnoisy", *words, "--help"]\n'
        '    try: main()\n'
        '    except SystemExit as end: assert end.code == 0'
    )
    assert imported(code).splitlines()[-1] == '[]'


def test_labels_are_prepared_counted_and_exported_without_pytorch(tmp_path):
    from conftest import write_release

    write_release(tmp_path / 'release', pictures=False)
    code = (
        'from mmnoisy.cli.main import main\n'
        'root = sys.argv[1]\n'
        'for words in (["prepare_openimages", root + "/release"],\n'
        '              ["dataset_stats", root + "/release/index", "--out", root + "/stats"],\n'
        '              ["export_labels", root + "/release/index/train", "--format", "coco",\n'
        '               "--out", root + "/coco"]):\n'
        '    sys.argv = ["mmnoisy", *words]\n'
        '    main()'
    )
    assert imported(code, tmp_path).splitlines()[-1] == '[]'
    assert (tmp_path / 'stats/table1.md').exists()


def test_the_help_lists_every_tool(capsys, monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['mmnoisy', '--help'])
    with pytest.raises(SystemExit):
        main()
    lines = capsys.readouterr().out.splitlines()
    listed = [line.split()[0] for line in lines[lines.index('subcommands:') + 1 :] if line[:2]]
    assert listed[: len(SUBCOMMANDS)] == [*SUBCOMMANDS]
    tools = {path.stem for path in (REPO / 'tools').glob('*.py')}
    assert {*SUBCOMMANDS.values()} == tools - {'benchmark'}


def test_a_subcommand_is_its_tool(capsys, monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['mmnoisy', 'train', 'gone.py'])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith('mmnoisy train: error: gone.py: there is no such')
    monkeypatch.setattr(sys, 'argv', ['mmnoisy', 'trian'])
    with pytest.raises(SystemExit):
        main()
    assert "invalid choice: 'trian'" in capsys.readouterr().err


CONFIG = "custom_imports = dict(imports=['mmnoisy'])\n"
READ = 'from mmengine.config import Config\nConfig.fromfile(sys.argv[1])\n'
LOOK_UP = (
    'from mmpretrain.registry import DATASETS, MODELS, HOOKS, METRICS\n'
    'assert DATASETS.get("OpenImages") and MODELS.get("DualHeadClassifier")\n'
    'assert HOOKS.get("ClassListHook") and METRICS.get("VerifiedAveragePrecision")\n'
)
SCOPED = (
    'from mmengine.registry import MODELS, DefaultScope\n'
    'with DefaultScope.overwrite_default_scope("mmpretrain"):\n'
    '    assert MODELS.build(dict(type="LabelCleaningHead", num_classes=3, in_channels=4))\n'
)


@pytest.mark.parametrize(
    'code',
    [
        READ + LOOK_UP,
        READ + SCOPED,
        'import mmnoisy\n' + READ + LOOK_UP,
        'import mmnoisy\n' + READ + SCOPED,
        'from mmnoisy import InputError\nimport mmpretrain\n' + READ + LOOK_UP,
        'import mmnoisy.datasets.label_index\n' + READ + LOOK_UP,
        'from mmnoisy.models import DualHeadClassifier\n' + LOOK_UP,
        'from mmpretrain.registry import MODELS\nMODELS.get("ResNet")\n' + READ + LOOK_UP,
    ],
)
def test_custom_imports_register_whatever_was_imported_before(tmp_path, code):
    (tmp_path / 'config.py').write_text(CONFIG)
    assert 'torch' in imported(code, tmp_path / 'config.py')


def test_checkpoints_of_mmengine_can_be_read_after_custom_imports(tmp_path):
    (tmp_path / 'config.py').write_text(CONFIG)
    code = (
        'import mmnoisy\n' + READ + LOOK_UP + 'import torch\n'
        'from mmengine.logging import MessageHub\n'
        'hub = MessageHub.get_instance("x")\n'
        'hub.update_scalar("loss", 1.0)\n'
        'torch.save(dict(hub=hub.state_dict()), sys.argv[2])\n'
        'torch.load(sys.argv[2], weights_only=True)\n'
    )
    assert 'torch' in imported(code, tmp_path / 'config.py', tmp_path / 'x.pth')


@pytest.mark.parametrize('first', ['', 'import mmengine\n'])
def test_configs_are_inherited_by_name_whatever_was_imported_before(tmp_path, first):
    (tmp_path / 'config.py').write_text("_base_ = 'mmnoisy::joint_demo.py'\n")
    assert 'mmengine' in imported(f'{first}import mmnoisy\n{READ}', tmp_path / 'config.py')
