"""The mathematics of learning a policy from scores, apart from who applies it.

Notation: N architectures in a batch; log pi_i is the log-probability of architecture i, the
sum over its tokens; r_i its score; q_i the score the predictor expected before seeing r_i;
b the baseline; A_i the advantage. Functions of tensors are differentiable; functions of
arrays make constants.

Sources: Williams, "Simple statistical gradient-following algorithms for connectionist
reinforcement learning", Machine Learning 8, 1992 (REINFORCE); Zoph and Le, "Neural
architecture search with reinforcement learning", ICLR 2017 (moving-average baseline); the
surprise reward and the control variate are derived in their docstrings.
"""

import math
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

# exp(-1e9) is exactly 0 in float32, while -inf would make 0 * -inf = NaN in the entropy.
_CLOSED = -1e9


def masked_log_softmax(logits: tf.Tensor, legal: tf.Tensor) -> tf.Tensor:
    """Log-probabilities over the legal options; illegal ones get probability exactly 0.

    Masking comes before the softmax, so the legal probabilities sum to 1, and a decision
    with one legal option has log-probability exactly 0.

    Args:
        logits: `(N, options)`.
        legal: bool, `(options,)` or `(N, options)`, at least one true per row.
    """
    return tf.nn.log_softmax(tf.where(legal, logits, _CLOSED))


def entropy(log_probs: tf.Tensor) -> tf.Tensor:
    """-sum p log p over the last axis, in nats; at most log(legal options)."""
    return -tf.reduce_sum(tf.exp(log_probs) * log_probs, axis=-1)


def policy_loss(
    log_probs: tf.Tensor, coefficients: tf.Tensor, entropies: tf.Tensor, beta: float
) -> tf.Tensor:
    """L = -sum_i c_i log pi_i - beta / N sum_i H_i.

    Plain REINFORCE has c_i = A_i / N; `control_variate` gives others.

    Args:
        log_probs: `(N,)`, log-probability of each sampled architecture.
        coefficients: `(N,)`, constants: no gradient flows into them.
        entropies: `(N,)`, entropy of the policy summed along each walk.
        beta: weight of the entropy bonus, 0 or more.
    """
    bonus = beta * tf.reduce_mean(entropies)
    return -tf.reduce_sum(tf.stop_gradient(coefficients) * log_probs) - bonus


def clipped_policy_loss(
    log_probs: tf.Tensor,
    old_log_probs: tf.Tensor,
    coefficients: tf.Tensor,
    entropies: tf.Tensor,
    beta: float,
    clip: float,
) -> tf.Tensor:
    """L = -sum_i min(rho_i c_i, clip(rho_i, 1 - eps, 1 + eps) c_i) - beta / N sum_i H_i.

    rho_i = pi(a_i) / pi_old(a_i). The minimum takes away what could be gained by moving
    rho_i further than eps, so a batch may be used for several steps. Where pi = pi_old the
    gradient is that of `policy_loss`. Source: Schulman et al., "Proximal policy optimization
    algorithms", 2017, equation 7.

    Args:
        log_probs: `(N,)`, under the policy that is being changed.
        old_log_probs: `(N,)`, under the one that sampled; constants.
        coefficients: `(N,)`, constants, advantage / N or the like.
        entropies: `(N,)`.
        beta: weight of the entropy bonus.
        clip: eps.
    """
    ratios = tf.exp(log_probs - tf.stop_gradient(old_log_probs))
    clipped = tf.clip_by_value(ratios, 1.0 - clip, 1.0 + clip)
    constants = tf.stop_gradient(coefficients)
    gains = tf.minimum(ratios * constants, clipped * constants)
    return -tf.reduce_sum(gains) - beta * tf.reduce_mean(entropies)


def skip_divergence(log_odds: tf.Tensor, rate: float) -> tf.Tensor:
    """KL(Bernoulli(p) || Bernoulli(rate)), p = sigmoid(log_odds), in nats; elementwise.

    Holds the share of connections near `rate`. The program that the authors of ENAS released
    puts in half the log-odds that it samples with, so its policy comes to rest at other
    shares (0.31 for 0.4); `log_odds / 2` does the same.
    """
    log_p, log_q = -tf.nn.softplus(-log_odds), -tf.nn.softplus(log_odds)
    return tf.exp(log_p) * (log_p - math.log(rate)) + tf.exp(log_q) * (
        log_q - math.log(1 - rate)
    )


def prediction_loss(predicted: tf.Tensor, scores: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Weighted mean squared error of an ensemble of accuracy heads.

    Args:
        predicted: `(N, members)`.
        scores: `(N,)`.
        weights: `(N, members)`, how often each member's bootstrap sample holds the row.
    """
    errors = weights * tf.square(predicted - scores[:, None])
    return tf.reduce_sum(errors) / tf.maximum(tf.reduce_sum(weights), 1.0)


@dataclass
class MovingAverage:
    """Exponential moving average that starts at its first value.

    Attributes:
        decay: weight of the past in [0, 1).
        value: the average; None before the first update.
    """

    decay: float = 0.9
    value: float | None = None

    def before(self, batch: np.ndarray) -> float:
        """The average as it stands before `batch` is counted; a first batch's own mean."""
        return _mean(batch) if self.value is None else self.value

    def update(self, batch: np.ndarray) -> None:
        """Count a batch. Written as a step towards its mean, so that equal values leave
        the average equal to the bit and the advantage exactly 0."""
        start = self.before(batch)
        self.value = start + (1 - self.decay) * (_mean(batch) - start)


def _mean(batch: np.ndarray) -> float:
    """The mean, and for equal values exactly their value, where a plain sum would round."""
    return float(batch[0] + np.mean(batch - batch[0]))


def unit_of(rewards: np.ndarray, baseline: float) -> float:
    """What a reward is on average, here or before, whichever is more; 1 if nothing was paid.

    Args:
        rewards: `(N,)`, N at least 1.
        baseline: the average of earlier ones.
    """
    return max(abs(baseline), float(np.abs(rewards).mean())) or 1.0


def surprise(
    scores: np.ndarray, predicted: np.ndarray, scale: float, noise_floor: float = 0.0
) -> np.ndarray:
    """u~ = min(max(|r - q| - nu, 0) / (scale + eps), 3): how wrong the predictor was.

    Args:
        scores, predicted: `(N,)`.
        scale: typical size of |r - q|, a moving average, 0 or more.
        noise_floor: nu, the standard deviation of repeated evaluations of one architecture.
            Below it an error is noise; without it noisy children look surprising for ever.
    """
    error = np.maximum(np.abs(scores - predicted) - noise_floor, 0.0)
    return np.minimum(error / (scale + 1e-6), 3.0)


def gate(scores: np.ndarray, baseline: float, temperature: float = 0.05) -> np.ndarray:
    """g = sigmoid((r - b) / tau): surprise pays only for children better than the baseline."""
    return 1.0 / (1.0 + np.exp(np.clip((baseline - scores) / temperature, -60, 60)))


def linear_decay(start: float, done: float) -> float:
    """start at done = 0, linearly to 0 at done = 1 and 0 from there on."""
    return start * max(0.0, 1.0 - done)


def control_variate(
    scores: np.ndarray, predicted: np.ndarray, uniform: np.ndarray, baseline: float
) -> np.ndarray:
    """Coefficients of an unbiased policy gradient when the predictor chose what to train.

    Of M candidates sampled from the policy only some were trained, most of them because the
    predictor liked them: averaging over those alone would be biased. With q known for all
    and r for the set U of uniform picks,

        g = 1/M sum_j (q_j - b) grad log pi_j  +  1/|U| sum_{i in U} (r_i - q_i) grad log pi_i

    has the expectation of E[(r - b) grad log pi], whatever the predictor believes; a good
    predictor makes the second sum small, and with it the variance.

    Args:
        scores: `(M,)`, true scores; read only where `uniform`.
        predicted: `(M,)`.
        uniform: bool `(M,)`, the candidates drawn uniformly for training.
        baseline: b.

    Returns:
        `(M,)` coefficients for `policy_loss`.
    """
    direct = (predicted - baseline) / len(predicted)
    correction = np.where(uniform, np.nan_to_num(scores) - predicted, 0.0)
    return direct + correction / max(int(uniform.sum()), 1)
