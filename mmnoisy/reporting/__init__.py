"""What reports are written with: whole files, Markdown tables, one style of figures and pages."""
