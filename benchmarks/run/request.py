"""What the command line asks for, in groups, and what of it can be refused without looking at models and data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import zoo
from benchmarks.metrics import Metric
from benchmarks.training.devices import USUAL, Wanted
from zoo.inference.tiling import Tiles
from zoo.registry import parted

REFERENCE = "identity"
"""The model that every grid holds, asked for or not: the blurry images as they are."""


@dataclass(frozen=True)
class DataOptions:
    """Which data.

    Attributes:
        root: Folder of the data sets; None with `sample`.
        photos: Folders of sharp photographs, for the data set that they are; none without.
        sample: Whether the built-in samples are used.
        train_on: Data set to train on; None for the scored one, or the one that stands in for it.
        train_root: Folder of the data set to train on; None where it lies with the scored one.
        name: What the scored pairs of a user's own are called; empty takes their folder's name.
        blur_steps: The blur steps to train on and to score, where a data set has them; None takes all that are there.
        psf_file: Point spread functions for a model that takes them; None takes what the data set tells.
        store: Folder of the frame store; None takes the default one.
    """

    root: Path | None = None
    photos: tuple[Path, ...] = ()
    sample: bool = False
    train_on: str | None = None
    train_root: Path | None = None
    name: str = ""
    blur_steps: tuple[int, ...] | None = None
    psf_file: Path | None = None
    store: Path | None = None


@dataclass(frozen=True)
class ModelOptions:
    """What is asked of the models to compare; a baseline beside them has none of it.

    Attributes:
        variant: Name of the variant; None for the usual one.
        weights: A `.keras` file to start from, or to score without training.
        published: The name under which that file's weights are published; None for others.
        changes: Values that replace those of the recipe, by their flat names.
        perceptual_weights: A file with VGG-19's weights for losses that need them; None takes Keras' own.
        select_on_test: Whether the weights are chosen on the scored images, as some papers do; the record says so.
        tiles: How large images are cut for scoring; None leaves it to the data set.
        blind: Whether a model that takes the blur step is scored as if that was not known.
        inference: `"local"` or `"global"`, for models that go by means; None for the variant's usual mode.
    """

    variant: str | None = None
    weights: Path | None = None
    published: str | None = None
    changes: Mapping[str, object] = field(default_factory=dict)
    perceptual_weights: Path | None = None
    select_on_test: bool = False
    tiles: Tiles | None = None
    blind: bool = False
    inference: str | None = None


@dataclass(frozen=True)
class TrainingOptions:
    """How trainings run.

    Attributes:
        enabled: Whether to train at all.
        profile: `"paper"`, `"code"`, `"quick"` or `"own"`.
        jit: `"auto"`, `"on"` or `"off"`, see `benchmarks.training.state.Options`.
        resume: Whether to go on with an unfinished training.
        restart: Whether to train anew whatever is there.
        tensorboard: Whether to write TensorBoard logs.
        fit_batch: Whether the batch is halved until a step fits into memory.
        compute: What computes.
    """

    enabled: bool = True
    profile: str = "paper"
    jit: str = "auto"
    resume: bool = False
    restart: bool = False
    tensorboard: bool = False
    fit_batch: bool = False
    compute: Wanted = USUAL


@dataclass(frozen=True)
class ScoringOptions:
    """How is scored.

    Attributes:
        protocol: Name of the protocol; None for the data set's usual one.
        limit: Scores so many images only.
        metrics: Metrics to measure beside those of the protocol, with their files.
    """

    protocol: str | None = None
    limit: int | None = None
    metrics: tuple[Metric, ...] = ()


@dataclass(frozen=True)
class OutputOptions:
    """Where results go.

    Attributes:
        results: Results folder.
        images: How many images are kept with each record.
    """

    results: Path = Path("results")
    images: int = 3


@dataclass(frozen=True)
class EngineOptions:
    """What runs the experiments; with nothing of it they run one after the other in this process.

    Attributes:
        jobs: How many run at once, each in its own process; None leaves it to the cluster.
        cluster: `"ray"`, `"ray://HOST:PORT"` or `"slurm"`; None for this machine.
        cpus: Cores of each experiment; None for an equal share of this machine's, or 1 on a cluster.
        gpus: GPUs of each; None for an equal share of this machine's, or none on a cluster.
        dry_run: Whether only to tell what would run, and what it costs.
    """

    jobs: int | None = None
    cluster: str | None = None
    cpus: int | None = None
    gpus: float | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Request:
    """What the command line asks for, the same for every experiment of the grid.

    Attributes:
        models, datasets: Names, of models with the variant where one is meant (`atrous/tiny`); each is run on each
            data set.
        seeds: Seeds of everything random; each model is run on each data set with each of them.
        matched: Those of the models that were not named but match a wildcard: where one cannot be run on a data set,
            it is left out.
        model: What is asked of the models.
        data: Which data.
        training: How trainings run.
        scoring: How is scored.
        output: Where results go.
        engine: What runs the experiments.
        asked: What of all this was said, by the options' names, as plain values; for the file that repeats it.
    """

    models: tuple[str, ...]
    datasets: tuple[str, ...]
    seeds: tuple[int, ...] = (42,)
    matched: frozenset[str] = frozenset()
    model: ModelOptions = ModelOptions()
    data: DataOptions = DataOptions()
    training: TrainingOptions = TrainingOptions()
    scoring: ScoringOptions = ScoringOptions()
    output: OutputOptions = OutputOptions()
    engine: EngineOptions = EngineOptions()
    asked: Mapping[str, object] = field(default_factory=dict, compare=False)

    @property
    def grid(self) -> list[tuple[str, str]]:
        """The (model, data set) names of all experiments, the reference first on every data set."""
        models = dict.fromkeys((REFERENCE, *self.models))
        return [(model, dataset) for dataset in dict.fromkeys(self.datasets) for model in models]

    def options_of(self, model: str) -> ModelOptions:
        """What is asked of one model, by its name or its name and variant.

        Options are for models that learn. The reference has none; another baseline has them only where nothing but
        baselines was asked for, so that checks can say what it has no use for.
        """
        name, variant = parted(model)
        beside = name == REFERENCE or any(zoo.info(parted(each)[0]).learns for each in self.models)
        options = ModelOptions() if beside and not zoo.info(name).learns else self.model
        return options if variant is None else replace(options, variant=variant)
