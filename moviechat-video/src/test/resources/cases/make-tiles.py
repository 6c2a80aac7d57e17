"""Writes a HEIC photo of 2 x 2 tiles, turned by 90 degrees, of four HEIC pictures of one size: as phones write them."""
import struct, subprocess, sys

def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body

def full(kind, version, flags, *parts):
    return box(kind, struct.pack(">B", version) + flags.to_bytes(3, "big"), *parts)

def find(data, *path):
    """The content of a box inside others."""
    for kind in path:
        at = 0
        while True:
            size, name = struct.unpack_from(">I4s", data, at)
            if name == kind:
                break
            at += size
        data = data[at + 8 + (4 if kind == b"meta" else 0):at + size]
    return data

def heic(tiles, width, height, turns):
    hvcc = find(tiles[0], b"meta", b"iprp", b"ipco", b"hvcC")
    pictures = [find(tile, b"mdat") for tile in tiles]
    count = len(tiles)
    entries = [full(b"infe", 2, 0, struct.pack(">HH4sB", 1, 0, b"grid", 0))]
    entries += [full(b"infe", 2, 1, struct.pack(">HH4sB", 2 + i, 0, b"hvc1", 0)) for i in range(count)]
    grid = struct.pack(">BBBBHH", 0, 0, 1, 1, 2 * width, 2 * height)
    # Properties: 1 size of all, 2 turn, 3 size of a tile, 4 the codec's header
    properties = box(b"ipco", full(b"ispe", 0, 0, struct.pack(">II", 2 * width, 2 * height)), box(b"irot", bytes([turns])),
                     full(b"ispe", 0, 0, struct.pack(">II", width, height)), box(b"hvcC", hvcc))
    links = struct.pack(">HBBB", 1, 2, 0x01, 0x82)
    links += b"".join(struct.pack(">HBBB", 2 + i, 2, 0x03, 0x84) for i in range(count))
    def meta(start):
        places, at = b"", start
        for i, part in enumerate([grid] + pictures):
            places += struct.pack(">HHHII", 1 + i, 0, 1, at, len(part))
            at += len(part)
        return full(b"meta", 0, 0,
                    full(b"hdlr", 0, 0, struct.pack(">I4s12sB", 0, b"pict", b"", 0)),
                    full(b"pitm", 0, 0, struct.pack(">H", 1)),
                    full(b"iinf", 0, 0, struct.pack(">H", 1 + count), *entries),
                    full(b"iref", 0, 0, box(b"dimg", struct.pack(">HH", 1, count), *[struct.pack(">H", 2 + i) for i in range(count)])),
                    box(b"iprp", properties, full(b"ipma", 0, 0, struct.pack(">I", 1 + count), links)),
                    full(b"iloc", 0, 0, struct.pack(">BBH", 0x44, 0, 1 + count), places))
    ftyp = box(b"ftyp", b"heic", struct.pack(">I", 0), b"mif1heic")
    start = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(start) + box(b"mdat", grid, *pictures)

tiles = []
for i, colour in enumerate(["red", "lime", "blue", "white"]):
    subprocess.run(f"ffmpeg -v error -y -f lavfi -i color={colour}:s=128x64 -frames:v 1 tile.png && heif-enc -q 60 --no-alpha tile.png -o tile.heic", shell=True, check=True, stdout=subprocess.DEVNULL)
    tiles.append(open("tile.heic", "rb").read())
open(sys.argv[1], "wb").write(heic(tiles, 128, 64, int(sys.argv[2])))
