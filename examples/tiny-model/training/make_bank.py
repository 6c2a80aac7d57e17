"""Stage 2: the frozen encoder's rows of every scene of the bank, kept as half floats."""

import argparse
import json
import os
import struct
import subprocess
import time

import numpy as np
import torch

from model import Encoder
from train_encoder import augment
from workers import launch


def scenes(classes, seed, first, count, split):
    command = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-cp", classes, "io.moviechat.tinyworld.WorldTool", "scenes", str(seed), str(first), str(count), split]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=1 << 20)
    for _ in range(count):
        (size,) = struct.unpack("<i", process.stdout.read(4))
        info = json.loads(process.stdout.read(size))
        (frames,) = struct.unpack("<i", process.stdout.read(4))
        yield info, np.frombuffer(process.stdout.read(frames * 12288), np.uint8).reshape(frames, 64, 64, 3)
    process.wait()


def options():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--classes", required=True)
    options.add_argument("--seed", type=int, default=101)
    options.add_argument("--scenes", type=int, default=20000)
    options.add_argument("--split", default="SEEN")
    options.add_argument("--name", default="bank")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--clean", action="store_true", help="no codec-like changes of the pictures")
    return options.parse_args()


def main(rank, o):
    torch.manual_seed(o.seed + rank)
    encoder = Encoder()
    encoder.load_state_dict(torch.load(os.path.join(o.run, "encoder.pt"), map_location="cpu")["encoder"])
    encoder = encoder.eval().to(memory_format=torch.channels_last)
    share = o.scenes // o.workers
    infos, start = [], time.time()
    with open(os.path.join(o.run, f"{o.name}.{rank}.f16"), "wb") as out, torch.no_grad():
        pending, held = [], 0

        def flush():
            x = torch.from_numpy(np.concatenate(pending)).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
            if not o.clean:
                x = augment(x, 1)  # one codec for a whole run of scenes: frames of a scene stay alike
            with torch.autocast("cpu", torch.bfloat16):
                rows = encoder(x.contiguous(memory_format=torch.channels_last))
            out.write(rows.float().numpy().astype(np.float16).tobytes())

        for info, frames in scenes(o.classes, o.seed, rank * share, share, o.split):
            info["frames"] = len(frames)
            infos.append(info)
            pending.append(frames)
            held += len(frames)
            if held >= 256:
                flush()
                pending.clear()
                held = 0
        if pending:
            flush()
    with open(os.path.join(o.run, f"{o.name}.{rank}.json"), "w") as file:
        json.dump(infos, file)
    print(f"{o.name} {rank}: {len(infos)} scenes, {sum(i['frames'] for i in infos)} frames, {time.time() - start:.0f} s", flush=True)


class Bank:
    """Rows and scripts of all scenes."""

    def __init__(self, run, name="bank"):
        self.infos, self.parts, self.where = [], [], []
        rank = 0
        while os.path.exists(os.path.join(run, f"{name}.{rank}.json")):
            infos = json.load(open(os.path.join(run, f"{name}.{rank}.json")))
            self.parts.append(np.memmap(os.path.join(run, f"{name}.{rank}.f16"), np.float16, "r").reshape(-1, 4, 192))
            at = 0
            for info in infos:
                self.infos.append(info)
                self.where.append((rank, at, info["frames"]))
                at += info["frames"]
            rank += 1

    def __len__(self):
        return len(self.infos)

    def rows(self, scene, frames):
        """The first `frames` frames of a scene; a scene that is held for longer repeats."""
        part, at, length = self.where[scene]
        if frames <= length:
            return self.parts[part][at : at + frames]
        return self.parts[part][at + np.arange(frames) % length]


if __name__ == "__main__":
    arguments = options()
    launch(main, arguments, together=False)
