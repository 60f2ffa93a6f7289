"""The report of a comparison: tables, figures and one page."""

from mmnoisy.comparison.report.writing import write_report

__all__ = ['write_report']
