"""What the examples of models claim: bigrams agree two ways, and the ELBO is a bound."""

import numpy as np
import pytest
from shown_examples import example

import microtensor as mt
from microtensor import data

language = example("11_language_models")
painting = example("12_variational_autoencoder")


def text(seed, length=400, size=5):
    """Tokens in which some pairs are frequent."""
    rng = np.random.default_rng(seed)
    return np.minimum(rng.poisson(1.5, length), size - 1)


# Which letter comes next?


def test_bigrams_are_counted_from_one():
    counts = language.bigram_counts(np.array([0, 1, 0, 1, 1, 2]), 3)
    assert counts.tolist() == [[1, 3, 1], [2, 2, 2], [1, 1, 1]]


def test_counting_and_descent_give_the_same_chances():
    counts = language.bigram_counts(text(0), 5)
    counted, found = language.by_counting(counts), language.by_descent(counts)
    np.testing.assert_allclose(found, counted, atol=1e-4)
    wrong = language.by_counting(counts.T)  # what comes before, for what comes after
    assert np.abs(found - wrong).max() > 0.05


def test_counted_chances_surprise_least_of_all_bigrams():
    tokens, rng = text(1, 100_000), np.random.default_rng(0)
    chances = language.by_counting(language.bigram_counts(tokens, 5))
    least = language.bigram_loss(chances, tokens)
    for _ in range(20):
        other = chances * rng.uniform(0.8, 1.25, (5, 5))
        assert language.bigram_loss(other / other.sum(axis=1, keepdims=True), tokens) > least


def test_a_guess_is_surprised_by_the_logarithm_of_the_alphabet():
    assert language.bigram_loss(np.full((5, 5), 0.2), text(2)) == pytest.approx(np.log(5))


def test_a_networks_surprise_is_that_of_its_chances_letter_by_letter():
    alphabet = data.Characters("abc ")
    net = language.Reader(4, features=2, hidden=3, rng=np.random.default_rng(0))
    line = "a cab, a bac".replace(",", "")
    tokens = alphabet.encode(line)
    T = language.T
    by_hand = []
    for k in range(T, len(tokens)):
        p = mt.softmax(net(tokens[None, k - T : k])[0]).data
        by_hand.append(-np.log(p[tokens[k]]))
    chances = np.full((4, 4), 0.25)
    bigram, network = language.surprises(net, chances, alphabet, line)
    np.testing.assert_allclose(network, by_hand, rtol=1e-5)
    np.testing.assert_allclose(bigram, np.log(4))
    assert language.reader_loss(net, tokens) == pytest.approx(np.mean(by_hand), rel=1e-5)


def test_a_network_of_eight_letters_learns_what_no_bigram_can():
    tokens = np.tile([0, 0, 1, 0, 1, 1, 2], 200)  # after 0 and after 1 come others: it depends
    bigram = language.bigram_loss(language.by_counting(language.bigram_counts(tokens, 3)), tokens)
    net = language.Reader(3, features=2, hidden=16, rng=np.random.default_rng(0))
    language.learn(net, tokens, 200, np.random.default_rng(1))
    assert bigram > 0.5
    assert language.reader_loss(net, tokens) < 0.05


# Digits that nobody wrote


def test_the_chances_of_all_images_of_a_pixel_add_up_to_one():
    logits = np.tile([[-2.0], [0.3], [4.0]], (1, 17)).reshape(-1, 1)
    every = np.tile(np.arange(17) / 16, 3).reshape(-1, 1)
    p = np.exp(painting.log_likelihood(mt.Value(logits), every).data).reshape(3, 17)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    half = np.exp(painting.log_likelihood(np.zeros((1, 1)), np.array([[0.5]])))
    assert half == pytest.approx(12870 / 2**16)  # 16 over 8, of all


def test_the_divergence_is_the_mean_of_the_difference_of_logarithms():
    rng = np.random.default_rng(0)
    mean, log_sigma = np.array([[0.5, -1.0]]), np.array([[-0.7, 0.2]])
    noise = rng.standard_normal((400_000, 2))
    z = painting.drawn(mean, log_sigma, noise)
    difference = np.sum(-log_sigma - 0.5 * noise**2 + 0.5 * z**2, axis=1)  # log q - log p
    error = difference.std() / np.sqrt(len(z))
    assert abs(painting.divergence(mean, log_sigma)[0] - difference.mean()) < 4 * error
    assert painting.divergence(np.zeros((1, 2)), np.zeros((1, 2))) == 0


def test_the_gradient_goes_through_a_draw():
    """The mean of z² is mean² + σ², whose derivatives are known; the noise is symmetric here."""
    noise = np.array([-1.0, 1.0])
    gradient = mt.grad(lambda m, s: np.mean(painting.drawn(m, s, noise) ** 2), argnums=(0, 1))
    np.testing.assert_allclose(gradient(0.7, -0.3), (2 * 0.7, 2 * np.exp(-0.6)))


def test_the_elbo_is_below_the_log_likelihood_and_more_draws_are_closer():
    rng = np.random.default_rng(0)
    net = painting.Autoencoder(8, rng)
    x = np.round(16 * rng.uniform(0, 1, (3, 64))) / 16
    z = np.stack(np.meshgrid(*[np.linspace(-6, 6, 121)] * 2), axis=-1).reshape(-1, 2)
    prior = -0.5 * np.sum(z**2, axis=1) - np.log(2 * np.pi) + 2 * np.log(0.1)  # and dz
    with mt.no_grad():
        logits = net.decoder(z.astype(np.float32)).data.astype(float)
        exact = [
            mt.logsumexp(
                painting.log_likelihood(logits, np.broadcast_to(row, logits.shape)) + prior
            )
            for row in x
        ]
        noise = rng.standard_normal((400, 3, 2))
        elbo = np.mean([painting.elbo(net, x, n).data for n in noise], axis=0)
        closer = painting.closer_bound(net, x, 2000, rng)
    assert np.all(elbo < np.array(exact) - 0.01)
    np.testing.assert_allclose(closer, exact, atol=0.2)


def test_learning_makes_the_bound_larger(capsys):
    rng = np.random.default_rng(0)
    x = data.digits()[0].x
    net = painting.Autoencoder(32, rng)
    noise = rng.standard_normal((len(x), 2), dtype=x.dtype)
    before = float(np.mean(painting.elbo(net, x, noise)))
    painting.learn(net, x, 4, rng)
    assert float(np.mean(painting.elbo(net, x, noise))) > before + 200
    assert "ELBO" in capsys.readouterr().out


def test_without_z_every_pixel_is_a_binomial_of_its_own():
    x = np.array([[0.25], [0.75]])
    four_or_twelve_of_sixteen = np.log(1820 / 2**16)  # and each dot as often black as white
    np.testing.assert_allclose(painting.without_z(x, x), [four_or_twelve_of_sixteen] * 2)
