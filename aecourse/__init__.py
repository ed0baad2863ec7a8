"""What the lessons of the course *Autoencoders from first principles* share."""

from aecourse.device import pick_device

__version__ = "0.1.0"

__all__ = ["pick_device"]
