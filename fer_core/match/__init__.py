"""Who left among those who came: `pairing` of two cameras' people, by faces and by `dwell` times; `tracks` of one camera."""

from fer_core.match.pairing import Matching, Pair, SecondOpinion, llr_of, log_prior, match, pair_probabilities
from fer_core.match.tracks import join_broken

__all__ = ["Matching", "Pair", "SecondOpinion", "join_broken", "llr_of", "log_prior", "match", "pair_probabilities"]
