"""Which files are restored to which: inputs found, outputs named, and everything refused that would do harm."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from common.files import expand
from zoo.errors import ZooError
from zoo.inference.image_files import IMAGE_ENDINGS
from zoo.inference.image_output import FORMATS
from zoo.inference.video import VIDEO_ENDINGS, WRITTEN

_KNOWN = IMAGE_ENDINGS | VIDEO_ENDINGS
_SUFFIX = "-restored"


@dataclass(frozen=True)
class Job:
    """One file to restore.

    Attributes:
        source: The blurred image or video.
        target: Where the restored one goes.
        sharp: The true sharp image, to score against; None without one.
    """

    source: Path
    target: Path
    sharp: Path | None = None

    @property
    def is_video(self) -> bool:
        """Whether the source is a video."""
        return self.source.suffix.lower() in VIDEO_ENDINGS

    @property
    def comparison(self) -> Path:
        """Where before and after go, side by side."""
        return self.target.with_name(f"{self.target.stem}-compare.png")

    def outputs(self, compare: bool) -> tuple[Path, ...]:
        """What is written; videos have no comparison."""
        return (self.target, self.comparison) if compare and not self.is_video else (self.target,)


@dataclass(frozen=True)
class Wish:
    """What a user asks of the files.

    Attributes:
        inputs: Files, folders and wildcards.
        output: A file for one input, else a folder; None for beside the input.
        recursive: Whether folders within folders count.
        ending: Ending of restored images, such as `.png`; None for that of the input.
        overwrite: Whether outputs that are there are replaced.
        resume: Whether inputs whose outputs are there are left out.
        compare: Whether comparisons are written, too.
        sharp: A sharp image for one input, or a folder of them with the names of the inputs.
    """

    inputs: Sequence[str]
    output: str | None = None
    recursive: bool = False
    ending: str | None = None
    overwrite: bool = False
    resume: bool = False
    compare: bool = False
    sharp: str | None = None


def plan(wish: Wish) -> tuple[list[Job], int]:
    """The files to restore, and how many are left out because they are done.

    Nothing is written.

    Raises:
        ZooError: For inputs that are not there or none, outputs that are there already, that two inputs would share,
            that are inputs themselves or cannot be written, and for sharp images that are missing.
    """
    found = list(_inputs(wish))
    several = len(found) > 1 or any(relative != source.name for source, relative in found) or _any_folder(wish)
    jobs = []
    for source, relative in found:
        job = Job(source, _target(wish, source, relative, several))
        jobs.append(replace(job, sharp=_sharp(wish, job, relative, several)))
    _refuse_clashes(jobs, wish.compare)
    done = [job for job in jobs if job.target.exists()] if wish.resume else []
    left = [job for job in jobs if job not in done]
    if not wish.overwrite:
        for job in left:
            _refuse_existing(job, wish)
    for folder in {job.target.parent for job in left}:
        _check_writable(folder)
    return left, len(done)


def _any_folder(wish: Wish) -> bool:
    return any(expand(each).is_dir() for each in wish.inputs)


def _inputs(wish: Wish) -> Iterator[tuple[Path, str]]:
    """Every input file once, with its path below the output folder."""
    seen = set()
    for text in wish.inputs:
        for source, relative in _expanded(text, wish):
            real = source.resolve()
            if real not in seen:
                seen.add(real)
                yield source, relative


def _expanded(text: str, wish: Wish) -> Iterator[tuple[Path, str]]:
    """The files that an input means."""
    path = expand(text)
    if path.is_dir():
        output = None if wish.output is None else expand(wish.output).resolve()
        files = [each for each in _files_in(path, wish.recursive) if output is None or not _is_below(each, output)]
        if not files:
            deeper = "" if wish.recursive else ", or --recursive for the folders in it"
            raise ZooError(f"{path}: no images or videos in this folder; give another one{deeper}")
        yield from ((each, each.relative_to(path).as_posix()) for each in files)
    elif path.exists():
        yield path, path.name
    else:
        # Not Path.glob, which takes no absolute patterns.
        matches = glob.glob(str(path), recursive=wish.recursive) if glob.has_magic(text) else []  # noqa: PTH207
        files = [each for each in map(Path, sorted(matches)) if each.is_file() and each.suffix.lower() in _KNOWN]
        if not files:
            raise ZooError(f"{text}: no such file or folder; give an image, a video, a folder or a wildcard")
        yield from ((each, each.name) for each in files)


def _files_in(folder: Path, recursive: bool) -> Iterator[Path]:
    """Images and videos in a folder by their endings, in the order of their names; hidden ones are left out."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith(".")) if recursive else []
        for name in sorted(names):
            if Path(name).suffix.lower() in _KNOWN and not name.startswith("."):
                yield Path(root) / name


def _is_below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder)


def _target(wish: Wish, source: Path, relative: str, several: bool) -> Path:
    """Where a restored file goes."""
    ending = _ending(wish, source)
    if wish.output is None:
        return _beside(wish, source, relative, ending)
    output = expand(wish.output)
    as_folder = output.is_dir() or wish.output.endswith(("/", os.sep)) or (several and not output.suffix)
    if not several and not as_folder and output.suffix:
        known = WRITTEN if source.suffix.lower() in VIDEO_ENDINGS else FORMATS
        if output.suffix.lower() not in known:
            raise ZooError(f"{output}: files that end in {output.suffix!r} are not written; take {', '.join(known)}")
        return output
    if several and output.suffix.lower() in {*FORMATS, *WRITTEN} and not output.is_dir():
        raise ZooError(f"{output}: several inputs need a folder to go to, not one file; give -o FOLDER/")
    if output.exists() and not output.is_dir():
        raise ZooError(f"{output}: is a file, where a folder is needed; give another one with -o")
    return (output / relative).with_suffix(ending)


def _ending(wish: Wish, source: Path) -> str:
    """The ending of what is made of a file; what cannot be written becomes PNG or MP4."""
    own = source.suffix
    if own.lower() in VIDEO_ENDINGS:
        return own if own.lower() in WRITTEN else ".mp4"
    if wish.ending is not None:
        return wish.ending
    return own if own.lower() in FORMATS else ".png"


def _beside(wish: Wish, source: Path, relative: str, ending: str) -> Path:
    """The default place: `photo-restored.png` beside `photo.png`, `folder-restored/...` beside a folder."""
    if relative != source.name or any(expand(each) == source.parent for each in wish.inputs):
        root = source.parents[len(Path(relative).parts) - 1]
        return (root.parent / f"{root.resolve().name}{_SUFFIX}" / relative).with_suffix(ending)
    first = source.with_name(f"{source.stem}{_SUFFIX}{ending}")
    if wish.overwrite or wish.resume:
        return first
    number, target = 2, first
    while target.exists():
        target = source.with_name(f"{source.stem}{_SUFFIX}-{number}{ending}")
        number += 1
    return target


def _sharp(wish: Wish, job: Job, relative: str, several: bool) -> Path | None:
    """The sharp image of an input."""
    if wish.sharp is None:
        return None
    if job.is_video:
        raise ZooError(f"{job.source}: --sharp is for images, not for videos; leave it out")
    given = expand(wish.sharp)
    if not given.is_dir():
        if several:
            raise ZooError(
                f"{given}: several inputs need a folder of sharp images with the same names; give it as --sharp"
            )
        if not given.is_file():
            raise ZooError(f"{given}: no such image; give the sharp one with --sharp")
        return given
    exact = given / relative
    candidates = [exact] if exact.is_file() else sorted(exact.parent.glob(f"{glob.escape(exact.stem)}.*"))
    fitting = [each for each in candidates if each.suffix.lower() in IMAGE_ENDINGS]
    if not fitting:
        raise ZooError(f"{exact}: no sharp image for {job.source}; give a folder with the same names as --sharp")
    return fitting[0]


def _refuse_clashes(jobs: Sequence[Job], compare: bool) -> None:
    """Refuses outputs that are inputs, or that two inputs share."""
    sources = {job.source.resolve(): job.source for job in jobs}
    identities = {_identity(job.source) for job in jobs} - {None}
    owners: dict[Path, Path] = {}
    for job in jobs:
        for target in job.outputs(compare):
            real = target.resolve()
            if real in sources or _identity(target) in identities:
                raise ZooError(f"{target}: is an input and would be written over; choose another output with -o")
            if real in owners:
                raise ZooError(
                    f"{owners[real]} and {job.source} would both be written to {target}; restore them one by one"
                )
            owners[real] = job.source


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells files apart on a disk, whatever their names; None for one that is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _refuse_existing(job: Job, wish: Wish) -> None:
    for target in job.outputs(wish.compare):
        if target.exists():
            raise ZooError(f"{target}: is there already; replace it with --overwrite, or keep it with --resume")


def _check_writable(folder: Path) -> None:
    """Refuses a folder that cannot be made or written to before any work is done."""
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise ZooError(f"{existing}: is no folder, so nothing can be written below it; choose another output with -o")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ZooError(f"{existing}: cannot be written to; choose another output with -o, or change its permissions")
