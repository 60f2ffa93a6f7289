"""Packaging; the settings of the tools are in pyproject.toml."""

import re
from pathlib import Path
from typing import Dict, List

from setuptools import Command, find_packages, setup
from setuptools.command.build import build

HERE = Path(__file__).parent.resolve()
VERSION = re.search(r"__version__ = '(.+)'", (HERE / 'mmnoisy/__init__.py').read_text()).group(1)

# Floors are what .ci/oldest.txt pins and .ci/run tests. Which of the two stacks there is, is not
# the package's business: an environment keeps its own, and its PyTorch.
REQUIRED = [
    'numpy>=1.23.5',
    'pyarrow>=12.0.0',
    'tqdm>=4.65.0',
    'matplotlib>=3.7.0',
    'scipy>=1.10.0',
    'jinja2>=3.1.0',
]
# PyTorch 2.6 is the first that reads checkpoints of MMEngine without running what they hold.
TORCH = ['torch>=2.6.0', 'torchvision>=0.21.0']
OPENMMLAB = [
    *TORCH,
    'mmpretrain>=1.2.0',
    'mmengine>=0.10.4',
    'mmcv-lite>=2.0.1',
    'setuptools>=64.0.0,<82',  # MMEngine reads mmpretrain:: configs with pkg_resources, gone in 82
]
# The maintained fork, for Python 3.10 and newer.
ONEDL = [*TORCH, 'onedl-mmpretrain>=1.3.6', 'onedl-mmengine>=0.10.12', 'onedl-mmcv>=2.3.6']
# The demo, the backbone of the small set, and pictures faster.
USEFUL = ['scikit-learn>=1.3.0', 'timm>=0.9.16', 'simplejpeg>=1.7.1']
# What tools/download_images.py gets pictures with; openmim pins older ones.
DOWNLOAD = [
    'requests>=2.32.2',
    'urllib3>=2.0.2',  # refuses bodies shorter than announced
]
# The alternatives that tools/benchmark.py measures against.
BENCH = ['polars>=1.0.0', 'duckdb>=1.0.0']
# The review queue, and the ranking that it is compared with.
REVIEW = ['cleanlab>=2.6.0', 'scikit-learn>=1.3.0']
# What tools/export_onnx.py writes with and compares with.
ONNX = ['onnx>=1.14.0', 'onnxruntime>=1.15.0']
# What --ray of extract_features, clean and predict computes on.
RAY = ['ray>=2.9.0']
# The documentation site, on Python 3.10 and newer.
DOCS = [
    'sphinx>=8.1.0',
    'myst-nb>=1.2.0',
    'furo>=2024.8.6',
    'sphinx-copybutton>=0.5.2',
]
# With either stack; ruff and mypy check the code in .ci/run.
DEV = [
    *USEFUL,
    *DOWNLOAD,
    *BENCH,
    *REVIEW,
    *ONNX,
    'pytest>=7.4.0',
    'pytest-xdist>=3.8.0',
    'hypothesis>=6.100.0',
    'pycocotools>=2.0.7',
    'tensorboard>=2.14.0',
    'ruff>=0.15.0,<0.18',
    'mypy>=1.10.0',
]


class BuildMim(Command):
    """Puts what OpenMMLab's tools look for in a package into its folder ``.mim``.

    A step of ``build``: wheels, editable installs and source distributions all have the files.
    """

    description = 'put configs, tools and model-index.yml into mmnoisy/.mim'
    user_options = []
    editable_mode = False  # which setuptools sets

    def initialize_options(self) -> None:
        """Declares the one option, which ``build`` gives."""
        self.build_lib = None

    def finalize_options(self) -> None:
        """Builds where the package is built."""
        self.set_undefined_options('build', ('build_lib', 'build_lib'))

    def get_source_files(self) -> List[str]:
        """Paths below this folder."""
        paths = (path for name in ('configs', 'tools') for path in Path(name).rglob('*.*'))
        return ['model-index.yml', *(str(path) for path in paths if path.suffix != '.pyc')]

    def get_output_mapping(self) -> Dict[str, str]:
        """What each built file is made of."""
        return {f'{self.build_lib}/mmnoisy/.mim/{path}': path for path in self.get_source_files()}

    def get_outputs(self) -> List[str]:
        """The built files."""
        return [*self.get_output_mapping()]

    def run(self) -> None:
        """Copies the files; an editable install gets links to them, and what mim looks for."""
        if self.editable_mode:
            self.link_sources(HERE / 'mmnoisy/.mim')
            self.write_doors(Path(self.get_finalized_command('install').install_lib))
            return
        for built, source in self.get_output_mapping().items():
            self.mkpath(str(Path(built).parent))
            self.copy_file(source, built)

    def link_sources(self, folder: Path) -> None:
        """Fills the ``.mim`` of the package, which stays where it is."""
        folder.mkdir(exist_ok=True)
        for name in ('configs', 'tools', 'model-index.yml'):
            if not (folder / name).exists():
                (folder / name).symlink_to(Path('../..', name))

    def write_doors(self, site_packages: Path) -> None:
        """Fills ``site-packages/mmnoisy/.mim``: mim looks there, wherever the package is."""
        for path in map(Path, self.get_source_files()):
            door = site_packages / 'mmnoisy/.mim' / path
            self.mkpath(str(door.parent))
            if path.parts[0] == 'configs' and path.suffix == '.py':
                door.write_text(f'_base_ = {str(HERE / path)!r}\n')
            else:
                self.copy_file(str(path), str(door))


class Build(build):
    """Builds the package, and ``.mim`` in it."""

    sub_commands = [*build.sub_commands, ('build_mim', None)]


setup(
    name='mmnoisy',
    version=VERSION,
    description='Learning from millions of noisy labels with a few verified ones, in MMPretrain',
    long_description=(HERE / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    package_dir={'': '.'},  # so that an editable install is a path, which type checkers follow
    packages=find_packages(include=['mmnoisy', 'mmnoisy.*']),
    package_data={
        'mmnoisy': ['py.typed'],
        'mmnoisy.cleaning.review': ['templates/*'],
        'mmnoisy.cleaning.view': ['templates/*'],
        'mmnoisy.experiments.report': ['templates/*'],
        'mmnoisy.reporting': ['templates/*'],
    },
    python_requires='>=3.9,<3.14',  # MMEngine uses pkgutil.find_loader, gone in 3.14
    install_requires=REQUIRED,
    cmdclass={'build': Build, 'build_mim': BuildMim},
    entry_points={'console_scripts': ['mmnoisy = mmnoisy.cli.main:main']},
    extras_require={
        'openmmlab': OPENMMLAB,
        'onedl': ONEDL,
        'all': OPENMMLAB + USEFUL + DOWNLOAD,
        'download': DOWNLOAD,
        'bench': BENCH,
        'review': REVIEW,
        'onnx': ONNX,
        'ray': RAY,
        'docs': DOCS,
        'dev': DEV,
        'test': OPENMMLAB + DEV,
    },
)
