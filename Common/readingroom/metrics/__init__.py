"""How good predictions are: metrics, intervals and tests. Arrays in, frozen results out; numpy and scipy alone."""
