"""What spaces, variants and rules are called in settings; light to import."""

from typing import Literal

Variation = Literal["auto", "none", "crop", "crop-flip", "crop-flip-cutout"]

# Kits, see `mlpnas.core.run.kit`; a new space is a line here.
SPACES = {
    "macro": "cnnnas.kits.macro:MACRO",
    "micro": "cnnnas.kits.cells:MICRO",
    "zoph": "cnnnas.kits.zoph:ZOPH",
    "darts": "cnnnas.kits.cells:DARTS",
}
# How a differentiable search relaxes its choice, and what ends it early.
VariantName = Literal["plain", "pc", "gdas", "snas", "fair", "minus"]
RuleName = Literal["never", "eigenvalue", "skips", "ranking"]
