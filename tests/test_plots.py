"""Figures: drawn without a warning, shown in one output with a text alternative."""

import base64
import io
import json
import sys
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from helpers import blobs, quiet_fit, rows, small_model
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib.figure import Figure
from PIL import Image
from plotly import graph_objects as go
from traitlets.config import Config

from aecourse import plots
from aecourse.objectives import mse

ALT = "A line that rises from left to right, and nothing else."
PNG = "image/png"
PLOTLY = "application/vnd.plotly.v1+json"


@pytest.fixture(autouse=True)
def clean_style():
    with plt.rc_context():
        plots.use_style()
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """An IPython that displays, without a window, a history file or a profile in the home."""
    settings = Config(
        HistoryManager={"enabled": False},
        ProfileDir={"location": str(tmp_path_factory.mktemp("p"))},
    )
    yield InteractiveShell.instance(config=settings)
    InteractiveShell.clear_instance()


def shown(draw) -> list:
    """The outputs that a notebook would keep of a call."""
    with capture_output() as captured:
        draw()
    assert captured.stdout == captured.stderr == ""
    return captured.outputs


def line() -> Figure:
    figure, axis = plt.subplots()
    axis.plot([0, 1])
    return figure


def assert_drawn(figure: Figure) -> Figure:
    """A figure can be drawn, and every axis that has one is labelled."""
    figure.canvas.draw()
    return figure


def is_png(encoded: str) -> bool:
    return base64.b64decode(encoded).startswith(b"\x89PNG\r\n")


# --------------------------------------------------------------------------- showing


def test_show_gives_one_output_with_a_picture_and_its_text(shell):
    (output,) = shown(lambda: plots.show(line(), ALT))
    assert set(output.data) == {PNG, "text/plain"} and is_png(output.data[PNG])
    assert output.data["text/plain"] == ALT
    assert output.metadata == {PNG: {"alt": ALT}}
    assert plt.get_fignums() == []


def test_the_saved_picture_is_the_figure_in_256_colours(shell):
    figure = plots.filters(torch.randn(16, 1, 9, 9, generator=torch.Generator().manual_seed(0)))
    full = io.BytesIO()
    figure.savefig(full, format="png", bbox_inches="tight", facecolor="white")
    (output,) = shown(lambda: plots.show(figure, ALT))
    saved = base64.b64decode(output.data[PNG])
    a, b = (np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
            for png in (full.getvalue(), saved))  # fmt: skip
    assert a.shape == b.shape and np.abs(a - b).mean() < 1
    assert len(saved) < len(full.getvalue())


def test_show_interactive_bundles_three_forms_of_one_figure(shell):
    interactive = go.Figure(go.Scatter(y=[0, 1]))
    (output,) = shown(lambda: plots.show_interactive(interactive, line(), ALT))
    assert set(output.data) == {PNG, "text/plain", PLOTLY} and is_png(output.data[PNG])
    assert output.data["text/plain"] == ALT and output.metadata == {PNG: {"alt": ALT}}
    assert output.data[PLOTLY]["data"][0]["type"] == "scatter"
    assert len(json.dumps(output.data[PLOTLY])) < 2_000  # without the default template
    assert plt.get_fignums() == []


@pytest.mark.parametrize("on_colab", [True, False])
def test_colab_draws_plotly_figures_itself(shell, monkeypatch, on_colab):
    if on_colab:
        monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace())
    calls = []
    interactive = go.Figure(go.Scatter(y=[0, 1]))
    monkeypatch.setattr(go.Figure, "show", lambda figure: calls.append(figure))
    shown(lambda: plots.show_interactive(interactive, line(), ALT))
    assert calls == [interactive] * on_colab


@pytest.mark.parametrize("alt", ["", "a line", " " * 50])
def test_an_alternative_that_says_nothing_is_refused(shell, alt):
    with pytest.raises(ValueError, match="in a sentence"):
        plots.show(line(), alt)
    with pytest.raises(ValueError, match="in a sentence"):
        plots.show_interactive(go.Figure(), line(), alt)


def test_a_plain_script_prints_the_text_and_not_the_bytes(monkeypatch, capsys):
    monkeypatch.setattr(plots.showing, "get_ipython", lambda: None)
    plots.show(line(), ALT)
    assert capsys.readouterr().out == ALT + "\n"


# --------------------------------------------------------------------------- dots


def test_dots_has_a_line_for_each_name_and_a_mark_for_each_value():
    rows = {"a net": torch.tensor([0.5, 0.2, 0.9]), "PCA": [0.4, 0.3, 0.8]}
    figure = assert_drawn(plots.dots(rows, ["wet", "warm", "windy"], "error", {"the mean": 1.0}))
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["wet", "warm", "windy"]
    for line, values in zip(axis.lines, rows.values()):
        np.testing.assert_allclose(line.get_xdata(), np.asarray(values), rtol=1e-6)
        np.testing.assert_array_equal(line.get_ydata(), axis.get_yticks())
    assert np.diff(axis.get_yticks()).max() < 0  # from top to bottom
    assert set(axis.lines[2].get_xdata()) == {1.0} and axis.get_xlabel() == "error"
    names = [text.get_text() for text in axis.get_legend().get_texts()]
    assert names == ["a net", "PCA", "the mean"]


def test_dots_refuses_a_row_of_another_length():
    with pytest.raises(ValueError, match="2 values for 3 names"):
        plots.dots({"a": [1, 2]}, ["x", "y", "z"], "error")


# --------------------------------------------------------------------------- images


@pytest.mark.parametrize("limits", [(0, 1), None])
def test_image_rows_draws_every_image_with_the_name_of_its_row(limits):
    images = blobs(3)
    rows = {"original": images, "copy": images[:, 0].requires_grad_()}
    figure = assert_drawn(plots.image_rows(rows, limits=limits))
    pictures = [axis.images[0] for axis in figure.axes]
    assert len(pictures) == 6
    np.testing.assert_array_equal(pictures[4].get_array(), images[1, 0])
    assert [axis.get_ylabel() for axis in figure.axes] == ["original", "", "", "copy", "", ""]
    assert all(picture.get_clim() == (0, 1) for picture in pictures) == (limits is not None)


@pytest.mark.parametrize("rows", [{}, {"a": blobs(3), "b": blobs(2)}, {"a": blobs(3)[:0]}])
def test_rows_of_unequal_length_are_refused(rows):
    with pytest.raises(ValueError, match="same number of images, at least one"):
        plots.image_rows(rows)


def test_filters_are_centred_on_zero():
    weights = torch.randn(5, 1, 6, 6, requires_grad=True)
    figure = assert_drawn(plots.filters(torch.cat([weights, torch.zeros(1, 1, 6, 6)]), columns=4))
    pictures = [axis.images[0] for axis in figure.axes if axis.images]
    assert len(figure.axes) == 8 and len(pictures) == 6
    assert all(low == -high < 0 for low, high in (picture.get_clim() for picture in pictures))


def test_panels_show_images_of_any_size_grey_or_around_zero():
    images = {"digit": torch.rand(6, 4), "map": torch.randn(3, 3), "empty": torch.zeros(2, 2)}
    figure = assert_drawn(plots.panels(images, signed=("map", "empty")))
    limits = {axis.get_title(loc="center"): axis.images[0].get_clim() for axis in figure.axes}
    assert list(limits) == list(images) and limits["digit"] == (0, 1)
    bound = images["map"].abs().max().item()
    assert limits["map"] == pytest.approx((-bound, bound)) and limits["empty"] == (-1, 1)


@pytest.mark.parametrize(("images", "signed"), [({}, ()), ({"a": torch.rand(2, 2)}, ("b",))])
def test_panels_of_nothing_or_of_unknown_names_are_refused(images, signed):
    with pytest.raises(ValueError, match="These images are drawn"):
        plots.panels(images, signed)


# --------------------------------------------------------------------------- curves and codes


def test_curves_by_doubling_have_a_tick_at_each_place():
    figure, axis = plt.subplots()
    plots.by_doubling(axis, {"one": {1: 0.5, 2: 0.7, 4: 0.6}, "other": {2: 0.1, 4: 0.3}}, "epochs")
    assert_drawn(figure)
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["1", "2", "4"]
    assert [line.get_label() for line in axis.lines] == ["one", "other"]
    assert len({line.get_marker() for line in axis.lines}) == 2
    assert list(axis.lines[1].get_ydata()) == [0.1, 0.3]


@pytest.mark.parametrize("with_valid", [True, False])
@pytest.mark.parametrize("log", [True, False])
def test_losses_draws_what_the_history_holds(with_valid, log):
    valid = blobs(9) if with_valid else None
    model = small_model()
    history = quiet_fit(
        model, {"reconstruction": mse}, blobs(), valid=valid, epochs=3, batch_size=20
    )
    figure = assert_drawn(plots.losses({"one": history, "other": history}, log=log))
    (axis,) = figure.axes
    curves = [curve.get_ydata() for curve in axis.lines if len(curve.get_xdata())]
    expected = [history.train["reconstruction"]]
    expected += [history.valid["reconstruction"]] if with_valid else []
    np.testing.assert_array_equal(curves, expected * 2)
    assert axis.get_xlabel() == "epoch" and "reconstruction" in axis.get_ylabel()
    assert axis.get_yscale() == ("log" if log else "linear")
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    assert labels[:2] == ["one", "other"] and len(labels) == 4


def test_scatter_tells_classes_apart_by_colour_and_marker():
    figure, axis = plt.subplots()
    labels = torch.arange(30) % 10
    codes = rows(30, features=2).requires_grad_()
    plots.scatter(axis, codes, labels, names=range(11))  # the last class has no point
    assert_drawn(figure)
    groups = axis.collections
    assert len(groups) == 11 and [len(group.get_offsets()) for group in groups] == [3] * 10 + [0]
    looks = {
        (tuple(group.get_facecolor()[0]), len(group.get_paths()[0].vertices))
        for group in groups[:10]
    }
    assert len(looks) == 10
    assert axis.get_xlabel() and axis.get_ylabel()


def test_scatter_3d_shows_a_figure_to_turn_and_its_projections(shell):
    codes, labels = rows(40, features=3), torch.arange(40) % 2

    def draw():
        plots.scatter_3d(codes, labels, ["dry", "rain"], ["wet", "warm", "windy"], ALT)

    (output,) = shown(draw)
    assert set(output.data) == {PNG, "text/plain", PLOTLY}
    figure = output.data[PLOTLY]
    assert [trace["name"] for trace in figure["data"]] == ["dry", "rain"]
    assert figure["layout"]["scene"]["zaxis"]["title"]["text"] == "windy"
    x = figure["data"][1]["x"]
    if isinstance(x, dict):  # plotly 6 writes arrays as bytes
        x = np.frombuffer(base64.b64decode(x["bdata"]), x["dtype"])
    np.testing.assert_allclose(x, codes[1::2, 0])


def test_too_many_points_are_refused():
    with pytest.raises(ValueError, match="3001 points.*at most 3,000"):
        plots.scatter_3d(torch.zeros(3_001, 3), torch.zeros(3_001), ["a"], "xyz", ALT)


@pytest.mark.parametrize("names", [(), ("input", "code", "output")])
def test_a_network_shows_its_sizes_and_marks_its_code(names):
    figure = assert_drawn(plots.network((784, 2, 784), names, most=6))
    (axis,) = figure.axes
    circles = axis.collections
    assert [len(layer.get_offsets()) for layer in circles] == [6, 2, 6]
    assert tuple(circles[0].get_facecolor()[0]) != tuple(circles[1].get_facecolor()[0])
    texts = [text.get_text() for text in axis.texts]
    assert texts.count("784") == 2 and "2" in texts and set(names) <= set(texts)


@pytest.mark.parametrize("heights", [None, torch.zeros(6, 6)])
def test_arrows_point_from_their_places(heights):
    places, steps = rows(9, features=2, seed=1), rows(9, features=2, seed=2)
    fields = {"little": (places, steps, heights), "much": (places, steps, None)}
    figure = assert_drawn(plots.arrows(fields, rows(20, features=2)))
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["little", "much"]
    quiver = figure.axes[0].collections[-1]
    np.testing.assert_allclose(np.stack([quiver.X, quiver.Y], 1), places)
    np.testing.assert_allclose(np.stack([quiver.U, quiver.V], 1), steps)
    assert len(figure.axes[0].images) == (heights is not None)


def test_heights_lie_where_they_belong():
    """Rows of the table are x₁, columns x₂: the one at the right below is drawn there."""
    heights = torch.zeros(6, 6)
    heights[5, 0] = 1
    field = {"a": (rows(4, features=2), rows(4, features=2), heights)}
    (image,) = plots.arrows(field, rows(5, features=2)).axes[0].images
    assert image.get_array()[0, 5] == 1 and image.origin == "lower"


def test_walks_draw_some_lines_and_more_ends():
    path = rows(5 * 700, features=2).reshape(5, 700, 2)
    figure = assert_drawn(plots.walks({"short": path[:2], "long": path}, rows(9, features=2), 50))
    axis = figure.axes[1]
    assert len(axis.lines) == 50 and len(axis.lines[0].get_xdata()) == 5
    assert len(axis.collections[-1].get_offsets()) == 500


# --------------------------------------------------------------------------- errors in a grid


def texts_of(figure) -> dict:
    """Place on the grid → what stands there."""
    return {text.get_position(): text for text in figure.axes[0].texts}


def test_error_matrix_prints_every_error_and_the_smallest_of_each_column_bold():
    errors = [[1, 4], [2, 2], [0.5, 1]]
    texts = texts_of(plots.error_matrix(errors, ["a", "b", "rival"], ["x", "y"], shaded=2))
    assert {place: text.get_text() for place, text in texts.items()} == {
        (j, i): f"{errors[i][j]:.4f}" for i in range(3) for j in range(2)
    }
    bold = {place for place, text in texts.items() if text.get_weight() == "bold"}
    assert bold == {(0, 0), (1, 1)}  # the rival is not among those compared


def test_error_matrix_shades_by_the_ratio_to_the_best_of_the_column():
    figure = plots.error_matrix([[1, 4], [2, 2], [0.5, 1]], ["a", "b", "c"], ["x", "y"], shaded=2)
    shades = np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)
    np.testing.assert_allclose(shades, [[1, 2], [2, 1], [np.nan, np.nan]])


def test_error_matrix_refuses_names_that_do_not_fit():
    with pytest.raises(ValueError, match="2 rows and 1 columns"):
        plots.error_matrix([[1, 2]], ["a", "b"], ["x"])


def test_clouds_are_ellipses_with_their_digits_and_circles_of_the_prior():
    figure, axis = plt.subplots()
    means, stds = torch.tensor([[0.0, 1.0], [3.0, -1.0]]), torch.tensor([[0.5, 0.1], [0.2, 0.4]])
    plots.clouds(axis, means, stds, torch.tensor([4, 7]), shares=(0.5,))
    circle, *ellipses = axis.patches
    assert circle.width / 2 == pytest.approx(np.sqrt(2 * np.log(2)))  # half of a normal plane
    assert [(e.width, e.height) for e in ellipses] == [pytest.approx((2.0, 0.4)),
                                                        pytest.approx((0.8, 1.6))]  # fmt: skip
    assert [text.get_text() for text in axis.texts] == ["50%", "4", "7"]
    assert axis.get_xlim()[1] > 3
    with pytest.raises(ValueError, match="two means"):
        plots.clouds(axis, means, stds[:1], torch.tensor([4, 7]))


def test_the_gap_is_shaded_between_log_probability_and_bound():
    figure = plots.bound_below([0, 10, 20], [-3, -2, -1], [-4, -3, -1.5], moments=[10], low=-5)
    (axis,) = figure.axes
    assert len(axis.collections) == 1 and len(axis.lines) == 3
    assert axis.get_ylim()[0] == -5
    with pytest.raises(ValueError, match="one of each for every step"):
        plots.bound_below([0, 10], [-3, -2, -1], [-4, -3])


def test_beliefs_have_a_column_for_each_moment_and_a_row_for_each_place():
    z = torch.linspace(-3, 3, 50)
    density = torch.exp(-z.square() / 2)
    both = torch.stack([density, density])
    moment = {"density": torch.rand(9, 9), "curve": torch.rand(5, 2), "z": z,
              "posterior": both, "guess": both, "gap": torch.tensor([0.1, 2.0])}  # fmt: skip
    places = {"here": torch.tensor([0.0, 1.0]), "there": torch.tensor([1.0, 0.0])}
    figure = plots.beliefs({"first": moment, "last": moment}, torch.rand(20, 2), places,
                           (-1, 1, -1, 1))  # fmt: skip
    assert len(figure.axes) == 6
    titles = [axis.get_title(loc="left") or axis.get_title() for axis in figure.axes]
    assert titles[:2] == ["first", "last"] and "B: gap 2.00" in titles


def test_noise_held_fixed_shows_draws_and_their_averages():
    means = torch.linspace(0, 1, 7)
    draws = {name: torch.rand(7, 3) for name in ("fresh", "held")}
    averages = {name: values.mean(1) for name, values in draws.items()}
    figure = plots.noise_held_fixed(means, draws, averages, means)
    assert [len(axis.lines) for axis in figure.axes] == [6, 3]
