"""Each operation of a client as the steps that nothing comes between, on the model's pure functions."""
