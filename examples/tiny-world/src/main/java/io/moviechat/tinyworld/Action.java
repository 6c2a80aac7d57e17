package io.moviechat.tinyworld;

/** What an actor does during its scene. */
public enum Action {
  STILL("stays still"),
  LEFT("moves left"),
  RIGHT("moves right"),
  UP("moves up"),
  DOWN("moves down"),
  GROWS("grows"),
  SHRINKS("shrinks"),
  SPINS("spins"),
  BLINKS("blinks"),
  BOUNCES("bounces"),
  ENTERS("enters"),
  LEAVES("leaves");

  private final String phrase;

  Action(String phrase) {
    this.phrase = phrase;
  }

  /** Verb phrase in the third person: "moves left". */
  public String phrase() {
    return phrase;
  }

  /** Whether the action repeats itself, so that a scene can go on for as long as wanted. */
  public boolean cyclic() {
    return this == STILL || this == SPINS || this == BLINKS || this == BOUNCES;
  }
}
