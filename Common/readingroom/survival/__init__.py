"""Time until an event: estimators, regression, networks' heads and losses, metrics. Arrays in, frozen results out.

``time`` (cases,) is in months, ``event`` (cases,) 0 where follow-up ended without one and 1, 2 ... for its cause;
``incidence`` (cases, months) or (cases, causes, months) is a probability that has happened by the end of each month.
Files of heads and losses need torch; the others numpy and scipy alone.
"""
