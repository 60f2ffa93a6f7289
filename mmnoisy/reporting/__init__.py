"""What reports are written with: Markdown tables, one style of figures and pages."""
