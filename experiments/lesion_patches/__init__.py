"""How often does a network that learned patches of lesions find them on whole mammograms?

``python -m experiments.lesion_patches --cohort mammograms.csv --lesions lesions.csv --weights FILE --out FOLDER``

All films are read once by a frozen network; a logistic regression for each fold learns what tells the places on
lesions from normal tissue, and is then asked of every place of the films of other patients. 194 films take two minutes
of one core; the features are kept in the folder.
"""
