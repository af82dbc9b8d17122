"""What the frameworks would print at their start is kept from the screen; see `zoo.start`."""

from __future__ import annotations

from zoo.start import quiet_frameworks as quiet_frameworks
