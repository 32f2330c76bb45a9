"""What happens to files, bundles, worker lines and tables that are damaged or made to do harm, and to killed commands.

Each driver opens changed inputs with the product's own code in a guarded child process. An input may be read, or be
refused with a `ReadingRoomError`; another exception, a signal, a hang or too much memory is a fault. ``python -m fuzz``
goes on for as long as it is told; the tests try a fixed number of inputs.
"""
