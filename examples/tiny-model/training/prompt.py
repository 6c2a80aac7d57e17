"""The prompt as the product renders it: SmolVLM's video prompt, with a time span for each slot of memory."""

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()


def words(n):
    """English words, as num2words writes them."""
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10] + ("-" + ONES[n % 10] if n % 10 else "")
    if n < 1000:
        return ONES[n // 100] + " hundred" + (" and " + words(n % 100) if n % 100 else "")
    return words(n // 1000) + " thousand" + ((", " if n % 1000 >= 100 else " and ") + words(n % 1000) if n % 1000 else "")


def mmss(millis):
    s = millis // 1000
    return f"{s // 60:02d}:{s % 60:02d}"


def hhmmss(millis):
    s = millis // 1000
    return f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}"


def head(count, millis):
    s = millis // 1000
    return (
        f"<|im_start|>User: You are provided the following series of {words(count)} frames from a "
        f"{s // 3600}:{s // 60 % 60:02d}:{s % 60:02d} [H:MM:SS] video.\n"
    )


def announce(start, end, frames, now):
    if now:
        return f"\nFrame now, at {hhmmss(start)}:"
    if frames == 1:
        return f"\nFrame from {mmss(start)}:"
    return f"\nFrames from {hhmmss(start)} to {hhmmss(end)}:"


def turns(pairs):
    """Text after the memory: (text, is_answer) pieces of a conversation."""
    parts = []
    for i, (question, answer) in enumerate(pairs):
        parts.append(("\n\n" + question if i == 0 else "\nUser: " + question, False))
        parts.append(("<end_of_utterance>\nAssistant:", False))
        parts.append((" " + answer + "<end_of_utterance>", True))
    return parts
