"""Finds out whether an implementation of the mailbox keeps the rules, against the model."""
