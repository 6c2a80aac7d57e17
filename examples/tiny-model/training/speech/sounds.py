"""Windows of sound with what is said in them: utterances and silences on a clock, noise, filters, log-mel features."""

import random

import numpy as np

import voices
import words

RATE = 16000
HOP = 160


def filters():
    """80 triangles on Slaney's mel scale, each of area 1, over the 201 bins of a 400-point transform."""
    def hertz(mel):
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))

    top = 15 + 27 * np.log(8) / np.log(6.4)
    edges = hertz(np.linspace(0, top, 82))
    bins = np.arange(201) * 40.0
    up = (bins[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins[None]) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0, np.minimum(up, down)) * (2 / (edges[2:] - edges[:-2]))[:, None]


FILTERS = filters().astype(np.float32)
HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)).astype(np.float32)


def log_mel(x):
    """Whisper's features of a window, [80, samples / 160]."""
    x = np.pad(x.astype(np.float32), 200, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(x, 400)[::HOP][:-1]
    power = np.abs(np.fft.rfft(frames * HANN)).astype(np.float32) ** 2
    logs = np.log10(np.maximum(FILTERS @ power.T, 1e-10))
    return (np.maximum(logs, logs.max() - 8) + 4) / 4


def coloured(n, slope, g):
    """Noise whose power falls with frequency to the power of `slope`: 0 white, 1 pink, 2 brown; rms 1."""
    f = np.fft.rfft(g.standard_normal(n).astype(np.float32))
    f *= np.maximum(np.arange(len(f)), 20.0) ** (-slope / 2)
    x = np.fft.irfft(f, n)
    return x / (np.sqrt(np.mean(x * x)) + 1e-9)


def babble(n, r, g):
    """Several voices at once, each too many to follow; rms 1."""
    x = np.zeros(n)
    for _ in range(r.randint(5, 9)):
        at = -r.randint(0, 2 * RATE)
        while at < n:
            said = utterance(r)
            part = said.samples * 10 ** (r.uniform(-6, 0) / 20)
            first, last = max(0, at), min(n, at + len(part))
            if last > first:
                x[first:last] += part[first - at : last - at]
            at += len(part) + r.randint(0, RATE // 2)
    return x / (np.sqrt(np.mean(x * x)) + 1e-9)


def tones(n, r, g):
    """Beeps, chords, sweeps, hum, a tune of plain notes; rms 1."""
    t = np.arange(n) / RATE
    what = r.choice(["tone", "chord", "sweep", "hum", "tune", "beeps"])
    if what == "hum":
        base = r.choice([50, 60])
        x = sum(np.sin(2 * np.pi * base * k * t + r.random() * 6) / k for k in range(1, r.randint(2, 9)))
    elif what == "sweep":
        low, high = r.uniform(80, 1000), r.uniform(1000, 7000)
        phase = np.cumsum(low + (high - low) * (0.5 - 0.5 * np.cos(2 * np.pi * t / r.uniform(1, 10)))) / RATE
        x = np.sin(2 * np.pi * phase)
    elif what == "tune":
        x, at = np.zeros(n), 0
        while at < n:
            length = int(r.choice([0.15, 0.2, 0.3, 0.5, 1.0]) * RATE)
            f = 220 * 2 ** (r.choice([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
            s = t[: min(length, n - at)]
            note = sum(np.sin(2 * np.pi * f * k * s) / k ** r.uniform(1, 2) for k in range(1, 5)) * np.exp(-s * r.uniform(1, 8))
            x[at : at + len(s)] += note * (r.random() < 0.85)
            at += length
    else:
        x = sum(np.sin(2 * np.pi * r.uniform(80, 4000) * t) for _ in range(1 if what == "tone" else r.randint(2, 4)))
        if what == "beeps":
            x = x * (np.sin(2 * np.pi * t / r.uniform(0.3, 2)) > r.uniform(-0.5, 0.8))
    return x / (np.sqrt(np.mean(x * x)) + 1e-9)


def noise(n, r, g, kinds=("white", "pink", "brown", "babble", "tones")):
    what = r.choice(kinds)
    if what == "babble":
        return babble(n, r, g)
    if what == "tones":
        return tones(n, r, g)
    x = coloured(n, {"white": 0, "pink": 1, "brown": 2}[what], g)
    if r.random() < 0.3:  # gusts
        t = np.arange(n) / RATE
        x = x * (1 + 0.9 * np.sin(2 * np.pi * t / r.uniform(0.5, 6) + r.random() * 6))
    return x / (np.sqrt(np.mean(x * x)) + 1e-9)


class Said:
    """An utterance: samples of rms 1 where it is loud, its words, when each begins, the mark at its end."""

    def __init__(self, samples, said, starts, mark):
        self.samples, self.words, self.starts, self.mark = samples, said, starts, mark


def utterance(r, held_voice=False, held_rate=False, voice=None, text=None):
    while True:
        said, mark = text or words.sentence(r)
        name, rate, pitch, spread, gap = voice or voices.draw(r, held_voice, held_rate)
        spoken = voices.speak(said + mark, name, rate, pitch, spread, gap)
        if spoken is not None:
            samples, starts = spoken
            level = np.sqrt(np.mean(samples[np.abs(samples) > 0.05 * np.abs(samples).max()] ** 2))
            return Said(samples / (level + 1e-9), said.split(" "), starts, mark)


def colour_filter(x, r):
    """A room, a microphone, a codec: a smooth gain over frequency, sometimes a cut above, sometimes a short echo."""
    n = len(x)
    f = np.fft.rfft(x)
    places = np.linspace(0, 1, 6)
    gain = np.interp(np.linspace(0, 1, len(f)), places, [r.uniform(-6, 6) for _ in places])
    if r.random() < 0.3:
        cut = r.uniform(3000, 7500) / 8000
        gain = gain - 40 * np.clip((np.linspace(0, 1, len(f)) - cut) * 12, 0, 1)
    y = np.fft.irfft(f * 10 ** (gain / 20), n)
    if r.random() < 0.25:
        for _ in range(r.randint(1, 4)):
            delay = r.randint(80, 2400)
            y[delay:] += y[:-delay] * r.uniform(0.05, 0.3)
    return y


class Window:
    """Samples, and segments: (start, end or None, words, whether the first word begins a sentence, mark), seconds in the window."""

    def __init__(self, samples, segments):
        self.samples, self.segments = samples, segments


def speech_window(seconds, r, held_voice=False, held_rate=False, density=None, cut=True):
    """Utterances on a clock, clean. With `cut`, the window may begin and end within an utterance, as windows of a film do."""
    n = int(seconds * RATE)
    x, segments = np.zeros(n), []
    pause = density or r.choice([0.3, 0.6, 1.5, 4.0])
    one_voice = r.random() < 0.4
    voice = voices.draw(r, held_voice, held_rate)
    at = r.uniform(-2.5, 0) if cut and r.random() < 0.4 else r.expovariate(1 / pause)
    while at < seconds:
        said = utterance(r, held_voice, held_rate, voice if one_voice or r.random() < 0.3 else None)
        length = len(said.samples) / RATE
        ends = at + length
        if ends > 0.1 and at < seconds - 0.05 and not (not cut and ends > seconds):
            part = said.samples * 10 ** (r.uniform(-4, 4) / 20)
            first = int(at * RATE)
            low, high = max(0, first), min(n, first + len(part))
            x[low:high] += part[low - first : high - first]
            stops = said.starts[1:] + [length]
            middles = [at + (s + e) / 2 for s, e in zip(said.starts, stops)]
            heard = [w for w, m in zip(said.words, middles) if 0 <= m < seconds]
            whole_start = at >= 0 or (heard and len(heard) == len(said.words))
            over = ends > seconds
            if heard or not over:
                # A window that ends within a later utterance leaves it to the next one: its start alone is said.
                if over and segments:
                    segments.append((max(0.0, at), None, [], True, ""))
                elif heard:
                    mark = said.mark if middles[-1] < seconds else ""
                    segments.append((max(0.0, at), min(ends, seconds), heard, whole_start and heard[0] == said.words[0], mark))
        at = ends + 0.12 + r.expovariate(1 / pause)
        if not cut and at > seconds - 4:
            break
    return Window(x, segments)


def finish(window, r, g, snr=None, kinds=("white", "pink", "brown", "babble", "tones"), level=None):
    """Filters, noise at a ratio to the speech in dB, and a level."""
    x = colour_filter(window.samples, r) if snr is None and r.random() < 0.7 else window.samples
    ratio = snr if snr is not None else r.uniform(5, 30)
    if snr is not None or r.random() < 0.7:
        x = x + noise(len(x), r, g, kinds) * 10 ** (-ratio / 20)
    if snr is None and r.random() < 0.3:
        x = x + coloured(len(x), r.choice([0, 1, 2]), g) * 10 ** (-r.uniform(25, 60) / 20)
    x = x * 10 ** ((level if level is not None else r.uniform(-40, -12)) / 20)
    if snr is None and r.random() < 0.5:
        x = np.round(x * 32768) / 32768
    return np.clip(x, -1, 1)


def quiet_window(seconds, r, g):
    """A window in which nobody speaks."""
    n = int(seconds * RATE)
    what = r.random()
    if what < 0.2:
        return np.zeros(n) if r.random() < 0.5 else g.integers(-1, 2, n) / 32768
    x = noise(n, r, g) * 10 ** (r.uniform(-70, -15) / 20)
    if what < 0.5:
        x = x + noise(n, r, g) * 10 ** (r.uniform(-70, -15) / 20)
    if what < 0.7:  # knocks
        for _ in range(r.randint(1, 12)):
            at, length = r.randrange(n), r.randint(200, 4000)
            s = min(length, n - at)
            x[at : at + s] += g.standard_normal(s) * np.exp(-np.arange(s) / (length / 5)) * 10 ** (r.uniform(-40, -10) / 20)
    if what > 0.9:
        gate = int(r.uniform(0, seconds) * RATE)
        x[gate:] = 0
    return np.clip(x, -1, 1)


def training_window(seconds, r, g):
    if r.random() < 0.08:
        return quiet_window(seconds, r, g), []
    window = speech_window(seconds, r)
    x = finish(window, r, g)
    if r.random() < 0.1 and seconds > 10:  # a film that ends here: digital silence behind
        keep = int(r.uniform(0.3, 0.9) * len(x))
        ends = max([0] + [s[1] if s[1] is not None else 1e9 for s in window.segments if s[0] * RATE < keep])
        if ends * RATE < keep + 2 * RATE:
            keep = max(keep, int(ends * RATE) + 1600)
            x[keep:] = 0
            window.segments = [s for s in window.segments if s[0] * RATE < keep]
    return x, window.segments


if __name__ == "__main__":
    import time

    r, g = random.Random(1), np.random.default_rng(1)
    t = time.time()
    for _ in range(30):
        x, segments = training_window(8, r, g)
        m = log_mel(x)
    print((time.time() - t) / 30, m.shape, m.min(), m.max(), segments)
