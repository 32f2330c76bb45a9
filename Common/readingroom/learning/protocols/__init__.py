"""How a bundle is trained and judged, as data: a file for each reader, the paper's way and the rigorous one."""
