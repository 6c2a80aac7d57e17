package io.moviechat.bench;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaModifier.PROTECTED;
import static com.tngtech.archunit.core.domain.JavaModifier.PUBLIC;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The arrows between the modules, as docs/architecture.md draws them. */
class ArchitectureTest {
  private static final String[] CORE = {
    "io.moviechat",
    "io.moviechat.batch",
    "io.moviechat.internal",
    "io.moviechat.library",
    "io.moviechat.recall",
    "io.moviechat.ocr",
    "io.moviechat.speech",
    "io.moviechat.spi"
  };

  /** Packages of the published artifacts. */
  private static final List<String> ROOTS =
      List.of(
          "io\\.moviechat",
          "io\\.moviechat\\.(batch|library|ocr|recall|speech|spi)",
          "io\\.moviechat\\.(memory|video|llm)(\\..*)?");

  private static final List<String> ROOMS = List.of("memory", "video", "llm");

  private static JavaClasses classes;

  @BeforeAll
  static void read() {
    classes =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.moviechat");
    for (String room : ROOMS) {
      assertThat(classes.that(resideInAPackage("io.moviechat." + room + "..")))
          .as("classes of moviechat-%s", room)
          .isNotEmpty();
    }
  }

  @Test
  void coreKnowsNoRoomAndNoNativeLibrary() {
    classes()
        .that()
        .resideInAnyPackage(CORE)
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage(CORE)
                .or(
                    resideInAnyPackage(
                        "java..",
                        "com.google.common..",
                        "com.google.errorprone.annotations",
                        "org.slf4j",
                        "org.jspecify.annotations")))
        .check(classes);
  }

  @Test
  void roomsDoNotKnowEachOther() {
    for (String room : ROOMS) {
      for (String other :
          List.of("memory", "video", "llm", "bench", "cli", "tinymodel", "tinyworld")) {
        if (!other.equals(room)) {
          noClasses()
              .that()
              .resideInAPackage("io.moviechat." + room + "..")
              .should()
              .dependOnClassesThat(resideInAPackage("io.moviechat." + other + ".."))
              .check(classes);
        }
      }
    }
  }

  @Test
  void eachNativeLibraryStaysInItsRoom() {
    onlyIn("io.moviechat.memory..", "org.nd4j..");
    onlyIn("io.moviechat.video..", "org.bytedeco.ffmpeg..");
    onlyIn("io.moviechat.llm..", "org.bytedeco.onnxruntime..", "ai.djl..");
  }

  @Test
  void nativeLibrariesOfModelsStayInternal() {
    noClasses()
        .that()
        .resideInAPackage("io.moviechat.llm..")
        .and()
        .resideOutsideOfPackage("io.moviechat.llm.internal")
        .should()
        .dependOnClassesThat(resideInAnyPackage("org.bytedeco..", "ai.djl.."))
        .check(classes);
  }

  private static void onlyIn(String room, String... libraries) {
    noClasses()
        .that()
        .resideOutsideOfPackages(room, "io.moviechat.bench..")
        .should()
        .dependOnClassesThat(resideInAnyPackage(libraries))
        .check(classes);
  }

  /** The command line carries it, and leaves out what only benchmarks need. */
  @Test
  void evaluationNeedsNoBenchmarkHarness() {
    noClasses()
        .that()
        .resideInAPackage("io.moviechat.bench.eval..")
        .should()
        .dependOnClassesThat(resideInAnyPackage("org.openjdk.jmh..", "org.bytedeco.."))
        .check(classes);
    noClasses()
        .that()
        .resideInAPackage("io.moviechat.bench.eval..")
        .should(ACCESS_STANDARD_STREAMS)
        .check(classes);
  }

  /** Who raises a number has looked for a type that it replaces, and says why there is none. */
  @ParameterizedTest
  @CsvSource({
    "io.moviechat, 30",
    "io.moviechat.batch, 3",
    "io.moviechat.library, 2",
    "io.moviechat.ocr, 2",
    "io.moviechat.recall, 7",
    "io.moviechat.speech, 6",
    "io.moviechat.spi, 16",
    "io.moviechat.memory.., 6",
    "io.moviechat.video.., 10",
    "io.moviechat.llm.., 12",
  })
  void publicTypesStayFew(String packages, int most) {
    assertThat(classes)
        .filteredOn(resideInAPackage(packages))
        .filteredOn(type -> !type.getPackageName().endsWith(".internal"))
        .filteredOn(type -> type.isTopLevelClass() && type.getModifiers().contains(PUBLIC))
        .extracting(JavaClass::getName)
        .as("public types of %s", packages)
        .isNotEmpty()
        .hasSizeLessThanOrEqualTo(most);
  }

  /** Who uses this library is not bound to our version of another one. */
  @Test
  void signaturesNameNoLibraryOfOurs() {
    assertThat(namedInSignatures("io.moviechat.llm.langchain4j"))
        .as("what only that package is there for")
        .anyMatch(type -> type.getPackageName().startsWith("dev.langchain4j"));
    assertThat(namedInSignatures("io.moviechat"))
        .filteredOn(type -> !type.getPackageName().startsWith("io.moviechat"))
        .filteredOn(type -> !type.getPackageName().startsWith("java"))
        .filteredOn(type -> !type.isPrimitive())
        .filteredOn(type -> !type.getPackageName().startsWith("dev.langchain4j"))
        .isEmpty();
  }

  private static Set<JavaClass> namedInSignatures(String root) {
    return classes.stream()
        .filter(type -> type.getPackageName().startsWith(root))
        .filter(type -> !type.getPackageName().contains(".internal"))
        .filter(type -> ROOTS.stream().anyMatch(type.getPackageName()::matches))
        .filter(ArchitectureTest::isPublic)
        .flatMap(type -> type.getCodeUnits().stream())
        .filter(
            unit -> unit.getModifiers().contains(PUBLIC) || unit.getModifiers().contains(PROTECTED))
        .flatMap(
            unit ->
                Stream.concat(
                    unit.getParameterTypes().stream()
                        .flatMap(type -> type.getAllInvolvedRawTypes().stream()),
                    unit.getReturnType().getAllInvolvedRawTypes().stream()))
        .map(JavaClass::getBaseComponentType)
        .collect(Collectors.toSet());
  }

  private static boolean isPublic(JavaClass type) {
    return type.getModifiers().contains(PUBLIC)
        && type.getEnclosingClass().map(ArchitectureTest::isPublic).orElse(true);
  }

  @Test
  void librariesDoNotPrintOrExit() {
    String[] libraries = {
      "io.moviechat",
      "io.moviechat.spi",
      "io.moviechat.memory..",
      "io.moviechat.video..",
      "io.moviechat.llm.."
    };
    noClasses().that().resideInAnyPackage(libraries).should(ACCESS_STANDARD_STREAMS).check(classes);
    noClasses()
        .that()
        .resideInAnyPackage(libraries)
        .should()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethodWhere(
            com.tngtech.archunit.core.domain.JavaCall.Predicates.target(
                com.tngtech.archunit.core.domain.properties.HasName.Predicates.name(
                    "printStackTrace")))
        .check(classes);
  }
}
