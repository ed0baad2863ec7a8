"""Lesson 09: the rate–distortion sweep over β, and warm-up and free bits over seeds.

Every net is a VAE 784-200-code on MNIST binarised once, trained for 4 epochs of 250 images from
the mean image, and judged on the 10,000 test images with one draw per image:

- code 20, seven values of β, three seeds each: rate (KL) and distortion (reconstruction);
- code 64, β = 1, five seeds each: plain, with warm-up, with two sizes of free bits. The same seed
  means the same initial weights and the same batches, so that differences are paired. What each
  code dimension costs, and what is lost without it, is kept for the first plain one.

    python experiments/09_variational_in_depth.py        (about 5 minutes on one thread)
"""

import torch
from shared import start_at_mean

from aecourse import data, evaluation, models, results
from aecourse.objectives import bce, gaussian_kl, kl_to_prior
from aecourse.protocol import Batch, Output
from aecourse.randomness import generator, seeded
from aecourse.training import fit

SETTINGS = {"epochs": 4, "batch_size": 250, "lr": 1e-2}
BETAS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
TRICKS = {
    "plain": {},
    "warm-up": {"warm_up": 0.5},
    "free bits 0.1": {"free_bits": 0.1},
    "free bits 0.4": {"free_bits": 0.4},
}


def train(images, code_size, seed, **kl_settings):
    """784-200-code, fitted; its decoder starts with the mean image."""
    with seeded(seed):
        model = models.VAE((1, 28, 28), code_size, hidden=(200,))
    start_at_mean(model, images)
    terms = {"reconstruction": bce, "kl": kl_to_prior(**kl_settings)}
    fit(model, terms, images, seed=seed, progress=False, **SETTINGS)
    return model


def nats(model, images):
    """Rate and distortion: mean KL and mean reconstruction, in nats per image."""
    rate = evaluation.per_example(kl_to_prior(), model, images).mean().item()
    distortion = evaluation.per_example(bce, model, images).mean().item()
    return {"rate": rate, "distortion": distortion}


@torch.no_grad()
def rates(model, images):
    """KL of each code dimension, averaged over the images: (code_size,)."""
    return gaussian_kl(*model.posterior(images)).mean(0)


@torch.no_grad()
def losses_without(model, images, seed=0):
    """How much the reconstruction worsens, in nats per image, when one code dimension is drawn
    from the prior instead of the posterior: (code_size,)."""
    noise = generator(seed)
    out = model.run(images, noise)
    batch = Batch(images, images)
    whole = bce(model, batch, out).mean()
    fresh = torch.randn(out.code.shape, generator=noise)
    worse = []
    for j in range(model.code_size):
        code = out.code.clone()
        code[:, j] = fresh[:, j]
        worse.append(bce(model, batch, Output(code, model.decode_raw(code))).mean() - whole)
    return torch.stack(worse)


def main():
    digits = data.mnist()
    images, test = data.binarise(digits.train.images), data.binarise(digits.test.images)
    del digits
    sweep, tricks, dimensions = {}, {}, {}
    for beta in BETAS:
        for seed in (0, 1, 2):
            model = train(images, 20, seed, weight=beta)
            row = {"test": nats(model, test), "train": nats(model, images[:10_000])}
            row["rates"] = sorted(rates(model, test).tolist(), reverse=True)
            sweep.setdefault(str(beta), []).append(row)
            print("beta", beta, seed, row["test"], flush=True)
    for seed in range(5):
        for name, settings in TRICKS.items():
            model = train(images, 64, seed, **settings)
            row = nats(model, test)
            row["rates"] = sorted(rates(model, test).tolist(), reverse=True)
            row["nll"] = evaluation.importance_sampled_nll(model, test[:500], 100).mean().item()
            tricks.setdefault(name, []).append(row)
            used = sum(rate > 0.05 for rate in row["rates"])
            print(name, seed, row["rate"], row["distortion"], row["nll"], used, flush=True)
            if name == "plain" and not dimensions:
                lost = losses_without(model, test[:2000]).tolist()
                dimensions = {"rate": rates(model, test[:2000]).tolist(), "lost": lost}
    figures = {
        "settings": SETTINGS,
        "sweep": sweep,
        "tricks": tricks,
        "dimensions of code 64": dimensions,
    }
    results.write(
        __file__,
        figures)


if __name__ == "__main__":
    main()
