"""Every figure that the course draws more than once.

Functions take tensors or arrays and return a matplotlib figure; :func:`show` displays it with a
text alternative. One door to small modules.
"""

from aecourse.plots.codes import code_plane, scatter, scatter_3d
from aecourse.plots.curves import by_doubling, losses
from aecourse.plots.diagrams import diagram
from aecourse.plots.dots import dots
from aecourse.plots.drawings import network
from aecourse.plots.fields import arrows, walks
from aecourse.plots.grids import error_matrix
from aecourse.plots.images import filters, image_rows, panels, pictures
from aecourse.plots.ladders import skip_diagram
from aecourse.plots.maps import digit_map, picture_map, show_map
from aecourse.plots.showing import png_bytes, show, show_interactive, show_slider
from aecourse.plots.style import COLOURS, MARKERS, STYLE, use_style
from aecourse.plots.variational import beliefs, bound_below, clouds, noise_held_fixed

__all__ = [
    "COLOURS",
    "MARKERS",
    "STYLE",
    "arrows",
    "beliefs",
    "bound_below",
    "by_doubling",
    "clouds",
    "code_plane",
    "diagram",
    "digit_map",
    "dots",
    "error_matrix",
    "filters",
    "image_rows",
    "losses",
    "network",
    "noise_held_fixed",
    "panels",
    "picture_map",
    "pictures",
    "png_bytes",
    "scatter",
    "scatter_3d",
    "show",
    "show_interactive",
    "show_map",
    "show_slider",
    "skip_diagram",
    "use_style",
    "walks",
]
