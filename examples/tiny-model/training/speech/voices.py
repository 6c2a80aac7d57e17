"""Speech by espeak-ng through its library: 16 kHz samples and where each word begins. Which voices and rates are held out."""

import ctypes
import random

import numpy as np

ACCENTS = "en-us en en-gb-scotland en-gb-x-gbclan en-gb-x-rp en-029 en-us-nyc".split()
VARIANTS = (
    "Alex Alicia Andy Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario Michael Nguyen Storm Tweaky adam anika announcer antonio aunty benjamin boris caleb david ed edward edward2"
    " f1 f2 f3 fast grandma gustave iven iven2 iven4 john kaukovalta klatt klatt2 klatt4 klatt5 linda m1 m2 m4 m5 m7 m8 marcelo max michel norbert pablo paul quincy rob robert sandro shelby steph steph3"
    " travis victor zac RicishayMax RicishayMax2 robosoft2 robosoft4 whisper iven3 klatt6 AnxiousAndy"
).split()
# Never heard in training: an accent, voices of men and women, synthesizers of formants and of Klatt's kind, and rates slower, in between and faster.
HELD_ACCENTS = ["en-gb-x-gbcwmd"]
HELD_VARIANTS = "Annie Mike belinda f4 f5 klatt3 m3 m6 miguel steph2 pedro grandpa".split()
HELD_RATES = [(95, 109), (150, 164), (231, 250)]
RATES = (110, 230)


class Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int), ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int), ("sample", ctypes.c_int), ("user_data", ctypes.c_void_p), ("id", ctypes.c_char * 8),
    ]


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))
library = ctypes.CDLL("libespeak-ng.so.1")
SOURCE_RATE = library.espeak_Initialize(2, 0, None, 0)
sound, words = [], []


@CALLBACK
def heard(samples, count, events):
    if samples and count > 0:
        sound.append(np.ctypeslib.as_array(samples, (count,)).copy())
    i = 0
    while events[i].type != 0:
        if events[i].type == 1:
            words.append((events[i].text_position, events[i].audio_position / 1000))
        i += 1
    return 0


library.espeak_SetSynthCallback(heard)
library.espeak_TextToPhonemes.restype = ctypes.c_char_p


def resample(x):
    """To 16 kHz by dropping the upper part of the spectrum."""
    step = 441
    pad = -len(x) % step + 2 * step
    x = np.pad(x, (0, pad))
    n = len(x) // step * 320
    spectrum = np.fft.rfft(x)[: n // 2 + 1]
    spectrum[-1] = spectrum[-1].real
    return np.fft.irfft(spectrum, n) * (n / len(x))


def choose_voice(name):
    if library.espeak_SetVoiceByName(name.encode()) != 0:
        raise ValueError("espeak-ng has no voice " + name)


def speak(text, voice, rate, pitch=50, spread=50, gap=0):
    """(samples at 16 kHz from -1 to 1, trimmed to the speech; seconds at which each word of the text begins)."""
    choose_voice(voice)
    for parameter, value in ((1, rate), (2, 100), (3, pitch), (4, spread), (7, gap)):
        library.espeak_SetParameter(parameter, value, 0)
    sound.clear()
    words.clear()
    raw = text.encode()
    library.espeak_Synth(raw, len(raw) + 1, 0, 1, 0, 1, None, None)
    if not sound:
        return None
    x = resample(np.concatenate(sound).astype(np.float64) / 32768)
    loud = np.nonzero(np.abs(x) > 0.01 * np.abs(x).max())[0]
    if not len(loud):
        return None
    first, last = loud[0], loud[-1] + 1
    starts, at, by_position = [], 0, {p: t for p, t in words}
    for i, word in enumerate(text.split(" ")):
        starts.append(by_position.get(at + 1))
        at += len(word) + 1
    starts[0] = first / 16000
    n, end = len(starts), last / 16000
    for i in range(1, n):  # espeak-ng says some words in one breath ("there is"): such a word begins half way to the next
        if starts[i] is None:
            after = next((s for s in starts[i + 1 :] if s is not None), end)
            starts[i] = (starts[i - 1] + after) / 2
    return x[first:last].astype(np.float32), [max(0.0, s - first / 16000) for s in starts]


phonemes_of = {}


def phonemes(word):
    """The word's sounds in American English, for the auxiliary loss."""
    if word not in phonemes_of:
        choose_voice("en-us")
        pointer = ctypes.c_char_p(word.encode())
        said = library.espeak_TextToPhonemes(ctypes.byref(pointer), 1, ord("_") << 8).decode()
        phonemes_of[word] = [p for p in (part.strip("',%=|;: ") for part in said.split("_")) if p]
    return phonemes_of[word]


def draw(r, held_voice=False, held_rate=False):
    """A voice and how it speaks: (name, rate, pitch, spread, gap)."""
    if held_voice:
        name = r.choice(ACCENTS + HELD_ACCENTS) + "+" + r.choice(HELD_VARIANTS)
    else:
        accent = r.choice(ACCENTS + ["en-us", "en"])
        name = accent if r.random() < 0.12 else accent + "+" + r.choice(VARIANTS)
    while True:
        if held_rate:
            rate = r.randint(*r.choice(HELD_RATES))
            break
        rate = r.randint(*RATES)
        if not any(low <= rate <= high for low, high in HELD_RATES):
            break
    return name, rate, r.randint(20, 80), r.randint(20, 80), r.choice([0, 0, 0, 1, 2, 4])


if __name__ == "__main__":
    import time

    r = random.Random(1)
    for v in ACCENTS + HELD_ACCENTS + ["en-us+" + v for v in VARIANTS + HELD_VARIANTS]:
        if speak("the red fish", v, 150) is None:
            print("silent:", v)
    print(speak("there is a red fish in the water", "en-us", 150)[1], phonemes("triangle"), phonemes("the"))
    t, n = time.time(), 0
    for i in range(200):
        x, w = speak("there are three red fish in the water", *draw(r))
        n += len(x)
    print(n / 16000 / 200, "s each;", (time.time() - t) / 200, "s to make one")
