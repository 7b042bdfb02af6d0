"""The classifier: lexicon, features, linear model, force, evidence. Used by the stage `codings` alone."""
