"""Several processes that average their gradients. One thread each: on small models that beats one process with several threads."""

import os
import socket

import torch
import torch.distributed as dist
import torch.multiprocessing as mp


def _enter(rank, workers, port, main, o, together):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    if workers > 1 and together:
        dist.init_process_group("gloo", rank=rank, world_size=workers)
    main(rank, o)


def launch(main, o, together=True):
    """Runs main(rank, o) in o.workers processes, which can hear of each other if they are together."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    if o.workers == 1:
        _enter(0, 1, port, main, o, together)
    else:
        mp.spawn(_enter, args=(o.workers, port, main, o, together), nprocs=o.workers)


def average_gradients(parameters, workers):
    if workers == 1:
        return
    # A head that had nothing to learn in this batch has no gradient: it counts as zero.
    flat = torch.cat([(p.grad if p.grad is not None else torch.zeros_like(p)).flatten() for p in parameters])
    dist.all_reduce(flat)
    flat /= workers
    at = 0
    for p in parameters:
        p.grad = flat[at : at + p.numel()].view_as(p)
        at += p.numel()


def same(value, workers):
    """The first process's number, for all."""
    if workers == 1:
        return value
    box = torch.tensor([float(value)], dtype=torch.float64)
    dist.broadcast(box, 0)
    return box.item()
