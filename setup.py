"""Packaging; the settings of the tools are in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'", (HERE / 'mmnoisy/__init__.py').read_text()).group(1)

# For an environment that has MMPretrain: it keeps its own mmcv and PyTorch.
REQUIRED = [
    'mmpretrain>=1.2.0',
    'mmengine>=0.10.4',
    'numpy',
    'pyarrow>=12',
    'requests>=2.32',
    'urllib3>=2',  # refuses bodies shorter than announced
    'tqdm',
    'matplotlib>=3.7',
    'scipy>=1.10',
    'jinja2>=3.1',
    'setuptools<82',  # MMEngine reads mmpretrain:: configs with pkg_resources, gone in 82
]
# For a fresh machine: all that training, testing and the demo need.
ALL = ['torch', 'torchvision', 'mmcv-lite>=2.0.0', 'scikit-learn', 'timm', 'simplejpeg']
# The alternatives that tools/benchmark.py measures against.
BENCH = ['polars>=1.0', 'duckdb']
# The review queue, and the ranking that it is compared with.
REVIEW = ['cleanlab>=2.6', 'scikit-learn']
TEST = ['pytest', 'pycocotools', 'tensorboard', 'hypothesis', 'ruff>=0.15,<0.18', 'mypy>=1.10']
# What tools/export_onnx.py writes with and compares with.
ONNX = ['onnx>=1.14', 'onnxruntime>=1.15']

setup(
    name='mmnoisy',
    version=VERSION,
    description='Learning from millions of noisy labels with a few verified ones, in MMPretrain',
    long_description=(HERE / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['mmnoisy', 'mmnoisy.*']),
    package_data={
        'mmnoisy': ['py.typed'],
        'mmnoisy.cleaning.view': ['templates/*'],
        'mmnoisy.experiments.report': ['templates/*'],
        'mmnoisy.reporting': ['templates/*'],
    },
    python_requires='>=3.9,<3.14',  # MMEngine uses pkgutil.find_loader, gone in 3.14
    install_requires=REQUIRED,
    entry_points={'console_scripts': ['mmnoisy = mmnoisy.cli.main:main']},
    extras_require={
        'all': ALL,
        'bench': ALL + BENCH,
        'review': REVIEW,
        'onnx': ALL + ONNX,
        'test': ALL + BENCH + REVIEW + ONNX + TEST,
    },
)
