"""Free memory as the system and a container say it."""

from __future__ import annotations

from common import memory


def test_there_is_some_here():
    assert memory.free_memory() > 2**20


def test_the_smaller_of_the_system_and_the_container(tmp_path, monkeypatch):
    for name, text in {
        "meminfo": "MemTotal: 8000 kB\nMemAvailable:  4000 kB\n",
        "limit": "3000000\n",
        "used": "2000000\n",
        "stat": "anon 5\ninactive_file 500000\n",
        "none": "max\n",
    }.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_GROUPS", ())
    assert memory.free_memory() == 4000 * 1024
    group = tuple(tmp_path / name for name in ("limit", "used", "stat"))
    monkeypatch.setattr(memory, "_GROUPS", (group,))
    assert memory.free_memory() == 1_500_000
    monkeypatch.setattr(memory, "_GROUPS", ((tmp_path / "none", *group[1:]), (tmp_path / "missing", *group[1:])))
    assert memory.free_memory() == 4000 * 1024
