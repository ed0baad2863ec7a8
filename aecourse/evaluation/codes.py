"""What is in a code? Dead units, the subspace it spans, what a linear classifier reads off it."""

from __future__ import annotations

import numpy as np
import torch
from scipy.linalg import subspace_angles
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor


def dead_units(codes: Tensor) -> int:
    """How many code units are 0 for every one of the examples (N, code_size)."""
    return int((codes == 0).all(0).sum())


def principal_angles(a: Tensor, b: Tensor) -> np.ndarray:
    """Angles in degrees, ascending, between the subspaces spanned by the columns of two
    matrices (D, k). All 0 means: the same subspace. (Björck & Golub 1973.)"""
    a, b = (torch.as_tensor(matrix).detach().cpu().double().numpy() for matrix in (a, b))
    return np.degrees(np.sort(subspace_angles(a, b)))


def linear_probe(
    train_codes: Tensor,
    train_labels: Tensor,
    test_codes: Tensor,
    test_labels: Tensor,
    metric: str = "accuracy",
) -> float:
    """How well a linear classifier reads labels off codes.

    A logistic regression is fitted on the standardised training codes and scored on the test
    codes: what is *linearly* readable, no more.

    Args:
        train_codes, test_codes: (N, code_size).
        train_labels, test_labels: (N,) integers.
        metric: "accuracy", or "auroc" for two classes (0.5 is chance, 1 perfect).
    """
    if metric not in ("accuracy", "auroc"):
        raise ValueError(f"metric={metric!r}: choose 'accuracy' or 'auroc'.")
    if metric == "auroc" and len(train_labels.unique()) != 2:
        raise ValueError("AUROC is for two classes: choose metric='accuracy', or two labels.")
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000))
    probe.fit(train_codes.flatten(1).cpu().numpy(), train_labels.cpu().numpy())
    test_x, test_y = test_codes.flatten(1).cpu().numpy(), test_labels.cpu().numpy()
    if metric == "accuracy":
        return float(accuracy_score(test_y, probe.predict(test_x)))
    return float(roc_auc_score(test_y, probe.predict_proba(test_x)[:, 1]))
