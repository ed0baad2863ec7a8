"""The picture of the README is put together from figures of the lessons."""

import pytest
from helpers import ROOT, script
from PIL import Image


@pytest.fixture(scope="module")
def picture():
    return script("tools/picture.py")


def test_every_figure_of_the_picture_is_in_its_lesson(picture):
    for which in (picture.LEFT, *picture.RIGHT):
        assert picture.figure(*which).width > 300


def test_a_figure_that_is_not_there_is_named(picture):
    with pytest.raises(ValueError, match="04_denoising has no figure that begins with 'A cat'"):
        picture.figure("04_denoising", "A cat")


def test_the_picture_is_the_size_that_the_tool_makes(picture):
    with Image.open(picture.PICTURE) as saved:
        assert saved.size == picture.composed().size


def test_the_readme_shows_it_with_a_text_alternative():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    alternative = readme.partition("](docs/picture.png)")[0].rpartition("![")[2]
    assert len(alternative) > 40
