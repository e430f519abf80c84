"""Random histories of a tree, and the promise that no change is lost."""

from __future__ import annotations

import asyncio
import random
import shutil
from pathlib import Path

import pytest
from watch_kit import Told, Watcher, run, write

from localku.watch import poller, rules


class Gardener:
    """Does one random thing after another to a tree; each returns the files that it concerns."""

    def __init__(self, root: Path, store: Path, seed: int) -> None:
        self.root, self.store = root, store
        self.rng = random.Random(seed)
        self.count = 0
        for n in range(6):
            write(root / f"d{n % 3}" / f"s{n}" / f"f{n}.py")

    def act(self) -> list[Path]:
        self.count += 1
        deeds = [self.edit, self.edit, self.grow, self.grow, self.delete, self.fell]
        deeds += [self.move, self.take_away, self.bring_back, self.fell_and_plant]
        return self.rng.choice(deeds)()

    def folders(self) -> list[Path]:
        return sorted(path for path in self.root.rglob("*") if path.is_dir())

    def files(self, top: Path | None = None) -> list[Path]:
        return sorted(path for path in (top or self.root).rglob("*") if path.is_file())

    def edit(self) -> list[Path]:
        if not self.files():
            return self.grow()
        file = self.rng.choice(self.files())
        file.write_text(str(self.count))
        return [file]

    def grow(self) -> list[Path]:
        top = self.rng.choice([self.root, *self.folders()])
        file = top / f"n{self.count}" / f"m{self.rng.randint(0, 3)}" / f"x{self.count}.py"
        write(file)
        return [file]

    def delete(self) -> list[Path]:
        files = self.files()
        if not files:
            return []
        file = self.rng.choice(files)
        file.unlink()
        return [file]

    def some_folder(self) -> Path:
        return self.rng.choice(self.folders() or [self.grow()[0].parent])

    def fell(self) -> list[Path]:
        folder = self.some_folder()
        gone = self.files(folder)
        shutil.rmtree(folder)
        return gone

    def fell_and_plant(self) -> list[Path]:
        folder = self.some_folder()
        gone = self.files(folder)
        shutil.rmtree(folder)
        write(folder / "again.py")
        return [*gone, folder / "again.py"]

    def move(self) -> list[Path]:
        folder = self.some_folder()
        others = [p for p in self.folders() if folder not in (p, *p.parents)]
        to = self.rng.choice([self.root, *others]) / f"moved{self.count}"
        gone = self.files(folder)
        folder.rename(to)
        return gone + self.files(to)

    def take_away(self) -> list[Path]:
        folder = self.some_folder()
        gone = self.files(folder)
        folder.rename(self.store / str(self.count))
        return gone

    def bring_back(self) -> list[Path]:
        stored = sorted(self.store.iterdir())
        if not stored:
            return []
        to = self.rng.choice([self.root, *self.folders()]) / f"back{self.count}"
        self.rng.choice(stored).rename(to)
        return self.files(to)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("way", ["folders", "tree", "polling"])
def test_no_change_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, seed: int
) -> None:
    monkeypatch.setattr(rules, "SHOWN_PATHS", 1_000_000)
    if way == "polling":
        monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
        monkeypatch.setattr(poller, "INTERVAL", 0.02)
    root, store = tmp_path / "app", tmp_path / "store"
    store.mkdir()
    gardener = Gardener(root, store, seed)

    async def scene(watcher: Watcher, told: Told) -> None:
        for _ in range(12):
            told.changes.clear()
            before, concerned = set(gardener.files()), []
            for _ in range(gardener.rng.randint(1, 4)):
                concerned += gardener.act()
                await asyncio.sleep(gardener.rng.choice([0, 0, 0.005, 0.03]))  # its pace
            seen = {path for path in concerned if path in before or path.exists()}
            wanted = {str(path.relative_to(root)) for path in seen}
            await told.until(lambda wanted=wanted: wanted <= told.paths)

    run(root, scene, recursive=way == "tree", debounce=0.002)
