"""Pictures: getting, finding, checking and loading them."""
