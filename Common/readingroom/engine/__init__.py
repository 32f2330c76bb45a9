"""Where the work is done: device choice, the worker process and its client. Importing this loads no torch.

`client` hands a call to a worker process (or does it in this one) and gives back progress, a value or an error.
"""
