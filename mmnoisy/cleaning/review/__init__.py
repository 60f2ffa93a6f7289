"""Which labels to ask a human about first."""
