"""Exports a classifier as an ONNX file, and compares it with PyTorch."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('export_onnx')
