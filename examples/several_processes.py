"""A model of the course and the terms of its loss, trained by several processes or GPUs.

    torchrun --standalone --nproc-per-node 2 examples/several_processes.py    two share every batch
    python examples/several_processes.py                                      one takes it whole

Both end with the same loss. PyTorch's DistributedDataParallel does the work: ``fit`` trains on one
device, but its loss is a module, ``Objective(model, terms)``, that any engine can wrap. Each
process computes the mean loss of its share of a batch, and DistributedDataParallel averages the
gradients over the processes. The shares are equal, so that this is the gradient of the whole batch.

Two things to remember for other models. Noise must differ between the processes: pass a generator
seeded with the rank, ``objective(images, images, 1.0, generator(rank, device))``. And batch
normalisation sees only the share, unless ``nn.SyncBatchNorm.convert_sync_batchnorm(model)``
changes that.
"""

from __future__ import annotations

import argparse
import os

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

from aecourse import data, evaluation
from aecourse.models import Dense
from aecourse.objectives import bce, l1
from aecourse.randomness import seeded
from aecourse.training import Objective

TERMS = {"reconstruction": bce, "sparsity": l1(1e-3)}


def train(images: torch.Tensor, epochs: int, batch_size: int, lr: float) -> Dense:
    """A sparse autoencoder, trained by all processes together; each ends with the same weights."""
    rank, processes = distributed.get_rank(), distributed.get_world_size()
    if batch_size % processes:
        raise ValueError(f"{processes} processes cannot share batches of {batch_size} equally.")
    on_gpu = distributed.get_backend() == "nccl"
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_gpu else torch.device("cpu")

    with seeded(0):
        model = Dense((1, 28, 28), 32, hidden=(128,), code_activation="relu")
    model.to(device, images.dtype)
    objective = DistributedDataParallel(Objective(model, TERMS))
    # The sampler deals one shuffled order out in turns, so that the processes' batches together
    # are the batch of a single process.
    sampler = DistributedSampler(images, processes, rank, seed=0, drop_last=True)
    batches = DataLoader(
        TensorDataset(images), batch_size // processes, sampler=sampler, drop_last=True
    )
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, lr, total_steps=epochs * len(batches)
    )
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        for (share,) in batches:
            share = share.to(device)
            optimiser.zero_grad()
            objective(share, share).sum().backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=12_800, help="how many to train on")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--double", action="store_true", help="compute with 64 bits: rounding, "
                        "which grows from step to step, then stays out of sight")  # fmt: skip
    options = parser.parse_args()

    # torchrun tells each process who it is; without it, this process is the only one.
    alone = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost",
             "MASTER_PORT": "0"}  # fmt: skip
    for name, value in alone.items():
        os.environ.setdefault(name, value)
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        digits = data.mnist()
        images, test = digits.train.images[: options.images], digits.test.images
        if options.double:
            images, test = images.double(), test.double()
        model = train(images, options.epochs, 128, lr=1e-2)
        if distributed.get_rank() == 0:
            error = evaluation.pixel_bce(model, test).mean().item()
            processes = distributed.get_world_size()
            print(f"{processes} process(es): test BCE per pixel {error:.9f}")
    finally:
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
