"""Deeper 07: five ways to double the size of a map, and the pattern of single pixels in each.

A small autoencoder with a code of eight numbers, whose decoder doubles the size twice: by
transposed convolutions of kernel 3 or 4, by resizing and then convolving (the cure that Odena,
Dumoulin & Olah 2016 recommend), by sub-pixel convolution (Shi et al. 2016), or by the same with the
weights that Aitken et al. (2017) start it with, which make it, at first, a convolution whose result
is resized. The share of variance that a pattern of period 2 explains, in the logits and in the
image, over 20 untrained nets of each kind, and along four epochs of 50,000 images, on 1,000 test
images; and the test error. Eight seeds for the two cures, of which Aitken et al. say that theirs
leaves less error at equal operations; three for the others, and for kernel 3 twice as long.

Takes about 16 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import partial
from itertools import count

import torch
from shared import odd_even_share
from torch import Tensor, nn

from aecourse import data, evaluation, results
from aecourse.models import Autoencoder, Convolutional, count_parameters
from aecourse.objectives import mse
from aecourse.randomness import generator, seeded
from aecourse.training import fit

KINDS = ("kernel 3", "kernel 4", "resize, convolve", "sub-pixel", "sub-pixel, ICNR")
CURES = ("resize, convolve", "sub-pixel, ICNR")
EPOCHS, BATCH, RATE = 4, 64, 1e-2
STEPS = (100, 400, 1_600)  # of training, after which the pattern is measured; and at the end
SEEDS, FEW_SEEDS, MANY_SEEDS = tuple(range(8)), (0, 1, 2), tuple(range(20))


def doubled(kind: str, maps_in: int, maps_out: int) -> nn.Module:
    """A layer that doubles height and width: (B, maps_in, H, W) → (B, maps_out, 2H, 2W)."""
    if kind.startswith("kernel"):
        k = int(kind[-1])
        return nn.ConvTranspose2d(
            maps_in, maps_out, k, stride=2, padding=1, output_padding=4 - k
        )
    if kind == "resize, convolve":
        return nn.Sequential(
            nn.Upsample(scale_factor=2), nn.Conv2d(maps_in, maps_out, 3, padding=1)
        )
    convolution = nn.Conv2d(maps_in, 4 * maps_out, 3, padding=1)
    if kind == "sub-pixel, ICNR":
        start_alike(convolution)
    return nn.Sequential(convolution, nn.PixelShuffle(2))


@torch.no_grad()
def start_alike(convolution: nn.Conv2d) -> None:
    """Give the four maps that are woven into one the same initial weights (Aitken et al. 2017)."""
    for parameter in convolution.parameters():
        parameter.copy_(parameter[::4].repeat_interleave(4, dim=0))


def small_net(kind: str, seed: int) -> Autoencoder:
    """A code of eight numbers; only the decoder's two doublings depend on the kind."""
    with seeded(seed):
        net = Convolutional(8, (8, 16), batch_norm=True)
        for number, layer in enumerate(net.decoder):
            if isinstance(layer, nn.ConvTranspose2d):
                net.decoder[number] = doubled(kind, layer.in_channels, layer.out_channels)
    return net


@torch.no_grad()
def shares(net: Autoencoder, images: Tensor) -> dict[str, float]:
    """The pattern in logits and reconstructions of images, a mean over them."""
    logits = evaluation.in_batches(lambda x: net.run(x).raw, images, net)
    return {"logits": odd_even_share(logits).mean().item(),
            "images": odd_even_share(torch.sigmoid(logits)).mean().item()}  # fmt: skip


@torch.no_grad()
def untrained(kind: str, seed: int) -> float:
    """The pattern in what an untrained decoder makes of 16 random codes (logits)."""
    net = small_net(kind, seed).eval()
    codes = torch.randn(16, 8, generator=generator(0))
    return odd_even_share(net.decode_raw(codes)).mean().item()


def trained(digits, kind: str, seed: int, epochs: int = EPOCHS) -> dict:
    """The pattern along a training, and the test error at its end."""
    net, seen, step = small_net(kind, seed), {}, count(1)
    some = digits.test.images[:1000]

    def look(model):
        if (number := next(step)) in STEPS:
            seen[str(number)] = shares(model, some)

    fit(net, {"reconstruction": mse}, digits.train.images, epochs=epochs, batch_size=BATCH,
        lr=RATE, seed=seed, after_step=[look], progress=False)  # fmt: skip
    return {
        "pattern": seen | {"end": shares(net, some)}, "epochs": epochs,
        "error": evaluation.pixel_mse(net, digits.test.images).mean().item(),
        "parameters": count_parameters(net),
    }  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    digits, cell = data.mnist(), results.cells(__file__)
    start = {kind: [cell(("untrained", kind, seed), partial(untrained, kind, seed))
                    for seed in MANY_SEEDS] for kind in KINDS}  # fmt: skip
    rows = {
        kind: [cell((kind, seed), partial(trained, digits, kind, seed))
               for seed in (SEEDS if kind in CURES else FEW_SEEDS)]
        for kind in KINDS
    }  # fmt: skip
    longer = [cell(("kernel 3", "twice", seed),
                   partial(trained, digits, "kernel 3", seed, 2 * EPOCHS))
              for seed in FEW_SEEDS]  # fmt: skip
    test = digits.test.images
    pca = evaluation.pca_reconstruct(evaluation.fit_pca(digits.train.images, 8), test[:1000])
    figures = {
        "untrained": start, "rows": rows, "kernel 3, twice": longer, "steps": list(STEPS),
        "digits": odd_even_share(test[:1000]).mean().item(),
        "PCA": odd_even_share(pca.reshape(-1, 1, 28, 28)).mean().item(),
    }  # fmt: skip
    results.write(__file__, figures)


if __name__ == "__main__":
    main()
