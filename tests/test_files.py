"""Writing a file: it is there whole or not at all, whatever happens meanwhile."""

import os
import random
import resource
import signal
import subprocess
import sys
import time

import pytest

from microtensor import files


def test_on_a_full_disk_the_old_file_stays_and_nothing_else(tmp_path):
    """A limit on the size of files makes the system refuse, as it does where there is no room."""
    path = tmp_path / "x"
    files.write_whole(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            files.write_whole(path, bytes(2**20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.listdir(tmp_path) == ["x"]
    assert path.read_bytes() == b"old"


WRITER = """
import importlib.util, sys, time
spec = importlib.util.spec_from_file_location("files", sys.argv[1])
files = importlib.util.module_from_spec(spec)
spec.loader.exec_module(files)


def slowly(letter):
    for _ in range(40):
        yield letter * 10_000
        time.sleep(0.001)


print("ready", flush=True)
for i in range(1000):
    files.write_whole(sys.argv[2], slowly(b"AB"[i % 2 : i % 2 + 1]))
"""


def kill_a_writer(path, rng):
    command = [sys.executable, "-S", "-c", WRITER, files.__file__, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.15))
        writer.send_signal(signal.SIGKILL)


def drafts(folder):
    return [name for name in os.listdir(folder) if name.endswith(".draft")]


def test_a_writer_that_is_killed_leaves_a_whole_file_and_the_next_one_tidies_up(tmp_path):
    path, rng = tmp_path / "x", random.Random(0)
    abandoned = 0
    files.write_whole(path, b"A" * 400_000)
    for _ in range(10):
        kill_a_writer(path, rng)
        content = path.read_bytes()
        assert content in (b"A" * 400_000, b"B" * 400_000)
        assert len(drafts(tmp_path)) <= 1  # each writer removed what the one before it left
        abandoned += len(drafts(tmp_path))
    assert abandoned > 0  # it was killed in the middle at least once
    files.write_whole(path, b"new")
    assert os.listdir(tmp_path) == ["x"]


def test_a_draft_that_somebody_is_writing_is_left_alone(tmp_path):
    path = tmp_path / "x"

    def parts():
        yield b"outer"
        files.write_whole(path, b"inner")
        assert len(drafts(tmp_path)) == 1
        assert path.read_bytes() == b"inner"

    files.write_whole(path, parts())
    assert path.read_bytes() == b"outer"
    assert os.listdir(tmp_path) == ["x"]


def test_drafts_of_other_files_are_left_alone(tmp_path):
    (tmp_path / ".y.abc.draft").write_bytes(b"mine")
    (tmp_path / ".x.notes").write_bytes(b"mine")
    files.write_whole(tmp_path / "x", b"new")
    assert sorted(os.listdir(tmp_path)) == [".x.notes", ".y.abc.draft", "x"]


def test_the_bytes_are_on_the_disk_before_the_name_is_and_then_the_name(tmp_path, monkeypatch):
    told = []

    def recorded(function, name):
        def call(*args):
            told.append((name, *map(place_of, args)))
            return function(*args)

        return call

    def place_of(x):
        x = os.readlink(f"/proc/self/fd/{x}") if isinstance(x, int) else str(x)
        return "draft" if x.endswith(".draft") else os.path.relpath(x, tmp_path)

    monkeypatch.setattr(os, "fsync", recorded(os.fsync, "fsync"))
    monkeypatch.setattr(os, "replace", recorded(os.replace, "replace"))
    files.write_whole(tmp_path / "new" / "x", b"1")
    assert told == [
        ("fsync", "."),  # where the folder's name is
        ("fsync", "draft"),
        ("replace", "draft", os.path.join("new", "x")),
        ("fsync", "new"),
    ]


def test_a_file_whose_parts_fail_is_not_written(tmp_path):
    def parts():
        yield b"half"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        files.write_whole(tmp_path / "x", parts())
    assert os.listdir(tmp_path) == []
