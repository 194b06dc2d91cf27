"""What spaces, variants, rules and presets are called in settings; light to import."""

from typing import Literal

Variation = Literal["auto", "none", "crop", "crop-flip", "crop-flip-cutout"]

SpaceName = Literal["macro", "micro", "zoph", "darts"]
# How a differentiable search relaxes its choice, and what ends it early.
VariantName = Literal["plain", "pc", "gdas", "snas", "fair", "minus"]
RuleName = Literal["never", "eigenvalue", "skips", "ranking"]
PresetName = Literal["tiny", "small", "medium"]
