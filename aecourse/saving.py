"""Models in files that are safe to open.

A file holds weights in the safetensors format (plain numbers: opening it runs no code, as
opening a pickle would) and, as text, what is needed to build the model again: its architecture,
its arguments, the scaling of its inputs and the names of the columns.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from aecourse.compression import Rounded
from aecourse.data import Scaling
from aecourse.diffusion import LevelDenoiser
from aecourse.models import VAE, Autoencoder, Convolutional, Dense, TopK
from aecourse.protocol import Block, Layout
from aecourse.randomness import seeded

ARCHITECTURES: dict[str, type[nn.Module]] = {
    "Dense": Dense,
    "Convolutional": Convolutional,
    "VAE": VAE,
    "TopK": TopK,
    "Rounded": Rounded,
    "LevelDenoiser": LevelDenoiser,
}
FORMAT = "aecourse-1"


class ModelFileError(RuntimeError):
    """The file is not a model of this course, or not the one that was asked for."""


@dataclass(frozen=True)
class Saved:
    """What :func:`load` found in a file.

    Attributes:
        model: in evaluation mode, on the CPU.
        scaling: of its inputs, if one was saved.
        columns: names of the features, if saved.
    """

    model: Autoencoder
    scaling: Scaling | None = None
    columns: tuple[str, ...] | None = None


def save(
    path: str | Path,
    model: Autoencoder,
    *,
    scaling: Scaling | None = None,
    columns: tuple[str, ...] | None = None,
) -> Path:
    """Write a model to a file; it appears only once it is complete.

    Args:
        path: where; the usual ending is ``.safetensors``.
        model: of an architecture in ``ARCHITECTURES``.
        scaling, columns: for tables, what turns rows into inputs.

    Raises:
        ValueError: the architecture is not one that :func:`load` could build again.
        FileNotFoundError: the folder does not exist.
    """
    name = type(model).__name__
    if ARCHITECTURES.get(name) is not type(model):
        raise ValueError(
            f"Models of type {name} cannot be loaded again. Add the class to "
            "aecourse.saving.ARCHITECTURES and give it a `config`."
        )
    tensors = {f"model.{key}": value for key, value in model.state_dict().items()}
    if scaling is not None:
        tensors |= {"scaling.mean": scaling.mean, "scaling.std": scaling.std}
    description = {
        "architecture": name,
        "config": model.config,
        "columns": list(columns) if columns else None,
    }
    metadata = {"format": FORMAT, "description": json.dumps(description, default=_layout_to_json)}
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent}: create it first.")
    # Cloned, because the format refuses tensors that share memory (tied weights do).
    on_cpu = {key: value.detach().cpu().clone().contiguous() for key, value in tensors.items()}
    unfinished = path.with_name(path.name + ".part")
    try:
        save_file(on_cpu, unfinished, metadata)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def load(path: str | Path, architecture: type[Autoencoder] | None = None) -> Saved:
    """Read a model back.

    Args:
        path: a file that :func:`save` wrote.
        architecture: refuse any other one.

    Raises:
        FileNotFoundError: there is no such file.
        ModelFileError: the file is of another kind, damaged, or holds another architecture.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no model file {path}.")
    tensors, description = _read(path)
    name = description.get("architecture")
    if name not in ARCHITECTURES:
        raise ModelFileError(
            f"{path} holds the architecture {name!r}, which this version of aecourse does not "
            f"know (it knows {', '.join(ARCHITECTURES)})."
        )
    if architecture is not None and ARCHITECTURES[name] is not architecture:
        raise ModelFileError(
            f"{path} holds a {name}, not a {architecture.__name__}. Load it without naming an "
            "architecture, or choose another file."
        )
    weights = {key[6:]: value for key, value in tensors.items() if key.startswith("model.")}
    try:
        with seeded(0):  # the first weights are random, and thrown away: leave the reader's state
            model = ARCHITECTURES[name](**_config_from_json(description["config"]))
        model.load_state_dict(weights, assign=True)  # assigned, so that float64 stays float64
    except (RuntimeError, TypeError, ValueError, KeyError) as error:
        raise ModelFileError(
            f"The weights in {path} do not fit the {name} that it describes: {error}"
        ) from None
    scaling = None
    if "scaling.mean" in tensors:
        scaling = Scaling(tensors["scaling.mean"], tensors["scaling.std"])
    columns = tuple(description.get("columns") or ()) or None
    return Saved(model.eval(), scaling, columns)


def _read(path: Path) -> tuple[dict[str, Tensor], dict]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise ModelFileError(f"{path} was not written by aecourse.save.")
            # Cloned, because a tensor that still points into the file keeps it open.
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}
        return tensors, dict(json.loads(metadata["description"]))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{path} is not an intact model file ({error}). Pickled models (.pt, .pth) are not "
            "opened: they can run any code."
        ) from None


def _layout_to_json(value):
    if isinstance(value, Layout):
        return {"layout": [[block.kind, block.width] for block in value.blocks]}
    raise TypeError(f"{type(value).__name__} cannot be saved with a model.")


def _config_from_json(config: dict) -> dict:
    output = config.get("output")
    if isinstance(output, dict):
        config["output"] = Layout(tuple(Block(*block) for block in output["layout"]))
    return config
