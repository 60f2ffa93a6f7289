"""The text of a config is laid out once, however often a run asks for it."""

from mmengine.config import Config
from test_progress_hook import config

from mmnoisy.engine.runner import FormattedOnce, build_runner


def test_the_text_is_that_of_the_config_as_it_is_now(tmp_path):
    (tmp_path / 'config.py').write_text("model = dict(type='A', layers=[1, 2])\nsteps = 3\n")
    cfg = Config.fromfile(tmp_path / 'config.py')
    formatted = FormattedOnce.of(cfg)
    assert (formatted.pretty_text, formatted.filename) == (cfg.pretty_text, cfg.filename)
    formatted.steps = 4
    assert cfg.steps == 4
    assert formatted.pretty_text == cfg.pretty_text
    assert 'layers=[' in formatted.pretty_text


def test_a_run_with_a_checkpoint_lays_it_out_once(tmp_path, monkeypatch):
    cfg = config(tmp_path, 'laid out')
    laid_out, text = [], Config.pretty_text.fget
    monkeypatch.setattr(
        Config, 'pretty_text', property(lambda cfg: laid_out.append(text(cfg)) or laid_out[-1])
    )
    runner = build_runner(cfg)
    runner.train()
    assert [*(tmp_path / 'run').glob('*.pth')]
    assert len(laid_out) == 1
    assert (tmp_path / 'run/config.py').read_text() == laid_out[0]
