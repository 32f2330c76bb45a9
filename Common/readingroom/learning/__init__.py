"""How a bundle is made from a cohort: splits by patient, augmentation, training, honest numbers, the card."""
