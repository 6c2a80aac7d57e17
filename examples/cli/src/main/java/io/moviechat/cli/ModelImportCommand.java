package io.moviechat.cli;

import io.moviechat.llm.checkpoint.CheckpointImport;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moviechat model import}: a model bundle of the original MovieChat's weights. */
@Command(
    name = "import",
    description = "Make a model bundle of the weights that MovieChat was published with.")
final class ModelImportCommand implements Callable<Integer> {
  private final Context context;

  @Spec private CommandSpec spec;

  @Option(
      names = "--llama",
      paramLabel = "DIR",
      required = true,
      description = "Vicuna v0; or LLaMA, if there is a --delta.")
  private Path llama;

  @Option(names = "--delta", paramLabel = "DIR", description = "What makes Vicuna of LLaMA.")
  private @Nullable Path delta;

  @Option(
      names = "--eva",
      paramLabel = "FILE",
      required = true,
      description = "The vision transformer, eva_vit_g.pth.")
  private Path eva;

  @Option(
      names = "--qformer",
      paramLabel = "FILE",
      required = true,
      description = "The Q-Former, blip2_pretrained_flant5xxl.pth.")
  private Path qformer;

  @Option(
      names = "--proj",
      paramLabel = "FILE",
      description = "MiniGPT-4's projection; used only if the checkpoint has none.")
  private @Nullable Path projection;

  @Option(
      names = "--checkpoint",
      paramLabel = "FILE",
      required = true,
      description = "The fine-tuned part, finetune-vicuna7b-v2.pth.")
  private Path checkpoint;

  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "FP16",
      description = "${COMPLETION-CANDIDATES} (default: fp16).")
  private CheckpointImport.Precision precision;

  @Option(
      names = "--int4-block",
      paramLabel = "N",
      defaultValue = "32",
      description = "Values that share a scale in int4, 16 to 256 (default: 32).")
  private int int4Block;

  @Option(
      names = "--image-size",
      paramLabel = "PIXELS",
      description = "Side of the pictures (default: what the weights were made for, 224).")
  private @Nullable Integer imageSize;

  @Option(
      names = "--tome",
      paramLabel = "R",
      description = "Merge R tokens in each block of the vision transformer (default: none).")
  private @Nullable Integer mergedTokens;

  @Option(
      names = "--vit-heads",
      paramLabel = "N",
      description = "Attention heads of a vision transformer that is not EVA ViT-g.")
  private @Nullable Integer visionHeads;

  @Option(
      names = "--vit-blocks",
      paramLabel = "N",
      description = "Blocks used of the vision transformer (default: all but the last).")
  private @Nullable Integer visionBlocks;

  @Option(
      names = "--qformer-heads",
      paramLabel = "N",
      description = "Attention heads of Q-Formers that are not BLIP-2's.")
  private @Nullable Integer queryHeads;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "The bundle to make; must not exist.")
  private Path out;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  ModelImportCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    CheckpointImport.Report report = job().run();
    context
        .terminal()
        .out()
        .printf(
            Locale.ROOT,
            "%s: %,d MB, %,.1f million weights%n",
            report.bundle(),
            report.bytes() >> 20,
            report.parameters() / 1e6);
    if (!report.unused().isEmpty()) {
      context
          .terminal()
          .note(
              report.unused().size()
                  + " tensors of the files are not used, "
                  + report.unused().get(0)
                  + " for instance");
    }
    return CommandLine.ExitCode.OK;
  }

  private CheckpointImport.Builder job() {
    try {
      CheckpointImport.Builder job =
          CheckpointImport.builder()
              .llama(llama)
              .eva(eva)
              .qformer(qformer)
              .checkpoint(checkpoint)
              .precision(precision)
              .int4Block(int4Block)
              .out(out)
              .progress(context.terminal()::note);
      if (delta != null) {
        job.delta(delta);
      }
      if (projection != null) {
        job.projection(projection);
      }
      if (imageSize != null) {
        job.imageSize(imageSize);
      }
      if (mergedTokens != null) {
        job.mergeTokens(mergedTokens);
      }
      if (visionHeads != null) {
        job.visionHeads(visionHeads);
      }
      if (visionBlocks != null) {
        job.visionBlocks(visionBlocks);
      }
      if (queryHeads != null) {
        job.queryHeads(queryHeads);
      }
      return job;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }
}
