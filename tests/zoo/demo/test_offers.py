"""Which weights the page offers."""

import shutil

import pytest

import zoo
from zoo.demo.offers import find_offers
from zoo.weights import catalogue, choice, store


@pytest.fixture
def installed(weight_files):
    """Puts a model file where the catalogue's weights lie."""

    def put(name, content=None):
        path = store.path_of(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            shutil.copy(weight_files["identity"], path)
        else:
            path.write_bytes(content)
        store.pin(name, "flax", "0" * 64)
        return path

    return put


def test_files_come_first_in_their_order(weight_files, installed):
    installed("maxim-gopro")
    given = [str(weight_files["unet3"]), str(weight_files["refiner"])]
    offers, problems = find_offers(given)
    assert [each.name for each in offers] == ["unet3.keras", "refiner.keras", "maxim-gopro"]
    assert [each.info.takes_blur_step for each in offers] == [False, True, False]
    assert problems == []
    assert "may be noise" in offers[0].about
    assert offers[1].about == f"{zoo.info('refiner').title}, tiny"


def test_the_best_that_is_here_comes_first_and_says_where_it_is_from(installed):
    installed("maxim-reds")
    installed("nafnet-gopro-w32")
    offers, _ = find_offers()
    assert [each.name for each in offers] == ["nafnet-gopro-w32", "maxim-reds"]
    assert offers[0].name == choice.best_installed().name
    assert "trained on REDS" in offers[1].about and "weights Apache-2.0" in offers[1].about


def test_a_name_that_is_given_is_offered_once_and_first(installed):
    installed("maxim-reds")
    installed("nafnet-gopro-w32")
    offers, _ = find_offers(["maxim-reds", "nafnet-gopro-w32", "maxim-reds"])
    assert [each.name for each in offers] == ["maxim-reds", "nafnet-gopro-w32"]


def test_files_of_the_same_name_are_told_apart_without_their_folders(weight_files, tmp_path):
    others = []
    for number in range(2):
        others.append(tmp_path / str(number) / "identity.keras")
        others[-1].parent.mkdir()
        shutil.copy(weight_files["identity"], others[-1])
    offers, _ = find_offers([str(each) for each in (weight_files["identity"], *others)])
    assert [each.name for each in offers] == ["identity.keras", "identity.keras (2)", "identity.keras (3)"]
    assert [each.path for each in offers] == [weight_files["identity"], *others]


def test_what_is_damaged_is_left_out_and_named(installed):
    broken = installed("maxim-gopro", b"nothing")
    installed("maxim-reds")
    offers, problems = find_offers()
    assert [each.name for each in offers] == ["maxim-reds"]
    assert len(problems) == 1 and str(broken) in problems[0]


def test_with_none_the_message_says_how_to_get_some():
    with pytest.raises(zoo.ZooError, match="python -m zoo weights get ") as caught:
        find_offers()
    assert "\n" not in str(caught.value)


def test_what_is_given_and_cannot_be_used_is_refused(tmp_path, weight_files):
    with pytest.raises(zoo.ZooError, match="did you mean 'maxim-gopro'"):
        find_offers(["maxim-gopr"])
    other = tmp_path / "weights.pth"
    other.write_bytes(b"x")
    with pytest.raises(zoo.ZooError, match=r"no weights of PyTorch"):
        find_offers([str(weight_files["identity"]), str(other)])
    zoo.save(zoo.create("wiener"), tmp_path / "wiener.keras")
    with pytest.raises(zoo.ZooError, match="needs to know the blur itself"):
        find_offers([str(tmp_path / "wiener.keras")])


def test_weights_of_our_own_say_where_they_fail(monkeypatch):
    # All of the catalogue, which the fixture above hides.
    monkeypatch.undo()
    own = [entry for entry in catalogue.entries() if entry.packaged is not None]
    assert own
    offers, _ = find_offers([entry.name for entry in own])
    for entry, offer in zip(own, offers, strict=False):
        assert offer.about.endswith(f"Where it fails: {entry.packaged.fails}")
