"""What spaces are called in settings; light to import."""

# Kits, see `mlpnas.core.run.kit`; a new space is a line here.
SPACES = {
    "enas": "rnncell.kits.nodes:ENAS",
    "zoph": "rnncell.kits.trees:ZOPH",
    "darts": "rnncell.kits.nodes:DARTS",
}
