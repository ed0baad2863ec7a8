"""Measuring models: errors on one scale, baselines, probes, and honest comparisons.

One door to small modules, each of which answers one question.
"""

from aecourse.evaluation.baselines import (
    Dictionary,
    LinearDenoiser,
    fit_dictionary,
    fit_linear_denoiser,
    fit_pca,
    mean_baseline,
    pca_baseline,
    pca_reconstruct,
)
from aecourse.evaluation.codes import dead_units, linear_probe, principal_angles
from aecourse.evaluation.comparing import Estimate, bootstrap, estimate, paired
from aecourse.evaluation.detection import Interval, auroc, auroc_interval, threshold_for
from aecourse.evaluation.errors import (
    are_grey_images,
    bce_floor,
    pixel_bce,
    pixel_mse,
    psnr,
    squared_error,
)
from aecourse.evaluation.likelihood import (
    ROWS_AT_ONCE,
    effective_sample_size,
    importance_log_weights,
    importance_sampled_nll,
)
from aecourse.evaluation.neighbourhoods import neighbour_accuracy, neighbour_overlap, neighbours
from aecourse.evaluation.passes import encode, in_batches, per_example, reconstruct
from aecourse.evaluation.priors import (
    AggregatePosterior,
    Mixture,
    drawn_codes,
    fit_mixture,
    information_and_mismatch,
    log_weights_under,
    posteriors,
    standard_normal,
)
from aecourse.evaluation.pursuit import Atoms, improve_codes, learn_atoms, matching_pursuit
from aecourse.evaluation.samples import frechet_distance
from aecourse.evaluation.sensitivity import displacement, hutchinson, jacobian

__all__ = [
    "AggregatePosterior",
    "Atoms",
    "Dictionary",
    "Estimate",
    "Interval",
    "LinearDenoiser",
    "Mixture",
    "ROWS_AT_ONCE",
    "are_grey_images",
    "auroc",
    "auroc_interval",
    "bce_floor",
    "bootstrap",
    "dead_units",
    "displacement",
    "drawn_codes",
    "effective_sample_size",
    "encode",
    "estimate",
    "fit_dictionary",
    "fit_linear_denoiser",
    "fit_mixture",
    "fit_pca",
    "frechet_distance",
    "hutchinson",
    "importance_log_weights",
    "importance_sampled_nll",
    "improve_codes",
    "in_batches",
    "information_and_mismatch",
    "jacobian",
    "learn_atoms",
    "linear_probe",
    "log_weights_under",
    "matching_pursuit",
    "mean_baseline",
    "neighbour_accuracy",
    "neighbour_overlap",
    "neighbours",
    "paired",
    "pca_baseline",
    "pca_reconstruct",
    "per_example",
    "pixel_bce",
    "pixel_mse",
    "posteriors",
    "principal_angles",
    "psnr",
    "reconstruct",
    "squared_error",
    "standard_normal",
    "threshold_for",
]
