"""The bundle that ships, ``cxr-nih-pneumonia``: its films, its recipe, its card.

Its recipe was found before there were protocols and is kept as it was, so that it comes out the same.
"""
