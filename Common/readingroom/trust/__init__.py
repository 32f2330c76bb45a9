"""How far a reading can be trusted: checks, calibration, conformal sets, distance from the training pictures."""
