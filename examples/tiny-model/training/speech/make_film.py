"""The film that speaks: what SpokenFilmTool drew, with lines by voices that the training held out. Needs ffmpeg.

make_film.py PICTURES.mp4 CAST.tsv OUT_FOLDER writes spoken.mp4 and spoken.tsv (start and end in milliseconds, text).
"""

import os
import random
import subprocess
import sys
import wave

import numpy as np

import sounds
import voices
import words

SCENE = 8.0
# What no picture shows: one line for each scene, its second.
UNSEEN = [
    ("the number is twelve", "."), ("i like the red fish", "."), ("there are seven boats in the water", "."),
    ("remember the blue cup", "."), ("who is behind the door", "?"), ("goodbye", "."),
]
SPEAKERS = [("en-us+m3", 140, 50, 50, 0), ("en-gb-x-gbcwmd+f4", 150, 50, 50, 0), ("en+Annie", 145, 50, 50, 0)]


def main():
    pictures, cast, out = sys.argv[1:]
    first = {}
    with open(cast) as file:
        for line in file:
            start, noun, action = line.rstrip("\n").split("\t")
            first.setdefault(int(start) / 1000, (f"the {noun} {action}", "."))
    g = np.random.default_rng(1)
    n = int(len(UNSEEN) * SCENE * sounds.RATE)
    x, lines, turn = np.zeros(n), [], 0
    for (scene, seen), unseen in zip(sorted(first.items()), UNSEEN):
        for after, (text, mark) in ((0.8, seen), (4.6, unseen)):
            said = sounds.utterance(random.Random(turn), voice=SPEAKERS[turn % len(SPEAKERS)], text=(text, mark))
            at = int((scene + after) * sounds.RATE)
            x[at : at + len(said.samples)] += said.samples
            end = (at + len(said.samples)) / sounds.RATE
            lines.append((round(1000 * at / sounds.RATE), round(1000 * end), words.written(said.words, True, mark).strip()))
            turn += 1
    x = (x + sounds.coloured(n, 1, g) * 10 ** (-28 / 20)) * 10 ** (-20 / 20)
    sound = os.path.join(out, "spoken.wav")
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sounds.RATE)
        file.writeframes((np.clip(x, -1, 1) * 32767).astype("<i2").tobytes())
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-i", pictures, "-i", sound, "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-crf", "30", "-pix_fmt", "yuv420p", "-g", "24",
         "-c:a", "aac", "-b:a", "32k", "-ac", "1", "-movflags", "+faststart", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1", os.path.join(out, "spoken.mp4")],
        check=True,
    )
    os.remove(sound)
    with open(os.path.join(out, "spoken.tsv"), "w") as file:
        for line in lines:
            file.write("%d\t%d\t%s\n" % line)


if __name__ == "__main__":
    main()
