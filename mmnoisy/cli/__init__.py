"""The command line: arguments in, one sentence out where they cannot be used."""
