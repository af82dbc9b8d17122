"""The page itself, in Gradio's components."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from zoo.demo.offers import Offer
from zoo.demo.view import View, stopped, views
from zoo.demo.work import Restorer
from zoo.inference.blind import RADII
from zoo.inference.files import AUTOMATIC

TITLE = "deblur-zoo"

CSS = """
.status { min-height: 1.5em; overflow-wrap: anywhere; }
.status progress { display: block; width: 100%; height: 0.5em; margin-bottom: 0.5em; border: 0; border-radius: 0.25em;
  overflow: hidden; appearance: none; background: var(--border-color-primary); }
.status progress::-webkit-progress-bar { background: var(--border-color-primary); }
.status progress::-webkit-progress-value { background: var(--color-accent); }
.status progress::-moz-progress-bar { background: var(--color-accent); }
.status progress:indeterminate { animation: passing 1.5s linear infinite; background-size: 50% 100%;
  background-image: linear-gradient(90deg, transparent, var(--color-accent), transparent); }
.status progress:indeterminate::-webkit-progress-bar { background: transparent; }
.status progress:indeterminate::-moz-progress-bar { background: transparent; }
@keyframes passing { from { background-position: 200% 0; } to { background-position: 0 0; } }
.failed { color: var(--error-text-color); font-weight: 600; }
.about { opacity: 0.75; font-size: 0.9em; overflow-wrap: anywhere; }
"""

# Results and what was sent are deleted when they are this old, in seconds, which is looked at so often.
_LIFETIME = 3600
_LOOKED_AT = 300

_WAITING = 16
"""Photographs that may wait."""


def take_as_sent(image: gr.Image) -> gr.Image:
    """Lets an image component hand over the file as it was sent, whatever is in it.

    Gradio would decode it before anybody has looked at its size, and fetch what is sent as an address. (A class of its
    own cannot change that: Gradio writes a `.pyi` file beside the source of every class of components.)
    """
    keep = image.async_move_resource_to_block_cache

    async def keep_files(found: Any) -> str | None:
        if "://" in str(found):
            raise gr.Error("send a file, not an address", print_exception=False)
        kept: str | None = await keep(found)
        return kept

    def path_of(sent: Any) -> str | None:
        return None if sent is None or sent.path is None else str(sent.path)

    image.async_move_resource_to_block_cache = keep_files
    image.preprocess = path_of
    return image


def theme() -> gr.Theme:
    """Gradio's look in the fonts that the visitor's machine has."""
    return gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])


def build(restorer: Restorer, examples: Sequence[Path], privacy: str) -> gr.Blocks:
    """The page.

    Args:
        restorer: What restores.
        examples: Photographs to try.
        privacy: Where photographs go, in a sentence.
    """
    offers = list(restorer.offers.values())
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(_LOOKED_AT, _LIFETIME)) as page:
        gr.Markdown(f"# {TITLE}\nA blurred photograph in, a sharper one out. {privacy}")
        with gr.Row():
            with gr.Column(min_width=320):
                photograph = gr.Image(
                    label=f"Photograph, up to {restorer.limits.megapixels:g} megapixels",
                    placeholder="Drop a photograph here\nor press to choose one",
                    type="filepath",
                    image_mode=None,
                    sources=["upload", "clipboard"],
                    buttons=["fullscreen"],
                    height=320,
                )
                gr.Examples([[str(each)] for each in examples], [photograph], label="Examples", cache_examples=False)
                weights = gr.Dropdown(list(restorer.offers), value=offers[0].name, label="Weights", filterable=False)
                about = gr.HTML(_about(offers[0]), padding=False)
                step = _step_choice(offers[0])
                with gr.Row():
                    run = gr.Button("Restore", variant="primary")
                    stop = gr.Button("Stop", visible=False)
                status = gr.HTML(padding=False)
            with gr.Column(min_width=320):
                slider = gr.ImageSlider(
                    label="Before and after", type="filepath", interactive=False, buttons=["fullscreen"], max_height=560
                )
                download = gr.DownloadButton("Download", visible=False)
        take_as_sent(photograph)
        _wire(restorer, (photograph, weights, step), (status, slider, download, stop), (run, about))
        page.queue(max_size=_WAITING, default_concurrency_limit=1, api_open=False)
    return page


def _wire(restorer: Restorer, inputs: Sequence[Any], outputs: Sequence[Any], others: Sequence[Any]) -> None:
    """Says what happens when something is pressed or chosen."""
    _, weights, step = inputs
    status, slider, _, stop = outputs
    run, about = others

    def restore(upload: str | None, name: str, blur_step: float | str | None) -> Iterator[tuple[Any, ...]]:
        for view in views(restorer, upload, name, blur_step):
            yield _shown(view)

    def choose(name: str) -> tuple[Any, str]:
        offer = restorer.offers[name]
        return gr.update(visible=offer.info.takes_blur_step), _about(offer)

    running = run.click(
        restore, list(inputs), list(outputs), show_progress="full", show_progress_on=[slider], api_name="restore"
    )
    quietly = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    stop.click(lambda: (stopped(), gr.update(visible=False)), None, [status, stop], cancels=[running], **quietly)
    weights.change(choose, [weights], [step, about], **quietly)


def _shown(view: View) -> tuple[Any, ...]:
    """Status, slider, download and stop button for a view."""
    if view.restored is None:
        # What was there before is of another photograph.
        return view.status, None, gr.update(visible=False), gr.update(visible=view.running)
    restored = view.restored
    size = restored.full.stat().st_size / 1e6
    button = gr.update(value=str(restored.full), label=f"Download {restored.full.name} ({size:.1f} MB)", visible=True)
    return view.status, (str(restored.before), str(restored.after)), button, gr.update(visible=False)


def _about(offer: Offer) -> str:
    return f'<div class="about">{html.escape(offer.about)}</div>'


def _step_choice(offer: Offer) -> gr.Dropdown:
    """The choice of a blur step, shown for models that take one."""
    words = {0: "0, hardly blurred", len(RADII) - 1: f"{len(RADII) - 1}, unreadable"}
    choices: list[tuple[str, Any]] = [("guess it", AUTOMATIC)]
    choices += [(words.get(number, str(number)), number) for number in range(len(RADII))]
    return gr.Dropdown(
        choices, value=AUTOMATIC, label="How blurred", filterable=False, visible=offer.info.takes_blur_step
    )
