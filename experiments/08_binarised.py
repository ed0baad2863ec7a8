"""Lesson 08: how far longer training takes a small VAE on binarised digits.

The lesson's net (784-400-20) and one with two hidden layers and a code of 50 (784-200-200-50, the
sizes of Burda et al. 2016), 10 epochs each, on digits binarised once, and on digits binarised
afresh whenever they are used. All are judged on the same test digits, binarised once.

    python experiments/08_binarised.py        (about 3 minutes on one thread)
"""

import torch
from torch.utils.data import DataLoader

from aecourse import data, evaluation, models, results
from aecourse.objectives import bce, kl_to_prior
from aecourse.randomness import generator, seeded
from aecourse.training import fit

NETS = {
    "784-400-20": {"code_size": 20, "hidden": (400,)},
    "784-200-200-50": {"code_size": 50, "hidden": (200, 200)},
}
EPOCHS, LR, BATCH = 10, 5e-3, 128
TERMS = {"reconstruction": bce, "kl": kl_to_prior()}


def fresh_batches(grey, seed):
    """A loader that binarises the images of each batch anew."""
    random, order = generator(seed + 2), generator(seed + 3)

    def collate(rows):
        images = grey[torch.tensor(rows)]
        return ((torch.rand(images.shape, generator=random) < images).float(),)

    return DataLoader(range(len(grey)), BATCH, shuffle=True, collate_fn=collate, generator=order)


def nats(model, images):
    parts = {
        name: evaluation.per_example(term, model, images).mean().item()
        for name, term in TERMS.items()
    }
    return {"negative_elbo": sum(parts.values()), **parts}


def measure(net, binarisation, grey, seed=0):
    """Nats per image of one fit, on training and test digits, and its course."""
    with seeded(seed):
        model = models.VAE((1, 28, 28), **NETS[net])
    fixed, test = data.binarise(grey.train.images), data.binarise(grey.test.images)
    train = fixed if binarisation == "once" else fresh_batches(grey.train.images, seed)
    path = []

    def note(model, history):
        path.append(nats(model, test[:1000])["negative_elbo"])

    settings = {"epochs": EPOCHS, "batch_size": BATCH, "lr": LR, "seed": seed}
    fit(model, TERMS, train, on_epoch=[note], progress=False, **settings)
    row = {"test": nats(model, test), "train": nats(model, fixed[:10_000]), "path": path}
    print(net, binarisation, row["test"], row["train"], flush=True)
    return row


def main():
    grey = data.mnist()
    rows = {
        net: {binarisation: measure(net, binarisation, grey) for binarisation in ("once", "fresh")}
        for net in NETS
    }
    figures = {"epochs": EPOCHS, "lr": LR, "batch_size": BATCH, "rows": rows}
    results.write(
        __file__,
        figures)


if __name__ == "__main__":
    main()
