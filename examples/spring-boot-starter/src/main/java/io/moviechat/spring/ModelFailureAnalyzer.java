package io.moviechat.spring;

import io.moviechat.ModelException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says what to do when an application does not start because of its model. */
class ModelFailureAnalyzer extends AbstractFailureAnalyzer<RuntimeException> {
  @Override
  protected @Nullable FailureAnalysis analyze(Throwable root, RuntimeException cause) {
    for (Throwable each = root; each != null; each = each.getCause()) {
      if (each instanceof ModelException) {
        return new FailureAnalysis(
            "A model of MovieChat cannot be opened: " + each.getMessage(),
            "Set moviechat.model to the folder of a model bundle, and moviechat.speech and"
                + " moviechat.text to folders of theirs; 'moviechat model pull NAME'"
                + " fetches one and 'moviechat model check DIR' says what a folder lacks.",
            each);
      }
      if (each instanceof IllegalStateException
          && String.valueOf(each.getMessage()).contains("model was set")) {
        return new FailureAnalysis(
            "MovieChat has no model: " + each.getMessage(),
            "Set moviechat.model to the folder of a model bundle, or add the dependency"
                + " io.moviechat:moviechat-tiny-model, the small model for trying things out.",
            each);
      }
    }
    return null;
  }
}
