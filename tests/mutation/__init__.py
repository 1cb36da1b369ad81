"""Would it have noticed: deliberately wrong implementations, to test the suite with."""
