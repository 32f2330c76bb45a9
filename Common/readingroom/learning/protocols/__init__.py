"""How a bundle is trained and evaluated, as data: a file for each reader, the paper's way and the rigorous one."""
