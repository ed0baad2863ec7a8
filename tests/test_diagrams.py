"""The diagram of an autoencoder: nothing overlaps, and the words say what the picture shows."""

import itertools

import matplotlib.pyplot as plt
import pytest

from aecourse import plots
from aecourse.plots.diagrams import KINDS, NAMES

LABELS = {
    "noise": "some pixels are set to 0",
    "draw": r"draw $z = \mu + \sigma\,\epsilon$",
    "penalty": "few active units at once",
    "loss": "squared error on what was hidden",
}
COMBINATIONS = [
    {name: LABELS[name] for name in chosen}
    for count in range(len(LABELS) + 1)
    for chosen in itertools.combinations(LABELS, count)
]
SIZES = {"data": "28 × 28", "encoder": "128", "code": "32", "reconstruction": "28 × 28"}


@pytest.fixture(autouse=True)
def clean_style():
    with plt.rc_context():
        plots.use_style()
        yield
    plt.close("all")


def drawn(**options):
    options = {"loss": ""} | options
    return plots.diagram(**options)


def boxes_of_texts(figure):
    renderer = figure.canvas.get_renderer()
    return {text.get_text(): text.get_window_extent(renderer) for text in figure.axes[0].texts}


def inside(inner, outer, slack=1.0):
    """Does a box lie within another, up to a pixel?"""
    return (
        outer.x0 - slack <= inner.x0 and inner.x1 <= outer.x1 + slack
        and outer.y0 - slack <= inner.y0 and inner.y1 <= outer.y1 + slack
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["", *KINDS])
@pytest.mark.parametrize("sizes", [None, SIZES])
@pytest.mark.parametrize("labels", COMBINATIONS, ids="+".join)
def test_no_text_overlaps_another_or_leaves_its_box(labels, sizes, kind):
    figure, _ = drawn(**labels, sizes=sizes, kind=kind, highlight=list(labels))
    figure.draw_without_rendering()
    texts = boxes_of_texts(figure)
    assert len(texts) == len(NAMES) - ("draw" not in labels) + len(labels)
    for (one, a), (other, b) in itertools.combinations(texts.items(), 2):
        assert not a.overlaps(b), f"{one!r} and {other!r}"
    patches = [patch.get_window_extent() for patch in figure.axes[0].patches]
    for text, extent in texts.items():
        assert inside(extent, figure.bbox), text
        held = [patch for patch in patches if patch.overlaps(extent) and patch.width > 12]
        assert all(inside(extent, patch) for patch in held), text


@pytest.mark.parametrize("labels", COMBINATIONS, ids="+".join)
def test_a_diagram_is_legible_where_a_page_is_640_pixels_wide(labels):
    figure, _ = drawn(**labels, sizes={"data": "784", "code": "32"}, kind="image")
    shrunk = min(1, 6.4 / figure.get_size_inches()[0])
    assert min(text.get_fontsize() for text in figure.axes[0].texts) * shrunk >= 8


@pytest.mark.parametrize("name", LABELS)
def test_each_option_adds_itself_to_the_picture_and_to_the_words(name):
    others = {other: text for other, text in LABELS.items() if other != name}
    without, with_it = drawn(**others), drawn(**LABELS)
    label = LABELS[name].replace("$", "").replace(r"\,", " ").replace("\\", "")
    assert label in with_it.alt and label not in without.alt
    counts = [len(drawing.figure.axes[0].texts) for drawing in (without, with_it)]
    assert counts[1] > counts[0]


def test_the_words_name_boxes_in_order_with_sizes_and_what_is_highlighted():
    alt = drawn(sizes={"data": "784", "code": "32"}, highlight="code").alt
    assert "data x (784); encoder phi; code z (32); decoder psi; reconstruction x-hat." in alt
    assert "Highlighted: code." in alt and "Highlighted" not in drawn().alt
    assert "the loss compares reconstruction and data." in plots.diagram().alt


def test_a_penalty_acts_on_mean_and_spread_where_there_is_a_draw():
    assert "A penalty acts on code: small." in drawn(penalty="small").alt
    assert "A penalty acts on mean and spread: small." in drawn(penalty="small", draw="draw").alt


def test_boxes_can_be_renamed():
    names = {"data": "flower\n$x_1$", "code": "two numbers"}
    figure, alt = drawn(names=names)
    assert set(names.values()) <= set(boxes_of_texts(figure))
    assert "flower x_1; encoder phi; two numbers; decoder psi" in alt


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_the_data_is_drawn_twice_and_told(kind):
    plain, (figure, alt) = drawn().figure, drawn(kind=kind)
    artists = [len(f.axes[0].lines) + len(f.axes[0].images) for f in (plain, figure)]
    assert artists[1] - artists[0] == 2 and f"A small {kind} stands for data" in alt


def test_what_is_highlighted_is_told_apart_without_colour():
    def widths(**options):
        return sorted(patch.get_linewidth() for patch in drawn(**options).figure.axes[0].patches)

    for name in ("encoder", "code", "noise"):
        assert widths(noise="noise", highlight=name)[-1] > widths(noise="noise")[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"highlight": "draw"}, "highlight speaks of 'draw'.*choose from data, encoder"),
        ({"sizes": {"bottleneck": "2"}}, "sizes speaks of 'bottleneck'"),
        ({"names": {"posterior": "vector"}}, "names speaks of 'posterior'"),
        ({"kind": "sound"}, "kind speaks of 'sound'.*image, table, series"),
    ],
)
def test_what_the_diagram_does_not_have_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        plots.diagram(**options)


# --------------------------------------------------------------------------- skip connections

SIDES, MAPS = [28, 14, 7, 14, 28], ["image", "first maps", "middle", "maps of both", "output"]


def test_a_diagram_of_skips_says_what_it_shows():
    figure, alt = plots.skip_diagram(SIDES, MAPS, [(1, 3)])
    figure.draw_without_rendering()
    texts = boxes_of_texts(figure)
    assert list(texts) == [f"{name}\n{side} × {side}" for name, side in zip(MAPS, SIDES)]
    for (one, a), (other, b) in itertools.combinations(texts.items(), 2):
        assert not a.overlaps(b), f"{one!r} and {other!r}"
    assert "first maps, 14 by 14" in alt and "from first maps to maps of both" in alt
    assert "Arcs" not in plots.skip_diagram(SIDES, MAPS, []).alt


@pytest.mark.parametrize(("names", "skips"), [(MAPS[1:], []), (MAPS, [(1, 2)])])
def test_a_skip_between_maps_of_unequal_size_is_refused(names, skips):
    with pytest.raises(ValueError, match="columns and|have sides"):
        plots.skip_diagram(SIDES, names, skips)
