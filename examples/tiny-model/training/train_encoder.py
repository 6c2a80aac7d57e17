"""Stage 1: the encoder learns to say what is where, from single frames that the Java generator streams."""

import argparse
import json
import math
import os
import subprocess
import time

import numpy as np
import torch
import torch.nn.functional as F

from model import COLOURS, KINDS, WIDTH, AttributeHead, Encoder
from workers import average_gradients, launch, same

RECORD = 64 * 64 * 3 + 28 * 4
NONE_KIND, NONE_COLOUR = len(KINDS), len(COLOURS)


def stream(classes, seed, batch):
    """Batches of (pixels uint8 [b, 64, 64, 3], labels float32 [b, 28]) from the generator, without end."""
    command = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-cp", classes, "io.moviechat.tinyworld.WorldTool", "frames", str(seed), str(10**9)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=1 << 20)
    try:
        while True:
            data = np.frombuffer(process.stdout.read(RECORD * batch), np.uint8).reshape(batch, RECORD)
            yield data[:, :12288].reshape(batch, 64, 64, 3), data[:, 12288:].copy().view("<f4")
    finally:
        process.kill()


def augment(x, draws=None):
    """What a video codec and a scaler do to a picture: coarse colour, a little blur or sharpening."""
    b = draws or x.shape[0]
    grey = x.mean(1, keepdim=True)
    chroma = F.interpolate(F.avg_pool2d(x - grey, 2), scale_factor=2)
    coarse = (torch.rand(b, 1, 1, 1) < 0.5).float()
    x = grey + chroma * coarse + (x - grey) * (1 - coarse)
    blur = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    amount = (torch.rand(b, 1, 1, 1) * 1.2 - 0.5) * (torch.rand(b, 1, 1, 1) < 0.5)
    return (x + amount * (blur - x)).clamp(-1, 1)


def targets(labels, grid):
    """Per cell of a grid x grid picture: kind, colour (-100: masked), five numbers, and whether there is an actor."""
    b, cells = labels.shape[0], grid * grid
    kind = torch.full((b, cells), NONE_KIND)
    colour = torch.full((b, cells), NONE_COLOUR)
    values = torch.zeros(b, cells, 5)
    there = torch.zeros(b, cells, dtype=torch.bool)
    for a in range(3):
        one = labels[:, a * 8 : a * 8 + 8]
        rows = torch.nonzero(one[:, 7] == 1).squeeze(1)
        one = one[rows]
        cell = (one[:, 3] * grid).long().clamp(0, grid - 1) * grid + (one[:, 2] * grid).long().clamp(0, grid - 1)
        kind[rows, cell] = torch.where(one[:, 0] < 0, -100, one[:, 0].long())
        colour[rows, cell] = torch.where(one[:, 1] < 0, -100, one[:, 1].long())
        values[rows, cell] = torch.stack([one[:, 2] * 2 - 1, one[:, 3] * 2 - 1, one[:, 4] * 4, one[:, 5], one[:, 6]], 1)
        there[rows, cell] = True
    return kind, colour, values, there


def head_loss(outputs, wanted, weight_kind, weight_colour):
    kind, colour, values = outputs
    t_kind, t_colour, t_values, there = wanted
    loss = F.cross_entropy(kind.flatten(0, 1), t_kind.flatten(), weight=weight_kind, ignore_index=-100)
    loss = loss + F.cross_entropy(colour.flatten(0, 1), t_colour.flatten(), weight=weight_colour, ignore_index=-100)
    return loss + 2 * F.smooth_l1_loss(values[there], t_values[there], beta=0.1)


def accuracy(outputs, wanted):
    there = wanted[3]
    result = []
    for i in range(2):
        known = there & (wanted[i] >= 0)
        result.append((outputs[i].argmax(-1)[known] == wanted[i][known]).float().mean().item())
    result.append((outputs[2][there][:, :2] - wanted[2][there][:, :2]).abs().mean().item() * 32)
    none = ~there
    result.append((outputs[0].argmax(-1)[none] == NONE_KIND).float().mean().item())
    return result


def options():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--classes", required=True)
    options.add_argument("--minutes", type=float, default=20)
    options.add_argument("--batch", type=int, default=128)
    options.add_argument("--rate", type=float, default=1.5e-3)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--workers", type=int, default=2)
    return options.parse_args()


def main(rank, o):
    torch.manual_seed(o.seed)
    encoder = Encoder().to(memory_format=torch.channels_last)
    heads = torch.nn.ModuleList([AttributeHead(128), AttributeHead(WIDTH), torch.nn.Linear(128, 4)])
    parameters = list(encoder.parameters()) + list(heads.parameters())
    print("encoder parameters", sum(p.numel() for p in encoder.parameters()))
    optimiser = torch.optim.AdamW(parameters, o.rate, betas=(0.9, 0.98), weight_decay=0.02)
    path = os.path.join(o.run, "encoder.pt")
    frames, spent = 0, 0.0
    if os.path.exists(path):
        state = torch.load(path)
        encoder.load_state_dict(state["encoder"])
        heads.load_state_dict(state["heads"])
        optimiser.load_state_dict(state["optimiser"])
        frames, spent = state["frames"], state["seconds"]
    w_kind = torch.ones(NONE_KIND + 1)
    w_kind[-1] = 0.2
    w_colour = torch.ones(NONE_COLOUR + 1)
    w_colour[-1] = 0.2
    torch.manual_seed(o.seed * 7919 + rank + frames)
    log = open(os.path.join(o.run, "encoder.jsonl"), "a")
    start = time.time()
    sums, steps = 0.0, 0
    for pixels, labels in stream(o.classes, o.seed * 1000003 + frames * 64 + rank, o.batch):
        progress = same((time.time() - start) / (o.minutes * 60), o.workers)
        if progress >= 1:
            break
        warm = min(1, frames / 20000)
        rate = o.rate * warm * (1 if progress < 0.5 else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (progress - 0.5) / 0.5)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        x = torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
        x = augment(x).contiguous(memory_format=torch.channels_last)
        labels = torch.from_numpy(labels)
        fine, coarse = targets(labels, 4), targets(labels, 2)
        with torch.autocast("cpu", torch.bfloat16):
            cells = encoder.cells(x)
            rows = encoder.project(cells)
            fine_out, coarse_out = heads[0](cells), heads[1](rows)
            backdrop = heads[2](cells.mean(1)).float()
        loss = 0.5 * head_loss(fine_out, fine, w_kind, w_colour) + head_loss(coarse_out, coarse, w_kind, w_colour)
        loss = loss + 0.1 * F.cross_entropy(backdrop, labels[:, 24].long())
        # Rows of about unit size, so that merging and the decoder meet a known scale.
        loss = loss + 0.01 * (rows.float().pow(2).mean() - 1).pow(2)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(parameters, o.workers)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        frames += o.batch * o.workers
        sums += loss.item()
        steps += 1
        if steps == 200 and rank > 0:
            sums, steps = 0.0, 0
        if steps == 200:
            kind, colour, position, none = accuracy(coarse_out, coarse)
            line = dict(frames=frames, seconds=round(spent + time.time() - start), loss=sums / steps, kind=kind, colour=colour, position=position, none=none, rate=rate)
            print(json.dumps(line), flush=True)
            log.write(json.dumps(line) + "\n")
            log.flush()
            sums, steps = 0.0, 0
            state = dict(encoder=encoder.state_dict(), heads=heads.state_dict(), optimiser=optimiser.state_dict(), frames=frames, seconds=spent + time.time() - start)
            torch.save(state, path + ".new")
            os.replace(path + ".new", path)


if __name__ == "__main__":
    arguments = options()
    os.makedirs(arguments.run, exist_ok=True)
    launch(main, arguments)
