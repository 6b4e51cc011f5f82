#!/usr/bin/env python3
"""Redacts spoilt copies of every clip in a folder and looks at how each run ends; started by scripts/soak.

Usage: spoil.py MELKGLAS DIR [COUNT]

Makes COUNT files (500 by default), in turn from all clips under DIR: cut at a tenth, or with 1 to 1000 flipped bytes, or
a hole of zeros; always the same ones. A run must end within TIME_LIMIT seconds and MEMORY_LIMIT MiB, with exit code
0, 4 or 5. A refusal is one sentence and leaves no file; a success has as many frames in the file as in the report.
"""
import collections, json, os, pathlib, random, resource, struct, subprocess, sys, tempfile, threading, time

TIME_LIMIT = 90
MEMORY_LIMIT = 1500
SITE = """schema = 1
[detect]
workers = 1
person_input_px = 64
face_input_px = 64
[limits]
stall_secs = 10
"""


def spoilt(sound, number, dice):
    """One spoilt copy, and how it was spoilt."""
    data = bytearray(sound)
    kind = number % 4
    if kind == 0 and len(data) > 10:
        tenth = dice.randrange(1, 10)
        return data[:len(data) * tenth // 10], f"cut at {tenth} tenths"
    if kind == 1 and len(data) > 2:
        start = dice.randrange(len(data))
        length = min(dice.choice([16, 188, 4096, 65536]), len(data) - start)
        data[start:start + length] = bytes(length)
        return data, f"{length} zeros at {start}"
    hits = dice.choice([1, 3, 10, 30, 100, 1000])
    # Tables stand at either end: every other file is hit there alone.
    reach = len(data) if kind == 2 else min(len(data), 4096)
    end = dice.random() < 0.5
    for _ in range(hits if data else 0):
        at = dice.randrange(reach)
        data[len(data) - 1 - at if end else at] ^= dice.randrange(1, 256)
    return data, f"{hits} flipped bytes in {reach}{' from the end' if end else ''}"


def frames_of(path):
    """Samples of the only track of an MP4 file."""
    data = path.read_bytes()
    at = data.rfind(b"stsz")
    return struct.unpack(">I", data[at + 12:at + 16])[0] if at >= 0 else None


def run(melkglas, work, clip, extra):
    """One run: exit code, stdout, stderr, seconds, MiB."""
    command = [melkglas, "redact", clip.name, "-o", "out.mp4", "--no-camera", "--json", "--report", "out.json", "--site",
               "../site.toml", *extra]
    started = time.monotonic()
    with open(work.parent / "stdout", "w+b") as out, open(work.parent / "stderr", "w+b") as err:
        process = subprocess.Popen(command, cwd=work, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        late = threading.Timer(TIME_LIMIT, process.kill)
        late.start()
        _, status, usage = os.wait4(process.pid, 0)
        late.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return (process.returncode, out.read().decode(errors="replace"), err.read().decode(errors="replace"),
                time.monotonic() - started, usage.ru_maxrss / 1024)


def faults_of(work, clip, code, stdout, stderr, took, peak):
    """Everything that is wrong with how a run ended."""
    faults = []
    if took >= TIME_LIMIT:
        faults.append(f"took {took:.0f} s")
    if peak > MEMORY_LIMIT:
        faults.append(f"took {peak:.0f} MiB")
    if code not in (0, 4, 5):
        faults.append(f"exit code {code}")
    if "panicked" in stderr or "CRITICAL" in stderr or "WARNING" in stderr:
        faults.append("talks of its insides")
    left = sorted(path.name for path in work.iterdir() if path.name != clip.name)
    if code == 0:
        if left != ["out.json", "out.mp4"]:
            faults.append(f"left {left}")
        else:
            report = json.loads((work / "out.json").read_text())
            written, line = report["frames"]["written"], json.loads(stdout)["frames"]
            if not written == line == frames_of(work / "out.mp4") == report["read_back"]["frames"]:
                faults.append("frames do not add up")
    else:
        if left:
            faults.append(f"left {left}")
        if stderr.count("×") != 1:
            faults.append("not one sentence")
    return faults


def main():
    melkglas, folder = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 500
    clips = sorted(path for path in folder.rglob("*") if path.is_file())
    if not clips:
        sys.exit(f"soak: there is no file in {folder}")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    codes, failed, slowest, largest = collections.Counter(), [], (0, ""), (0, "")
    sentences = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="melkglas-spoil.") as root:
        work = pathlib.Path(root) / "desk"
        work.mkdir()
        (work.parent / "site.toml").write_text(SITE)
        for number in range(count):
            original = clips[number % len(clips)]
            # The number of the round goes in, so that one clip is spoilt in all ways.
            dice = random.Random(number)
            data, how = spoilt(original.read_bytes(), number // len(clips) + number % len(clips), dice)
            clip = work / f"clip{original.suffix}"
            clip.write_bytes(data)
            extra = ["--rate", "25"] if original.suffix in (".h264", ".h265") else []
            if len(data) > 300_000 or number % 2:
                extra += ["--to", "0.5"]
            ended = run(melkglas, work, clip, extra)
            code, stderr, took, peak = ended[0], ended[2], ended[3], ended[4]
            what = f"{original.name}, {how} (number {number})"
            faults = faults_of(work, clip, *ended)
            codes[code] += 1
            slowest, largest = max(slowest, (took, what)), max(largest, (peak, what))
            if code:
                said = " ".join(word for word in stderr.split("×")[-1].split() if word != "│")
                sentences["".join("#" if c.isdigit() else c for c in said)[:100]] += 1
            if faults:
                failed.append((what, faults))
                print(f"{what}: {'; '.join(faults)}\n{stderr.strip()[:600]}", file=sys.stderr, flush=True)
            for path in work.iterdir():
                path.unlink()
    for words, times in sentences.most_common():
        print(f"{times:6}  {words}")
    print(f"{count} spoilt files of {len(clips)} clips: " + ", ".join(f"{n} with exit code {c}" for c, n in sorted(codes.items())))
    print(f"slowest {slowest[0]:.1f} s: {slowest[1]}\nlargest {largest[0]:.0f} MiB: {largest[1]}")
    if failed:
        sys.exit(f"soak: {len(failed)} of {count} runs ended as none may")


main()
