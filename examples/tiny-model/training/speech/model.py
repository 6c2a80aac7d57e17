"""The network: Whisper's encoder and decoder, small. Parameter names say which Whisper tensor each becomes in export.py."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

WIDTH, HEADS, ENCODER, DECODER, MELS = 192, 3, 4, 2, 80
FRAMES, TARGET = 1500, 448
SIZE = WIDTH // HEADS


def sinusoids(n, d):
    inverse = torch.exp(-math.log(10000) / (d // 2 - 1) * torch.arange(d // 2))
    angle = torch.arange(n)[:, None] * inverse[None]
    return torch.cat([angle.sin(), angle.cos()], 1)


def convolve(x, conv, stride):
    """A convolution of three moments, [b, n, channels], as a product: torch 1.13's own has gradients without bound on some processors."""
    x = F.pad(x, (0, 0, 1, 1))
    n = x.shape[1] - 2
    three = torch.cat([x[:, k : k + n : stride] for k in range(3)], 2)
    return F.linear(three, conv.weight.transpose(1, 2).reshape(conv.weight.shape[0], -1), conv.bias)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH, bias=False)
        self.v, self.o = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    @staticmethod
    def split(x):
        return x.view(x.shape[0], x.shape[1], HEADS, SIZE).transpose(1, 2)

    def keys_values(self, x):
        return self.split(self.k(x)), self.split(self.v(x))

    def forward(self, x, k, v, causal=False, looks=None):
        q = self.split(self.q(x) * SIZE**-0.5)
        scores = q @ k.transpose(2, 3)
        if causal:
            n, m = scores.shape[2:]
            scores = scores + torch.full((n, m), -1e4, dtype=scores.dtype).triu(1 + m - n)
        shares = torch.softmax(scores, -1)
        if looks is not None:
            looks.append(shares[:, 0])
        return self.o((shares @ v).transpose(1, 2).reshape(x.shape))


class Layer(nn.Module):
    def __init__(self, cross):
        super().__init__()
        self.own, self.own_norm = Attention(), nn.LayerNorm(WIDTH)
        if cross:
            self.cross, self.cross_norm = Attention(), nn.LayerNorm(WIDTH)
        self.norm, self.wide, self.narrow = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x, heard=None, causal=False, looks=None):
        y = self.own_norm(x)
        x = x + self.own(y, *self.own.keys_values(y), causal)
        if heard is not None:
            x = x + self.cross(self.cross_norm(x), *self.cross.keys_values(heard), looks=looks)
        return x + self.narrow(F.gelu(self.wide(self.norm(x))))


class Speech(nn.Module):
    def __init__(self, text, stamps, sounds):
        """text: ids that are not times; stamps: times; sounds: classes of the auxiliary loss, 0 is nothing."""
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(MELS, WIDTH, 3, padding=1), nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.register_buffer("waves", sinusoids(FRAMES + 1, WIDTH), persistent=False)
        self.place = nn.Parameter(torch.tensor(0.15))
        self.encoder = nn.ModuleList(Layer(False) for _ in range(ENCODER))
        self.encoder_norm = nn.LayerNorm(WIDTH)
        self.words = nn.Parameter(torch.randn(text, WIDTH) * 0.05)
        # A time's row comes from the position of the encoder that it names: what is learned of one time holds for all.
        self.time = nn.Linear(WIDTH, WIDTH)
        nn.init.orthogonal_(self.time.weight)
        nn.init.zeros_(self.time.bias)
        self.stamps = stamps
        self.into = nn.Parameter(torch.tensor(10.0))
        self.order = nn.Parameter(sinusoids(TARGET, WIDTH) * 0.3)
        self.decoder = nn.ModuleList(Layer(True) for _ in range(DECODER))
        self.decoder_norm = nn.LayerNorm(WIDTH)
        self.sounds = nn.Linear(WIDTH, sounds)
        # What is heard must not drown: sound as large as its place, layers that add nothing at first, most moments without a phoneme.
        for conv in (self.conv1, self.conv2):
            nn.init.kaiming_normal_(conv.weight)
        for name, weight in self.named_parameters():
            if name.endswith((".o.weight", ".narrow.weight")):
                nn.init.zeros_(weight)
        with torch.no_grad():
            self.sounds.bias[0] = 3.0

    def rows(self):
        return torch.cat([self.words, self.time(self.waves[: self.stamps] * 0.07).float()])

    def encode(self, features, offsets=None):
        x = F.gelu(convolve(features.transpose(1, 2), self.conv1, 1))
        x = F.gelu(convolve(x, self.conv2, 2))
        n = x.shape[1]
        if offsets is None:
            places = self.waves[:n]
        else:
            places = self.waves[offsets[:, None] + torch.arange(n)]
        x = x + self.place * places
        for layer in self.encoder:
            x = layer(x)
        return self.encoder_norm(x)

    def decode(self, ids, heard, rows=None, looks=None):
        """Scores of the next ids. looks: a list that takes where each layer's first head looks, [b, n, states]."""
        rows = self.rows() if rows is None else rows
        x = F.embedding(ids, rows) * self.into + self.order[: ids.shape[1]]
        for layer in self.decoder:
            x = layer(x, heard, True, looks)
        return self.decoder_norm(x) @ rows.t()
