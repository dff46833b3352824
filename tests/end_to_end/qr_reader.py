"""qr_reader: the text of a flawless QR code, from its modules. Versions 8 to 10, correction level M, which
is what receipts take. Written from ISO/IEC 18004; what a camera sees is not its business."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
ALIGNMENT = {8: (6, 24, 42), 9: (6, 26, 46), 10: (6, 28, 50)}
BLOCKS = {8: [38, 38, 39, 39], 9: [36, 36, 36, 37, 37], 10: [43, 43, 43, 43, 44]}
LEVEL_M, FORMAT_MASK = 0, 0x5412
MASKS = (
    lambda x, y: (x + y) % 2,
    lambda x, y: y % 2,
    lambda x, y: x % 3,
    lambda x, y: (x + y) % 3,
    lambda x, y: (x // 3 + y // 2) % 2,
    lambda x, y: x * y % 2 + x * y % 3,
    lambda x, y: (x * y % 2 + x * y % 3) % 2,
    lambda x, y: ((x + y) % 2 + x * y % 3) % 2,
)


def is_function(x: int, y: int, side: int, version: int) -> bool:
    """True where a module is no data: finders, formats, timing, alignment, version."""
    far = side - 8
    if 6 in (x, y) or (x < 9 and y < 9) or (x >= far and y < 9) or (x < 9 and y >= far):
        return True
    if (x >= side - 11 and y < 6) or (y >= side - 11 and x < 6):
        return True
    first, last = ALIGNMENT[version][0], ALIGNMENT[version][-1]
    corners = {(first, first), (first, last), (last, first)}
    return any(abs(x - cx) <= 2 and abs(y - cy) <= 2 and (cx, cy) not in corners
               for cx in ALIGNMENT[version] for cy in ALIGNMENT[version])


def codewords(modules: list[list[int]], mask: int, version: int) -> list[int]:
    """All of them, in the order of the zigzag."""
    side = len(modules)
    bits = []
    right = side - 1
    while right >= 1:
        right = 5 if right == 6 else right
        for step in range(side):
            y = side - 1 - step if (right + 1) & 2 == 0 else step
            for x in (right, right - 1):
                if not is_function(x, y, side, version):
                    bits.append(modules[y][x] ^ (MASKS[mask](x, y) == 0))
        right -= 2
    return [int("".join(map(str, bits[i:i + 8])), 2) for i in range(0, len(bits) - 7, 8)]


def read(modules: list[list[int]]) -> str:
    """modules: rows of 0 and 1, without the quiet zone."""
    side = len(modules)
    version = (side - 17) // 4
    places = ([(8, i) for i in range(6)] + [(8, 7), (8, 8), (7, 8)]
              + [(14 - i, 8) for i in range(9, 15)])
    form = sum(modules[y][x] << i for i, (x, y) in enumerate(places)) ^ FORMAT_MASK
    assert form >> 13 == LEVEL_M, "another level of correction"
    words = codewords(modules, form >> 10 & 7, version)
    sizes = BLOCKS[version]
    blocks: list[list[int]] = [[] for _ in sizes]
    at = 0
    for i in range(max(sizes)):
        for block, size in zip(blocks, sizes):
            if i < size:
                block.append(words[at])
                at += 1
    return decode("".join(f"{word:08b}" for block in blocks for word in block), version)


def decode(bits: str, version: int) -> str:
    at = 0

    def take(n: int) -> int:
        nonlocal at
        at += n
        return int(bits[at - n:at] or "0", 2)

    text = ""
    while len(bits) - at >= 4:
        mode = take(4)
        if mode == 0:
            break
        count = take({1: (10, 12), 2: (9, 11), 4: (8, 16)}[mode][version >= 10])
        if mode == 4:
            text += "".join(chr(take(8)) for _ in range(count))
        elif mode == 2:
            for _ in range(count // 2):
                pair = take(11)
                text += ALPHABET[pair // 45] + ALPHABET[pair % 45]
            text += ALPHABET[take(6)] if count % 2 else ""
        else:
            for _ in range(count // 3):
                text += f"{take(10):03d}"
            if count % 3:
                text += f"{take(4 if count % 3 == 1 else 7):0{count % 3}d}"
    return text
