"""From a cohort and a protocol to a bundle."""
