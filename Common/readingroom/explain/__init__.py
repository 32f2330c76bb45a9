"""Where an answer comes from: activation maps, the box of the strongest region, whether the map is faithful."""
