"""`localku learn`: twelve-factor design by doing; each lesson is an app with a flaw to mend."""
