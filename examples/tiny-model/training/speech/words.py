"""What the films of the small world say: a closed vocabulary, sentences, and the tokenizer's texts.

Sentences are drawn from templates; a part are words in no order, so that the decoder listens and does not only guess.
"""

import random
import re

KINDS = "circle square triangle cross star heart house tree car fish bird face".split()
PLURALS = "circles squares triangles crosses stars hearts houses trees cars fish birds faces".split()
MORE_KINDS = "cup ball boat flower".split()
MORE_PLURALS = "cups balls boats flowers".split()
COLOURS = "red green blue yellow purple orange white cyan".split()
MORE_COLOURS = "black pink brown".split()
SIZES = "big small little tall old new happy sad bright dark round beautiful fast slow quiet".split()
ACTIONS = [
    "stays still", "moves left", "moves right", "moves up", "moves down", "grows", "shrinks", "spins", "blinks", "bounces", "enters", "leaves",
    "swims left", "swims right", "flies up", "flies away", "runs away", "jumps", "turns left", "turns right", "comes back", "goes home", "stops", "waits", "sleeps", "sings",
]
BARE = [
    "stay still", "move left", "move right", "move up", "move down", "grow", "shrink", "spin", "blink", "bounce", "enter", "leave",
    "swim left", "swim right", "fly up", "fly away", "run away", "jump", "turn left", "turn right", "come back", "go home", "stop", "wait", "sleep", "sing",
]
PLACES = ["on the left", "on the right", "in the middle", "at the top", "at the bottom", "behind the {k}", "beside the {k}", "above the {k}", "below the {k}", "between the {ks}", "in the corner", "on the screen", "in the water", "in the sky", "in the garden"]
TIMES = ["now", "again", "today", "tomorrow", "later", "soon", "at the end", "at the beginning", "in the morning", "in the evening", "at night", "after the {k}", "before the {k}", "every day", "then"]
ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = "first second third fourth fifth last next".split()

STATEMENTS = [
    "the {c} {k} {a}", "the {c} {k} {a} {t}", "the {k} {a}", "a {c} {k} {a}", "the {z} {c} {k} {a}", "the {z} {k} {a} {t}", "this {k} {a}", "that {k} {a} {t}",
    "the {c} {k} {a} and the {c} {k} {a}", "the {k} {a} and then it {a}", "it {a}", "it {a} {t}", "he {a}", "she {a} {t}", "they {b}", "we {b} {t}", "all the {ks} {b}",
    "the {k} is {c}", "the {k} is {p}", "the {c} {k} is {p}", "there is a {c} {k} {p}", "there is a {z} {k}", "there are {n} {ks}", "there are {n} {c} {ks}", "now there are {n} {ks}",
    "here is the {c} {k}", "here are {n} {ks} {p}", "here comes the {c} {k}", "i see a {c} {k}", "i see {n} {ks}", "we see the {z} {k} {p}", "you see {n} {c} {ks}",
    "it is {c}", "it is not {c}", "it is a {k}", "it is not a {k}", "this is the {o} {k}", "this is the {o} scene", "the {o} {k} is {c}", "the {o} one {a}", "that was the {o} scene",
    "the number is {n}", "the answer is {n}", "number {n}", "{n} and {n}", "{n} {ks}", "{n} {c} {ks} and {n} {c} {ks}", "{n} more {ks}", "only {n} {ks}", "{n} {n} {n}",
    "i have {n} {ks}", "he has {n} {c} {ks}", "she has a {c} {k}", "they have no {ks}", "we have the {c} {k} and the {c} {k}", "my {k} is {c}", "your {k} is {z}", "her {k} is {c} and his {k} is {c}",
    "the {k} was {c} and now it is {c}", "the {k} will {b}", "the {c} {k} will {b} {t}", "the {k} must {b}", "the {k} can {b}", "the {k} did not {b}", "no {k} {a} here", "the {k} never {a}", "the {k} always {a}",
    "i like the {c} {k}", "i love {c} {ks}", "i want the {z} {k}", "i think it is {c}", "i think the {k} {a}", "i hear a {k}", "she says it is {c}", "he said the {k} {a}", "they say there are {n} {ks}",
    "first the {k} {a}", "then the {k} {a}", "at the end the {k} {a}", "at the beginning there was a {c} {k}", "in this film the {k} {a}", "in this picture there are {n} {ks}", "this is a film about a {c} {k}", "the story of the {c} {k}",
    "the {c} {k} follows the {c} {k}", "the {k} and the {k} are friends", "the {k} looks at the {k}", "one {k} is {c} and one is {c}", "the {k} is {c} or {c}", "some {ks} are {c} but this one is {c}", "both {ks} are {c}", "a {k} is on the screen",
    "good morning", "good evening", "good night", "hello", "hello again", "goodbye", "goodbye {k}", "hello {c} {k}", "welcome", "thank you", "thank you very much", "yes", "no", "yes it is", "no it is not", "i am sorry", "i am ready", "we are ready", "the end", "this is the end", "that is all", "see you soon", "see you tomorrow", "oh no", "very good", "not now", "i do not know",
    "the film begins", "the story begins", "the film ends here", "the sun is {c}", "the moon is {c}", "the sky is {c}", "the door is open", "the water is {c}",
]
COMMANDS = [
    "look", "look at the {c} {k}", "look at the {k}", "look there is a {c} {k}", "look up", "look down", "look {p}", "watch the {c} {k}", "watch the {k} it {a}", "listen", "listen to the {k}", "wait", "wait for the {c} {k}", "stop", "come here", "come back {t}", "go {lr}", "turn {lr}",
    "please {b}", "please find the {c} {k}", "find the {k} {p}", "take the {c} {k}", "give me the {c} {k}", "give me {n} {ks}", "count the {ks}", "count to {n}", "count the {c} {ks} {t}", "open the door", "close the door", "follow the {c} {k}", "follow me", "help me", "help the {k}", "let us go", "let us count the {ks}", "let us find the {c} {k}", "do not {b}", "tell me about the {c} {k}", "remember the {c} {k}", "remember the number {n}",
]
QUESTIONS = [
    "what is this", "what is that", "what is {p}", "what colour is the {k}", "what comes {t}", "what does the {k} do", "where is the {c} {k}", "where are the {ks}", "who is there", "who speaks", "who {a}", "who is behind the {k}", "which {k} is {c}", "why does the {k} {b}",
    "how many {ks} are there", "how many {c} {ks} do you see", "how are you", "how does it move", "when does the {k} {b}", "is it {c}", "is there a {c} {k}", "is this the {c} {k}", "are there {n} {ks}", "do you see the {c} {k}", "can you see the {k}", "can you hear me", "did the {k} {b}", "will it {b}", "are you ready", "do you like {ks}",
]
SPLIT = re.compile(r"[a-z]+")


def number(r):
    if r.random() < 0.7:
        return ONES[r.randrange(1, 20) if r.random() < 0.95 else 0]
    tens = r.choice(TENS)
    pick = r.random()
    return tens if pick < 0.3 else tens + " " + r.choice(ONES[1:10]) if pick < 0.9 else "one hundred"


def kind(r):
    return r.randrange(len(KINDS)) if r.random() < 0.9 else len(KINDS) + r.randrange(len(MORE_KINDS))


def fill(template, r):
    def value(match):
        what = match.group(1)
        if what == "k":
            return (KINDS + MORE_KINDS)[kind(r)]
        if what == "ks":
            return (PLURALS + MORE_PLURALS)[kind(r)]
        return {
            "c": lambda: r.choice(COLOURS if r.random() < 0.93 else MORE_COLOURS), "z": lambda: r.choice(SIZES), "a": lambda: r.choice(ACTIONS), "b": lambda: r.choice(BARE),
            "p": lambda: fill(r.choice(PLACES), r), "t": lambda: fill(r.choice(TIMES), r), "n": lambda: number(r), "o": lambda: r.choice(ORDINALS), "lr": lambda: r.choice(["left", "right"]),
        }[what]()

    text = re.sub(r"\{(\w+)\}", value, template)
    text = re.sub(r"\ba (orange|old)\b", r"an \1", text)
    return re.sub(r"\bone (circles|squares|triangles|crosses|stars|hearts|houses|trees|cars|birds|faces|cups|balls|boats|flowers)\b", lambda m: "one " + m.group(1)[: -2 if m.group(1) == "crosses" else -1], text)


def vocabulary():
    """All words, in order of first appearance."""
    seen = {}
    texts = KINDS + PLURALS + MORE_KINDS + MORE_PLURALS + COLOURS + MORE_COLOURS + SIZES + ACTIONS + BARE + PLACES + TIMES + ONES + TENS + ["hundred", "an"] + ORDINALS + STATEMENTS + COMMANDS + QUESTIONS
    for text in texts:
        for word in SPLIT.findall(re.sub(r"\{\w+\}", " ", text)):
            seen.setdefault(word)
    return list(seen)


# Words that sound like another one: only grammar tells them apart, so they stay out of sentences without any.
HOMOPHONES = {"to", "for", "hear", "know"}
LOOSE = [w for w in vocabulary() if w not in HOMOPHONES]


def sentence(r):
    """Words of a sentence, lower case, and the mark that ends it."""
    pick = r.random()
    if pick < 0.5:
        return fill(r.choice(STATEMENTS), r), "."
    if pick < 0.64:
        return fill(r.choice(COMMANDS), r), "!" if r.random() < 0.2 else "."
    if pick < 0.78:
        return fill(r.choice(QUESTIONS), r), "?"
    return " ".join(r.choice(LOOSE) for _ in range(r.randint(1, 8))), "."


def written(words, first, mark):
    """As a cue shows it: a capital letter where the sentence begins, a capital I, a mark where it ends; no mark means that it goes on."""
    words = ["I" if w == "i" else w for w in words]
    if first and words:
        words = [words[0][0].upper() + words[0][1:]] + words[1:]
    return "".join(" " + w for w in words) + mark


def normal(text):
    """For counting errors: lower-case words only."""
    return re.findall(r"[a-z']+", text.lower())


if __name__ == "__main__":
    r = random.Random(1)
    print(len(vocabulary()))
    for _ in range(30):
        print(sentence(r))
