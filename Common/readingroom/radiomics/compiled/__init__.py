"""The loops of texture as numba compiles them, where it is installed: same functions and numbers as with numpy."""
