package io.moviechat.bench.eval;

/**
 * What was understood of a reply.
 *
 * @param readable whether it names one answer; what is not readable is wrong
 * @param right whether that is the truth
 * @param given the answer that was read: a letter, a number, yes or no; blank if none
 * @param rule id of the rule that read it
 */
record Reading(boolean readable, boolean right, String given, String rule) {
  static Reading unreadable(String rule) {
    return new Reading(false, false, "", rule);
  }
}
