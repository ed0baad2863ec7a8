"""Deeper 02: is Muon worth what its steps cost? The net 784-512-256-30 with Adam for as long.

A step of Muon costs several of Adam. The recipe of ``02_benchmark_2006.py`` takes 16 epochs with
Muon; in the same processor time Adam makes 40, with smaller batches, on the same deformed digits.
Adam's rate is the best of four on the validation images, with a seed that is not used again. Errors
are summed over the pixels of a test image.

Takes about 7 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

import time
from functools import partial

import torch
from shared import Deep, Deformed, he_scale, start_at_mean
from torch.utils.data import DataLoader

from aecourse import data, evaluation, results
from aecourse.objectives import mse
from aecourse.randomness import seeded
from aecourse.training import fit

SEEDS, TRIAL_SEED = (0, 1, 2), 100
EPOCHS, TRIAL_EPOCHS = 40, 20
TRIALS = [(3e-3, 0.0), (5e-3, 0.0), (1e-2, 0.0), (2e-2, 0.0)]  # rate, weight decay


def run(digits, rate: float, decay: float, epochs: int, seed: int) -> dict:
    with seeded(seed):
        model = Deep((512, 256), scale=he_scale)
    start_at_mean(model, digits.train.images)
    batches = DataLoader(Deformed(digits.train.images, 256, 0.02, seed), batch_size=None)
    adam = partial(torch.optim.AdamW, weight_decay=decay, fused=True)
    started = time.process_time()
    fit(model, {"reconstruction": mse}, batches, epochs=epochs, lr=rate, seed=seed,
        optimizer=adam, progress=False)  # fmt: skip
    seconds = time.process_time() - started
    of = {"valid": digits.valid.images, "test": digits.test.images}
    errors = {name: 784 * evaluation.pixel_mse(model, images).mean().item()
              for name, images in of.items()}  # fmt: skip
    return errors | {"seconds": seconds}


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    trials = [
        cell(("trial", *trial), partial(run, digits, *trial, TRIAL_EPOCHS, TRIAL_SEED))
        for trial in TRIALS
    ]
    best = min(range(len(TRIALS)), key=lambda i: trials[i]["valid"])
    runs = [cell((seed,), partial(run, digits, *TRIALS[best], EPOCHS, seed)) for seed in SEEDS]
    results.write(__file__, {"trials": [list(trial) for trial in TRIALS], "chosen": TRIALS[best],
                             "trial runs": trials, "runs": runs, "epochs": EPOCHS})  # fmt: skip


if __name__ == "__main__":
    main()
