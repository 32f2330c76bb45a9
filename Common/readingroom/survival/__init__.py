"""Time until an event: estimators, regression, losses, metrics. Arrays in, frozen results out.

``time`` (cases,) is in months, ``event`` (cases,) 0 where follow-up ended without one and 1, 2 ... for its cause;
``incidence`` (cases, months) or (cases, causes, months) is a probability that has happened by the end of each month.
`losses` needs torch, the other files numpy and scipy alone.
"""
