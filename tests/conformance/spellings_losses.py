"""PyTorch's losses, in our words."""

from __future__ import annotations

import math

import numpy as np

import microtensor as mt
from microtensor import losses, special


def reduced(rows, reduction="mean"):
    return {"mean": np.mean, "sum": np.sum, "none": lambda x: x}[reduction](rows)


def cross_entropy(
    x, target, weight=None, reduction="mean", ignore_index=-100, label_smoothing=0.0
):  # fmt: skip
    """Spell it for classes in any place, for weights, and for targets that are passed over."""
    dim = 0 if np.ndim(x) == 1 else 1
    classes = x.shape[dim]
    count = math.prod(x.shape) / classes
    kept = True
    if target.dtype.kind == "i":
        kept, named = target != ignore_index, np.where(target == ignore_index, 0, target)
        target = np.moveaxis(np.eye(classes)[named], -1, dim)
        count = np.sum(kept * (1.0 if weight is None else weight[named]))
    shares = target * (1 - label_smoothing) + label_smoothing / classes
    if weight is not None:
        shares = shares * np.reshape(weight, (-1,) + (1,) * (np.ndim(x) - dim - 1))
    rows = np.where(kept, -np.sum(shares * mt.log_softmax(x, dim), axis=dim), 0.0)
    return np.sum(rows) / count if reduction == "mean" else reduced(rows, reduction)


def nll_loss(x, target, weight=None, ignore_index=-100, reduction="mean"):
    dim = 0 if np.ndim(x) == 1 else 1
    kept = target != ignore_index
    index = np.expand_dims(np.where(kept, target, 0), dim)
    weights = kept * (1.0 if weight is None else weight[np.where(kept, target, 0)])
    rows = -weights * np.squeeze(np.take_along_axis(x, index, dim), dim)
    return np.sum(rows) / np.sum(weights) if reduction == "mean" else reduced(rows, reduction)


def binary_cross_entropy(p, target, weight=None, reduction="mean"):
    rows = losses.binary_cross_entropy(p, target, reduction="none")
    return reduced(rows if weight is None else weight * rows, reduction)


def with_logits(x, target, weight=None, reduction="mean", pos_weight=None):
    if pos_weight is None:
        rows = losses.binary_cross_entropy_with_logits(x, target, reduction="none")
    else:
        rows = pos_weight * target * mt.softplus(-x) + (1 - target) * mt.softplus(x)
    return reduced(rows if weight is None else weight * rows, reduction)


def smooth_l1(x, target, reduction="mean", beta=1.0):
    return huber(x, target, reduction, beta) / beta if beta else losses.l1(x, target, reduction)


def huber(x, target, reduction="mean", delta=1.0):
    off = np.abs(x - target)
    return reduced(np.where(off < delta, off * off / 2, delta * (off - delta / 2)), reduction)


def kl_div(x, target, reduction="mean", log_target=False):
    if log_target:
        rows = np.exp(target) * (target - x)
    else:
        rows = special.xlogy(target, target) - target * x
    if reduction == "batchmean":
        return np.sum(rows) / len(rows)
    return reduced(rows, reduction)


def gaussian_nll(x, target, var, full=False, eps=1e-6, reduction="mean"):
    if var.shape != x.shape and var.shape == x.shape[:-1]:
        var = var[..., None]
    var = np.maximum(var, eps)
    rows = (np.log(var) + np.square(x - target) / var) / 2
    return reduced(rows + math.log(2 * math.pi) / 2 if full else rows, reduction)


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


def cosine_embedding(a, b, target, margin=0.0, reduction="mean"):
    square = lambda x: np.sum(x * x, axis=-1) + 1e-12
    cos = np.sum(a * b, axis=-1) / np.sqrt(square(a) * square(b))
    rows = np.where(target == 1, 1 - cos, 0.0) + np.where(target == -1, mt.relu(cos - margin), 0.0)
    return reduced(rows, reduction)


def margin_ranking(a, b, target, margin=0.0, reduction="mean"):
    return reduced(np.maximum(margin - target * (a - b), 0), reduction)


def soft_margin(x, target, reduction="mean"):
    return reduced(np.log1p(np.exp(-target * x)), reduction)


def multilabel_soft_margin(x, target, weight=None, reduction="mean"):
    rows = target * mt.softplus(-x) + (1 - target) * mt.softplus(x)
    return reduced(np.mean(rows if weight is None else weight * rows, axis=-1), reduction)


def multi_margin(x, target, p=1, margin=1.0, weight=None, reduction="mean"):
    rows, target = np.atleast_2d(x), np.atleast_1d(target)
    own = np.take_along_axis(rows, target[:, None], 1)
    missed = np.maximum(margin - own + rows, 0) ** p
    if weight is not None:
        missed = missed * weight[target][:, None]
    others = np.arange(rows.shape[1]) != target[:, None]
    result = np.sum(np.where(others, missed, 0.0), axis=1) / rows.shape[1]
    return reduced(result if np.ndim(x) == 2 else result[0], reduction)


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
    "nn.functional.smooth_l1_loss": smooth_l1,
    "nn.functional.huber_loss": huber,
    "nn.functional.cross_entropy": cross_entropy,
    "nn.functional.nll_loss": nll_loss,
    "nn.functional.binary_cross_entropy": binary_cross_entropy,
    "nn.functional.binary_cross_entropy_with_logits": with_logits,
    "nn.functional.kl_div": kl_div,
    "nn.functional.gaussian_nll_loss": gaussian_nll,
    "nn.functional.poisson_nll_loss": poisson_nll,
    "nn.functional.hinge_embedding_loss": hinge_embedding,
    "nn.functional.cosine_similarity": cosine_similarity,
    "nn.functional.cosine_embedding_loss": cosine_embedding,
    "nn.functional.margin_ranking_loss": margin_ranking,
    "nn.functional.soft_margin_loss": soft_margin,
    "nn.functional.multilabel_soft_margin_loss": multilabel_soft_margin,
    "nn.functional.multi_margin_loss": multi_margin,
    "nn.functional.pairwise_distance": pairwise_distance,
    "nn.functional.triplet_margin_loss": triplet_margin,
    "nn.functional.triplet_margin_with_distance_loss": triplet_margin,
}
