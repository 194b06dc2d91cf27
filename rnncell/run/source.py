"""The text or the sequences that settings name."""

from rnncell.data.sequences import read_sequences
from rnncell.data.text import Text, check_length, read_text
from rnncell.run.settings import Settings


def read_data(settings: Settings) -> Text:
    """What a search with these settings learns from.

    Raises:
        InputError: for what cannot be used, a text that is too short included.
    """
    s = settings
    if not s.is_text:
        return read_sequences(s.data, s.seed)
    size, limit = s.vocabulary or s.sizes.vocabulary, s.tokens or s.sizes.tokens
    text = read_text(s.data, s.unit, size, limit)
    check_length(text.task, s.sizes.final.batch, s.sizes.final.steps)
    return text
