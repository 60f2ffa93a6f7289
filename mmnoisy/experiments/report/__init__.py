"""The report of a comparison: tables, figures and one page."""

from mmnoisy.experiments.report.writing import write_report

__all__ = ['write_report']
