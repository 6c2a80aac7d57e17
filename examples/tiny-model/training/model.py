"""The small vision-language model: a vision encoder with its projector, and a LLaMA-like decoder."""

import torch
import torch.nn as nn
import torch.nn.functional as F

KINDS = ["circle", "square", "triangle", "cross", "star", "heart", "house", "tree", "car", "fish", "bird", "face"]
COLOURS = ["red", "green", "blue", "yellow", "purple", "orange", "white", "cyan"]
ACTIONS = ["still", "left", "right", "up", "down", "grows", "shrinks", "spins", "blinks", "bounces", "enters", "leaves"]

SIDE = 64  # pixels
CELLS = 16  # 4 x 4 cells inside the encoder
ROWS = 4  # rows a frame, one per quarter of the picture
WIDTH = 192  # width of the decoder, and of the rows


def attention(q, k, v, bias=None):
    """Grouped attention: q [b, heads, n, size], k and v [b, groups, m, size], bias broadcastable to [b, 1, n, m].

    Plain products: in bfloat16 on a CPU they run on the matrix units, which torch's fused kernels leave idle. A card has good fused kernels.
    """
    b, heads, n, size = q.shape
    groups, m = k.shape[1], k.shape[2]
    if q.is_cuda:
        return fused_attention(q, k, v, attn_mask=bias)
    scores = q.reshape(b * groups, heads // groups * n, size) @ k.reshape(b * groups, m, size).transpose(1, 2)
    scores = scores.view(b, heads, n, m)
    if bias is not None:
        scores = scores + bias
    mixed = torch.softmax(scores, -1).view(b * groups, heads // groups * n, m) @ v.reshape(b * groups, m, size)
    return mixed.view(b, heads, n, size)


def fused_attention(q, k, v, **how):
    """torch's own, of queries that are scaled already; each group's keys and values are repeated for its heads."""
    per = q.shape[1] // k.shape[1]
    k, v = (x.unsqueeze(2).expand(-1, -1, per, -1, -1).flatten(1, 2) for x in (k, v))
    return F.scaled_dot_product_attention(q, k, v, scale=1.0, **how)


def causal_attention(q, k, v, chunk=160):
    """Attention of a sequence to itself and its past, in chunks so that the future is mostly not computed."""
    if q.is_cuda:
        return fused_attention(q, k, v, is_causal=True)
    n = q.shape[2]
    mixed = []
    for start in range(0, n, chunk):
        end = min(n, start + chunk)
        hidden = torch.ones(end - start, end, dtype=torch.bool, device=q.device).triu(start + 1)
        bias = torch.zeros(end - start, end, dtype=q.dtype, device=q.device).masked_fill_(hidden, -1e4)
        mixed.append(attention(q[:, :, start:end], k[:, :, :end], v[:, :, :end], bias))
    return torch.cat(mixed, 2)


class EncoderBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        b, n, w = x.shape
        qkv = self.qkv(self.norm1(x)).view(b, n, 3, self.heads, w // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        # 16 tokens: plain products are as fast as a fused kernel, and export to any runtime.
        mixed = torch.softmax(q @ k.transpose(-1, -2) * (w // self.heads) ** -0.5, -1) @ v
        x = x + self.out(mixed.transpose(1, 2).reshape(b, n, w))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Encoder(nn.Module):
    """[batch, 3, 64, 64] in -1..1 -> [batch, 4, 192]: what the memory merges and the decoder reads."""

    def __init__(self, width=128, layers=3, heads=4):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(64, width, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(width, width, 2, 2),
        )
        self.place = nn.Parameter(torch.randn(1, CELLS, width) * 0.02)
        self.blocks = nn.ModuleList(EncoderBlock(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(4 * width, 320)
        self.down = nn.Linear(320, WIDTH)

    def cells(self, pixels):
        x = self.stem(pixels).flatten(2).transpose(1, 2) + self.place
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def project(self, cells):
        b, _, w = cells.shape
        quarters = cells.view(b, 2, 2, 2, 2, w).permute(0, 1, 3, 2, 4, 5).reshape(b, ROWS, 4 * w)
        return self.down(F.gelu(self.up(quarters)))

    def forward(self, pixels):
        return self.project(self.cells(pixels))


class AttributeHead(nn.Module):
    """What is at each cell: kind or none, colour or none, x, y, radius, sine, cosine."""

    SIZES = [len(KINDS) + 1, len(COLOURS) + 1, 5]

    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(width, sum(self.SIZES))

    def forward(self, x):
        return self.linear(x).float().split(self.SIZES, -1)


def autocast_type(x):
    """bfloat16 where products are made in it on the device of x, else the type of x."""
    fast = torch.is_autocast_enabled() if x.is_cuda else torch.is_autocast_cpu_enabled()
    return torch.bfloat16 if fast else x.dtype


class _RMSNorm(torch.autograd.Function):
    """The usual formula with few passes over memory: on a CPU, passes are what costs."""

    @staticmethod
    def forward(ctx, x, weight, dtype):
        d = x.shape[-1]
        x = x.float()
        r = (torch.linalg.vector_norm(x, dim=-1, keepdim=True).pow_(2).div_(d).add_(1e-5)).rsqrt_()
        ctx.save_for_backward(x, weight, r)
        return (x * r).mul_(weight).to(dtype)

    @staticmethod
    def backward(ctx, g):
        x, weight, r = ctx.saved_tensors
        d = x.shape[-1]
        g = g.float()
        unit = x * r
        flat_g, flat_u = g.reshape(-1, d), unit.reshape(-1, d)
        to_weight = (flat_g * flat_u).sum(0)
        g = g * weight
        along = (g.reshape(-1, 1, d) @ flat_u.unsqueeze(2)).view(r.shape) / d
        return g.sub_(unit.mul_(along)).mul_(r), to_weight, None


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        if self.training and x.is_cuda:
            return F.rms_norm(x.float(), self.weight.shape, self.weight, 1e-5).to(autocast_type(x))
        if self.training:
            return _RMSNorm.apply(x, self.weight, autocast_type(x))
        x = x.float()
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


def rotary(positions, size, theta=10000.0):
    """Cosine and sine [..., length, size] of the rotary embedding, halves layout."""
    frequencies = theta ** (-torch.arange(0, size, 2, dtype=torch.float32, device=positions.device) / size)
    angles = positions.float().unsqueeze(-1) * frequencies
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


class DecoderLayer(nn.Module):
    def __init__(self, width, heads, groups, size, inner):
        super().__init__()
        self.heads, self.groups, self.size = heads, groups, size
        self.norm1 = RMSNorm(width)
        self.q = nn.Linear(width, heads * size, bias=False)
        self.k = nn.Linear(width, groups * size, bias=False)
        self.v = nn.Linear(width, groups * size, bias=False)
        self.o = nn.Linear(heads * size, width, bias=False)
        self.norm2 = RMSNorm(width)
        self.gate = nn.Linear(width, inner, bias=False)
        self.up = nn.Linear(width, inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)

    def queries(self, x, cos, sin):
        b, n, _ = x.shape
        q = self.q(x).view(b, n, self.heads, self.size).transpose(1, 2)
        scale = self.size**-0.5
        return rotate(q, cos * scale, sin * scale)

    def keys_values(self, x, cos, sin):
        b, n, _ = x.shape
        k = self.k(x).view(b, n, self.groups, self.size).transpose(1, 2)
        v = self.v(x).view(b, n, self.groups, self.size).transpose(1, 2)
        return rotate(k, cos, sin), v

    def feed(self, x):
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))

    def close(self, x, mixed):
        b, _, n, _ = mixed.shape
        return self.feed(x + self.o(mixed.transpose(1, 2).reshape(b, n, -1)))


class Decoder(nn.Module):
    LAYERS, HEADS, GROUPS, SIZE, INNER = 6, 4, 2, 64, 512

    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, WIDTH)
        nn.init.normal_(self.embed.weight, std=0.05)
        # Words enter as large as rows and layer outputs are: else a word's identity drowns after the first layer.
        self.register_buffer("input_scale", torch.tensor(20.0))
        self.layers = nn.ModuleList(DecoderLayer(WIDTH, self.HEADS, self.GROUPS, self.SIZE, self.INNER) for _ in range(self.LAYERS))
        self.norm = RMSNorm(WIDTH)
        self.head = nn.Linear(WIDTH, vocabulary, bias=False)
        self.head.weight = self.embed.weight

        with torch.no_grad():
            for layer in self.layers:
                layer.o.weight /= (2 * self.LAYERS) ** 0.5
                layer.down.weight /= (2 * self.LAYERS) ** 0.5

    def words(self, ids):
        return self.embed(ids) * self.input_scale

    def load_state_dict(self, state, *rest, **more):
        # Checkpoints from before the scale had none.
        return super().load_state_dict({"input_scale": torch.tensor(1.0), **state}, *rest, **more)

    def train_forward(self, prefix, text, prefix_positions, text_positions, text_bias):
        """Prefix [b, p, w] is causal; text [b, t, w] sees what the additive text_bias [b, 1, t, p + t] allows.

        Returns the text's final states, and where the auxiliary heads sit: the prefix's states before the last layer but one, the
        text's before the last. So what a slot knows can be read by a word, and what a word knows by the answer.
        """
        kind = autocast_type(prefix)
        cp, sp = (a.unsqueeze(1).to(kind) for a in rotary(prefix_positions, self.SIZE))
        ct, st = (a.unsqueeze(1).to(kind) for a in rotary(text_positions, self.SIZE))
        text_bias = text_bias.to(kind)
        for i, layer in enumerate(self.layers):
            if i + 2 == len(self.layers):
                slots = prefix
            hp, ht = layer.norm1(prefix), layer.norm1(text)
            kp, vp = layer.keys_values(hp, cp, sp)
            kt, vt = layer.keys_values(ht, ct, st)
            k, v = torch.cat([kp, kt], 2), torch.cat([vp, vt], 2)
            earlier = text
            text_mixed = attention(layer.queries(ht, ct, st), k, v, text_bias)
            if i + 1 < len(self.layers):
                prefix = layer.close(prefix, causal_attention(layer.queries(hp, cp, sp), kp, vp))
            text = layer.close(text, text_mixed)
        return self.norm(text), slots, earlier
