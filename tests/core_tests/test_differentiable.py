"""Bilevel optimisation against numbers worked by hand and against numeric differentiation."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from mlpnas.core.differentiable import bilevel, relaxation
from mlpnas.core.differentiable.bilevel import (
    Bilevel,
    Descent,
    clipped,
    hessian_product,
    largest_eigenvalue,
)

PLAIN = Descent(momentum=0.0, decay=0.0, clip=None)


def variable(value, dtype: str = "float64") -> keras.Variable:
    return keras.Variable(np.asarray(value, dtype), dtype=dtype)


# --- a problem that can be solved by hand -----------------------------------------------
#
# L_valid = alpha w - 2 alpha + 1 and L_train = w^2 - 2 alpha w + alpha^2, so w* = alpha. At
# alpha = 2, w = -2: dL_train/dw = 2 w - 2 alpha = -8, hence w' = -2 + 8 xi and
# dL_valid/dalpha (w') = w' - 2 = -4 + 8 xi. The mixed derivative is -2 and v = alpha = 2, so
# the second term is -xi * -2 * 2 = 4 xi: altogether -4 + 12 xi.


def toy(order: int, clip: float | None = None) -> Bilevel:
    a, w = variable([2.0]), variable([-2.0])

    def train(batch) -> tf.Tensor:
        return tf.reduce_sum(w.value**2 - 2 * a.value * w.value + a.value**2)

    def valid(batch) -> tf.Tensor:
        return tf.reduce_sum(a.value * w.value - 2 * a.value + 1)

    return Bilevel(train, valid, [w], [a], PLAIN, order, unrolled_clip=clip)


@pytest.mark.parametrize(("rate", "expected"), [(0.0, -4.0), (0.1, -2.8), (0.5, 2.0)])
def test_the_toy_problem_has_the_gradient_worked_out_above(rate, expected):
    _, [found] = toy(order=2).hypergradient(0, 0, rate)
    assert float(found[0]) == pytest.approx(expected, rel=1e-6)


def test_first_order_looks_no_step_ahead():
    _, [found] = toy(order=1).hypergradient(0, 0, 0.5)
    assert float(found[0]) == -4.0


@pytest.mark.parametrize(
    ("order", "rate", "limit"),
    # At rest w = alpha, and the second-order gradient w' - 2 + 2 xi alpha = 0 gives
    # alpha = 2 / (1 + 2 xi).
    [(1, 0.1, 2.0), (2, 0.1, 2 / 1.2), (2, 0.5, 1.0)],
)
def test_alternating_descent_comes_to_rest_where_it_should(order, rate, limit):
    problem = toy(order)
    [a], [w] = problem.alphas, problem.weights
    for _ in range(120):
        _, [g] = problem.hypergradient(0, 0, rate)
        a.assign(a.value - 0.2 * g)
        problem.move_weights(0, tf.constant(rate))
    assert [float(a.value[0]), float(w.value[0])] == pytest.approx([limit, limit], abs=1e-3)


def test_a_step_moves_both_with_adam_and_the_decay_within_its_gradient():
    problem = toy(order=1)
    problem.step(0, 0, tf.constant(0.1))
    # Adam's first step is its rate against the sign: the gradient is -4 + 1e-3 * 2.
    assert float(problem.alphas[0].value[0]) == pytest.approx(2 + 3e-4, abs=1e-7)
    # Then dL_train/dw = 2 (-2) - 2 (2.0003) = -8.0006.
    assert float(problem.weights[0].value[0]) == pytest.approx(-2 + 0.80006)


def test_a_joint_step_moves_both_down_the_gradient_at_one_point():
    problem = toy(order=1)
    loss = problem.joint_step(0, tf.constant(0.1))
    # L_train at (2, -2) is 4 + 8 + 4; dL_train/dw = -8 there, not -8.0006 as after a step on
    # alpha, whose gradient -2 w + 2 alpha = 8 is positive.
    assert float(loss) == 16.0
    assert float(problem.weights[0].value[0]) == pytest.approx(-1.2, rel=1e-6)
    assert float(problem.alphas[0].value[0]) == pytest.approx(2 - 3e-4, abs=1e-7)


# --- a small network --------------------------------------------------------------------


def network(order: int, descent: Descent, seed: int = 0) -> tuple:
    """Two cells of four channels, each mixing three smooth operations; all in float64."""
    rng = np.random.default_rng(seed)
    kernels = [variable(0.3 * rng.normal(size=(3, 3, 4, 4))) for _ in range(6)]
    head = variable(rng.normal(size=(4, 3)))
    alphas = [variable(rng.normal(size=(1, 3))) for _ in range(2)]
    functions = (tf.tanh, tf.sigmoid, tf.nn.softplus)

    def loss(batch) -> tf.Tensor:
        x, y = batch
        for cell, alpha in enumerate(alphas):
            mixture = relaxation.softmax(alpha.value)[0]
            x = tf.add_n([
                mixture[k] * f(tf.nn.conv2d(x, kernels[3 * cell + k].value, 1, "SAME"))
                for k, f in enumerate(functions)
            ])  # fmt: skip
        logits = tf.reduce_mean(x, axis=(1, 2)) @ head.value
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        )

    batches = [
        (tf.constant(rng.normal(size=(5, 6, 6, 4))), tf.constant(rng.integers(3, size=5)))
        for _ in range(2)
    ]
    problem = Bilevel(loss, loss, [*kernels, head], alphas, descent, order)
    for momentum in problem.momenta:
        momentum.assign(0.01 * rng.normal(size=momentum.shape))
    return problem, loss, batches


def ahead(problem, loss, batches, rate: float) -> float:
    """L_valid after one step of descent on the weights; puts them back."""
    kept = [w.numpy() for w in problem.weights]
    _, gradients = bilevel.gradient(loss, batches[0], problem.weights)
    step = problem._descent.direction(gradients, problem.weights, problem.momenta)
    for weight, start, by in zip(problem.weights, kept, step, strict=True):
        weight.assign(start - rate * by)
    value = float(loss(batches[1]))
    for weight, start in zip(problem.weights, kept, strict=True):
        weight.assign(start)
    return value


def numeric(problem, loss, batches, rate: float) -> np.ndarray:
    """Central differences of `ahead` in every coordinate of the alphas."""
    found = []
    for alpha in problem.alphas:
        start = alpha.numpy()
        for place in np.ndindex(start.shape):
            sides = []
            for step in (1e-5, -1e-5):
                shifted = start.copy()
                shifted[place] += step
                alpha.assign(shifted)
                sides.append(ahead(problem, loss, batches, rate))
            alpha.assign(start)
            found.append((sides[0] - sides[1]) / 2e-5)
    return np.array(found)


def relative_error(found, expected: np.ndarray) -> float:
    flat = np.concatenate([np.ravel(g) for g in found])
    return float(np.abs(flat - expected).max() / np.abs(expected).max())


DESCENT = Descent(momentum=0.9, decay=3e-2, clip=None)


@pytest.mark.parametrize("seed", range(4))
def test_the_second_order_gradient_agrees_with_numeric_differentiation(seed):
    # 6 coordinates each, 24 over the seeds. The rate is large, so that the second-order term
    # matters: leaving it out must be seen.
    problem, loss, batches = network(2, DESCENT, seed=seed)
    expected = numeric(problem, loss, batches, rate=2.0)
    _, found = problem.hypergradient(*batches, 2.0)
    assert relative_error(found, expected) < 1e-3
    first, _, _ = network(1, DESCENT, seed=seed)
    assert relative_error(first.hypergradient(*batches, 2.0)[1], expected) > 0.01


def test_without_a_rate_second_order_is_first_order_exactly():
    batches = network(1, DESCENT)[2]
    first, second = (
        network(order, DESCENT)[0].hypergradient(*batches, 0.0) for order in (1, 2)
    )
    for a, b in zip(first[1], second[1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_slip_of_precedence_would_be_found(monkeypatch):
    # (g+ - g-) / 2 * epsilon trains plausibly: only a comparison of numbers finds it.
    right = bilevel.mixed_product

    def slipped(loss, batch, weights, alphas, vector):
        radius = 0.01 / tf.linalg.global_norm(vector)
        products = right(loss, batch, weights, alphas, vector)
        return [product * radius**2 for product in products]

    monkeypatch.setattr(bilevel, "mixed_product", slipped)
    problem, loss, batches = network(2, DESCENT)
    expected = numeric(problem, loss, batches, rate=2.0)
    assert relative_error(problem.hypergradient(*batches, 2.0)[1], expected) > 1e-3


def test_clipping_scales_the_step_and_the_vector_in_the_toy_problem():
    # As above with all norms held to 1: the step is -1 instead of -8, a factor of 1/8, so
    # w' = -2 + xi and the direct part -4 + xi; v is 1 instead of 2, so the second term is
    # -xi / 8 * -2 * 1 = xi / 4. At xi = 0.4: -4 + 0.4 + 0.1.
    _, [found] = toy(order=2, clip=1.0).hypergradient(0, 0, 0.4)
    assert float(found[0]) == pytest.approx(-3.5, rel=1e-6)


# --- what a step leaves alone -----------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2])
def test_weights_are_the_same_to_the_bit_after_a_step_on_the_alphas(order):
    problem, _, batches = network(order, DESCENT)
    problem.weights[0].assign(problem.weights[0].numpy() * -0.0)  # keeps its sign too
    before = [w.numpy().tobytes() for w in problem.weights]
    alphas = [a.numpy() for a in problem.alphas]
    problem._move_alphas(*batches, 0.1)
    assert [w.numpy().tobytes() for w in problem.weights] == before
    assert all((a.numpy() != old).any() for a, old in zip(problem.alphas, alphas, strict=True))


def test_alphas_are_the_same_after_a_step_on_the_weights():
    problem, _, batches = network(1, DESCENT)
    before = [a.numpy().tobytes() for a in problem.alphas]
    weights = [w.numpy() for w in problem.weights]
    problem.move_weights(batches[0], tf.constant(0.1))
    assert [a.numpy().tobytes() for a in problem.alphas] == before
    assert all(
        (w.numpy() != old).any() for w, old in zip(problem.weights, weights, strict=True)
    )


def test_neither_side_may_hold_the_other():
    a, w = variable([1.0]), variable([1.0])
    with pytest.raises(ValueError, match="both the weights and the alphas"):
        Bilevel(lambda _: a.value, lambda _: w.value, [a, w], [a])
    with pytest.raises(ValueError, match="order is 3, expected 1 or 2"):
        Bilevel(lambda _: a.value, lambda _: w.value, [w], [a], order=3)


@pytest.mark.slow
def test_the_compiled_step_is_traced_once_and_repeats_itself():
    def run() -> list:
        problem, _, batches = network(2, Descent(0.9, 3e-4, 5.0))
        for rate in (0.1, 0.05):
            losses = problem.step(*batches, tf.constant(rate))
        assert problem.step.experimental_get_tracing_count() == 1
        return [*map(float, losses), *(a.numpy().tolist() for a in problem.alphas)]

    assert run() == run()


def test_graphs_are_rewritten_again_after_those_that_run_as_built():
    def off() -> bool:
        return tf.config.optimizer.get_experimental_options().get(
            "disable_meta_optimizer", False
        )

    before = off()
    with bilevel.as_built():
        assert off()
    assert off() == before


# --- parts ------------------------------------------------------------------------------


def test_descent_adds_momentum_the_clipped_gradient_and_decay():
    # 0.5 * 2 + 0.3 + 0.1 * 4 = 1.7
    descent = Descent(momentum=0.5, decay=0.1)
    [found] = descent.direction(
        [tf.constant([0.3])], [tf.constant([4.0])], [tf.constant([2.0])]
    )
    assert float(found[0]) == pytest.approx(1.7)


def test_clipping_is_by_the_norm_of_all_gradients_together():
    gradients = [tf.constant([3.0]), tf.constant([4.0])]  # norm 5
    found, factor = clipped(gradients, 2.5)
    assert [float(g[0]) for g in found] == [1.5, 2.0]
    assert float(factor) == 0.5
    assert clipped(gradients, 10.0)[0][0][0] == 3.0
    assert float(clipped(gradients, None)[1]) == 1.0


def test_the_largest_eigenvalue_of_a_known_hessian():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    matrix = tf.constant(basis @ np.diag([9.0, -4.0, 3.0, 1.0, 0.5, 0.0]) @ basis.T)
    alphas = [variable(rng.normal(size=(2, 3)))]

    def loss(batch) -> tf.Tensor:
        flat = tf.reshape(alphas[0].value, [6, 1])
        return tf.reduce_sum(flat * (matrix @ flat)) / 2

    product = partial(hessian_product(loss, alphas), 0)
    assert largest_eigenvalue(product, alphas, 40) == pytest.approx(9.0, rel=1e-5)


# --- relaxations ------------------------------------------------------------------------


def test_equal_alphas_weigh_all_operations_equally():
    alphas = tf.fill([14, 8], 0.7)
    np.testing.assert_allclose(relaxation.softmax(alphas), 1 / 8, rtol=1e-6)
    assert float(relaxation.entropy(relaxation.softmax(alphas))) == pytest.approx(np.log(8))


def test_sigmoids_do_not_compete():
    before, after = (relaxation.sigmoid(tf.constant([[0.0, a]])) for a in (0.0, 3.0))
    assert before[0, 0] == after[0, 0] == 0.5


@pytest.mark.parametrize("temperature", [0.1, 10.0])
def test_gumbel_draws_follow_the_softmax_at_any_temperature(temperature):
    probabilities = np.array([0.6, 0.3, 0.1])
    alphas = tf.constant(np.log(probabilities)[None].repeat(20_000, 0), tf.float32)
    weights = relaxation.gumbel_softmax(alphas, temperature, [1, 2]).numpy()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    shares = np.bincount(weights.argmax(axis=1), minlength=3) / len(weights)
    # 4.5 standard errors of a binomial share.
    errors = np.sqrt(probabilities * (1 - probabilities) / len(weights))
    assert (np.abs(shares - probabilities) < 4.5 * errors).all()


def test_straight_through_is_one_hot_in_value_and_smooth_in_gradient():
    alphas = tf.Variable([[0.2, 1.0, -0.5]])
    factors = tf.constant([[1.0, 2.0, 4.0]])
    gradients = []
    for form in (lambda w: w, relaxation.straight_through):
        with tf.GradientTape() as tape:
            weights = form(tf.nn.softmax(alphas))
            total = tf.reduce_sum(factors * weights)
        gradients.append(tape.gradient(total, alphas).numpy())
    np.testing.assert_allclose(weights, [[0, 1, 0]], atol=1e-6)
    np.testing.assert_allclose(*gradients, rtol=1e-6)


def test_equal_seeds_give_equal_noise():
    alphas = tf.zeros([3, 4])
    draws = [relaxation.gumbel_softmax(alphas, 1.0, seed) for seed in ([0, 1], [0, 1], [0, 2])]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0].numpy() != draws[2].numpy()).any()
