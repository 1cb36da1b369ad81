"""Every operation in every abstract state of a channel, found in the model and replayed on a target."""
