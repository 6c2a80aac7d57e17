"""Muon: the momentum of a matrix is replaced by the nearest orthogonal matrix, so that rare directions are learned as fast as common ones.

After Keller Jordan's description (kellerjordan.github.io/posts/muon); scaled so that a step is as large as AdamW's at the same rate
(arXiv 2502.16982, section 2.2).
"""

import torch


def orthogonal(x):
    """Five steps of the quintic Newton-Schulz iteration, on a batch of matrices of one shape."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = x.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.transpose(-2, -1)
    x = x / (x.float().flatten(1).norm(dim=1)[:, None, None].bfloat16() + 1e-7)
    for _ in range(5):
        square = x @ x.transpose(-2, -1)
        x = a * x + (b * square + c * square @ square) @ x
    return x.transpose(-2, -1) if tall else x


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, rate, momentum=0.95, weight_decay=0.02):
        super().__init__(parameters, dict(lr=rate, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes = {}
            for p in group["params"]:
                if p.grad is not None:
                    shapes.setdefault(p.shape, []).append(p)
            for shape, same in shapes.items():
                looks = []
                for p in same:
                    held = self.state[p].setdefault("momentum", torch.zeros_like(p))
                    held.lerp_(p.grad, 1 - group["momentum"])
                    looks.append(p.grad.lerp(held, group["momentum"]))
                steps = orthogonal(torch.stack(looks)).float()
                size = group["lr"] * 0.2 * max(shape) ** 0.5
                for p, step in zip(same, steps):
                    p.mul_(1 - group["lr"] * group["weight_decay"]).add_(step, alpha=-size)
