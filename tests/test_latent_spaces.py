"""Neighbourhoods, maps with digits drawn in, sliders that need no kernel (lesson 10)."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from traitlets.config import Config

from aecourse import evaluation, plots

PLOTLY = "application/vnd.plotly.v1+json"
ALT = "Three digits at their places in the plane, in three colours."


@pytest.fixture
def points():
    return torch.randn(60, 4, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def labels():
    return torch.randint(3, (60,), generator=torch.Generator().manual_seed(2))


# --------------------------------------------------------------------------- neighbourhoods


def test_neighbours_are_the_nearest_others_in_order(points):
    distances = torch.cdist(points, points)
    near = evaluation.neighbours(points, 7)
    assert near.shape == (60, 7)
    for row, found in enumerate(near):
        others = [i for i in distances[row].argsort().tolist() if i != row]
        assert found.tolist() == others[:7]


def test_duplicates_find_each_other_and_not_themselves():
    points = torch.tensor([[0.0, 0.0], [0.0, 0.0], [5.0, 5.0], [5.0, 5.0]])
    assert evaluation.neighbours(points, 1).flatten().tolist() == [1, 0, 3, 2]


@pytest.mark.parametrize("k", [1, 5, 10])
def test_neighbour_accuracy_is_leave_one_out(points, labels, k):
    points[labels == 1] += 1.5
    classifier = KNeighborsClassifier(k, algorithm="brute")
    expected = cross_val_score(classifier, points, labels, cv=LeaveOneOut())
    found = evaluation.neighbour_accuracy(points, labels, k)
    assert found.tolist() == expected.tolist()


def test_random_labels_are_at_chance(points):
    labels = torch.randint(2, (60,), generator=torch.Generator().manual_seed(5))
    assert abs(evaluation.neighbour_accuracy(points, labels, 5).mean() - 0.5) < 0.2


def test_images_are_flattened(points, labels):
    images = points.reshape(60, 1, 2, 2)
    flat, shaped = (evaluation.neighbour_accuracy(x, labels) for x in (points, images))
    assert torch.equal(flat, shaped)


def test_overlap_ignores_turning_mirroring_and_scaling(points):
    turn = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(3)))[0]
    moved = 3 * points @ turn - 7
    assert evaluation.neighbour_overlap(points, moved, 5).tolist() == [1.0] * 60


def test_overlap_of_unrelated_spaces_is_chance():
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 400, 5))
    found = evaluation.estimate(evaluation.neighbour_overlap(a, b, 20))
    assert abs(found.mean - 20 / 399) < 5 * found.standard_error


@pytest.mark.parametrize("k", [0, 60, 100])
def test_impossible_number_of_neighbours_is_refused(points, k):
    with pytest.raises(ValueError, match="choose 1 to 59"):
        evaluation.neighbours(points, k)


def test_labels_of_another_length_are_refused(points, labels):
    with pytest.raises(ValueError, match="one label for each point"):
        evaluation.neighbour_accuracy(points, labels[:10])


def test_spaces_of_unequal_size_are_refused(points):
    with pytest.raises(ValueError, match="60 and 50 points"):
        evaluation.neighbour_overlap(points, points[:50])


# --------------------------------------------------------------------------- figures


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    settings = Config(HistoryManager={"enabled": False},
                      ProfileDir={"location": str(tmp_path_factory.mktemp("p"))})  # fmt: skip
    yield InteractiveShell.instance(config=settings)
    InteractiveShell.clear_instance()


@pytest.fixture
def three():
    images = torch.zeros(3, 1, 28, 28)
    images[:, :, 10:18] = 1.0  # a bar
    return torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.2, 0.0]]), images, torch.tensor([0, 1, 2])


def canvas_of(figure):
    return figure.axes[0].images[0].get_array()


def test_digits_are_drawn_in_unless_they_would_cover_another(three):
    figure = plots.digit_map(*three, side=0.1)
    canvas = canvas_of(figure)
    inked = canvas[canvas[..., 3] > 0][:, :3]
    colours = {tuple(np.round(c, 3)) for c in inked}
    assert len(colours) == 2, "the third lies on the first"
    assert len(figure.axes[0].lines) == 3, "but every class has its dots"
    plt.close(figure)


def test_digits_stand_upright(three):
    points, images, labels = three
    images[:] = 0
    images[:, :, :5] = 1.0  # ink at the top
    canvas = canvas_of(plots.digit_map(points, images, labels, side=0.1))
    rows = np.flatnonzero((canvas[..., 3] > 0).any(1))
    assert rows.min() > canvas.shape[0] / 2, "origin is at the bottom"
    plt.close("all")


def test_map_refuses_unequal_lengths(three):
    points, images, labels = three
    with pytest.raises(ValueError, match="a label for each image"):
        plots.digit_map(points, images, labels[:2])
    with pytest.raises(ValueError, match="a label for each image"):
        plots.digit_map(points[:, :1], images, labels)


def test_slider_needs_no_kernel(shell):
    strips = torch.linspace(0, 1, 3).reshape(3, 1, 1, 1, 1).expand(3, 4, 1, 28, 28)
    figure = plots.image_rows({"a": strips[0]})
    with capture_output() as captured:
        plots.show_slider(strips, (-1, 0, 1), ("w", "x", "y", "z"), "value", figure, ALT)
    (output,) = captured.outputs
    assert {"image/png", "text/plain", PLOTLY} <= set(output.data)
    live = output.data[PLOTLY]
    assert [trace["visible"] for trace in live["data"]] == [False, True, False]
    (slider,) = live["layout"]["sliders"]
    assert [step["label"] for step in slider["steps"]] == ["-1", "0", "1"]
    for number, step in enumerate(slider["steps"]):  # a step changes what is visible, no more
        assert step["method"] == "restyle"
        assert step["args"][0] == {"visible": [i == number for i in range(3)]}
    for trace, grey in zip(live["data"], (255, 128, 0)):
        picture = trace["source"].removeprefix("data:image/png;base64,")
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))
        assert pixels.shape == (28, 4 * 28) and (abs(pixels.astype(int) - grey) <= 1).all()


def test_slider_refuses_other_shapes():
    figure = plt.figure()
    with pytest.raises(ValueError, match=r"\(2, 3, 1, H, W\)"):
        plots.show_slider(torch.zeros(3, 2, 1, 28, 28), (0, 1), "abc", "x", figure, ALT)
    plt.close(figure)


def test_map_shows_a_note_for_each_point(shell, three):
    points, images, labels = three
    with capture_output() as captured:
        plots.show_map(points, images, labels, ["a zero", "a one", "a two"], ALT)
    (output,) = captured.outputs
    assert output.metadata["image/png"]["alt"] == ALT
    live = output.data[PLOTLY]
    assert [trace["text"] for trace in live["data"]] == [["a zero"], ["a one"], ["a two"]]
    assert {trace["name"] for trace in live["data"]} == {"0", "1", "2"}


def test_map_needs_as_many_notes_as_points(three):
    with pytest.raises(ValueError, match="3 points and 2 notes"):
        plots.show_map(*three, ["a", "b"], ALT)
