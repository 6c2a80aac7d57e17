package io.moviechat.tinyworld;

/** The types of question, each measured on its own. */
public enum QuestionType {
  COLOUR,
  OBJECT,
  YES_NO,
  FIRST,
  LAST,
  AFTER,
  BEFORE,
  MOVE,
  COUNT_SCENES,
  COUNT_KIND,
  WHEN,
  DESCRIBE,
  NOW,
  JUST_BEFORE,
  FOLLOW_UP
}
