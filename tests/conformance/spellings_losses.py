"""PyTorch's losses, in our words."""

from __future__ import annotations

import math

import numpy as np

import microtensor as mt
from microtensor import losses


def reduced(rows, reduction="mean"):
    return {"mean": np.mean, "sum": np.sum, "none": lambda x: x}[reduction](rows)


def gaussian_nll(x, target, var, **options):
    """Prediction and target are stretched to each other first, which the loss refuses to do."""
    x, target = np.broadcast_arrays(x, target)
    return losses.gaussian_nll(x, target, var, **options)


def multi_margin(x, target, **options):
    """A number is a row of one class; one row may have its label in an array of one."""
    x, target = np.atleast_1d(x), np.asarray(target)
    return losses.multi_margin(x, np.reshape(target, x.shape[:-1]), **options)


def poisson_nll(x, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    rows = np.exp(x) - target * x if log_input else x - target * np.log(x + eps)
    if full:
        known = np.where(target > 1, target, 2.0)
        stirling = known * np.log(known) - known + np.log(2 * math.pi * known) / 2
        rows = rows + np.where(target > 1, stirling, 0.0)
    return reduced(rows, reduction)


def hinge_embedding(x, target, margin=1.0, reduction="mean"):
    apart = np.where(target == 1, 0.0, mt.relu(margin - x))
    return reduced(apart + np.where(target == -1, 0.0, x), reduction)


def cosine_similarity(a, b, dim=1, eps=1e-8):
    """Numbers count as rows of one."""
    if np.ndim(a) == 0:
        return mt.cosine_similarity(np.reshape(a, (1,)), np.reshape(b, (1,)), 0, eps)
    return mt.cosine_similarity(a, b, dim, eps)


def margin_ranking(a, b, target, margin=0.0, reduction="mean"):
    return reduced(np.maximum(margin - target * (a - b), 0), reduction)


def soft_margin(x, target, reduction="mean"):
    return reduced(np.log1p(np.exp(-target * x)), reduction)


def multilabel_soft_margin(x, target, weight=None, reduction="mean"):
    rows = target * mt.softplus(-x) + (1 - target) * mt.softplus(x)
    return reduced(np.mean(rows if weight is None else weight * rows, axis=-1), reduction)


def pairwise_distance(a, b, p=2.0, eps=1e-6, keepdim=False):
    return mt.pairwise_distance(a, b, p, eps, keepdims=keepdim)


def triplet_margin(
    anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, reduction="mean",
    distance_function=None,
):  # fmt: skip
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = np.minimum(far, pairwise_distance(positive, negative, p, eps))
    near = pairwise_distance(anchor, positive, p, eps)
    return reduced(np.maximum(margin + near - far, 0), reduction)


SPELLINGS = {
    "nn.functional.mse_loss": losses.mse,
    "nn.functional.l1_loss": losses.l1,
    "nn.functional.smooth_l1_loss": losses.smooth_l1,
    "nn.functional.huber_loss": losses.huber,
    "nn.functional.cross_entropy": losses.cross_entropy,
    "nn.functional.nll_loss": losses.nll,
    "nn.functional.binary_cross_entropy": losses.binary_cross_entropy,
    "nn.functional.binary_cross_entropy_with_logits": losses.binary_cross_entropy_with_logits,
    "nn.functional.kl_div": losses.kl_div,
    "nn.functional.gaussian_nll_loss": gaussian_nll,
    "nn.functional.poisson_nll_loss": poisson_nll,
    "nn.functional.hinge_embedding_loss": hinge_embedding,
    "nn.functional.cosine_similarity": cosine_similarity,
    "nn.functional.cosine_embedding_loss": losses.cosine_embedding,
    "nn.functional.margin_ranking_loss": margin_ranking,
    "nn.functional.soft_margin_loss": soft_margin,
    "nn.functional.multilabel_soft_margin_loss": multilabel_soft_margin,
    "nn.functional.multi_margin_loss": multi_margin,
    "nn.functional.pairwise_distance": pairwise_distance,
    "nn.functional.triplet_margin_loss": triplet_margin,
    "nn.functional.triplet_margin_with_distance_loss": triplet_margin,
}
