package io.moviechat.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import io.moviechat.Frame;
import io.moviechat.MovieChat;
import io.moviechat.internal.ResourceStack;
import io.moviechat.library.Film;
import io.moviechat.tinyworld.Actor;
import io.moviechat.tinyworld.Demo;
import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.Script;
import io.moviechat.tinyworld.ScriptQuestion;
import io.moviechat.tinyworld.World;
import io.moviechat.video.VideoWriter;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.support.ui.WebDriverWait;

/** The page in a real Chromium. Debian's packages chromium and chromium-driver; skipped without. */
@Timeout(300)
class PageIT {
  private static final Path BROWSER = Path.of("/usr/bin/chromium");
  private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir private Path folder;

  private ChromeDriver browser;

  @SuppressWarnings("NullAway.Init") // JUnit and open() set the fields
  PageIT() {}

  @BeforeEach
  void open() {
    Assumptions.assumeTrue(
        Files.isExecutable(BROWSER) && Files.isExecutable(DRIVER),
        "install Debian's packages chromium and chromium-driver to test the page");
    ChromeOptions options = new ChromeOptions();
    options.setBinary(BROWSER.toFile());
    options.addArguments(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1400,900",
        "--user-data-dir=" + folder.resolve("browser"));
    browser =
        new ChromeDriver(
            new ChromeDriverService.Builder().usingDriverExecutable(DRIVER.toFile()).build(),
            options);
  }

  @AfterEach
  void close() {
    if (browser != null) {
      browser.quit();
    }
  }

  // ---- By hand ----

  private <T> T until(Supplier<T> reached) {
    return new WebDriverWait(browser, SOON)
        .ignoring(StaleElementReferenceException.class)
        .until(any -> reached.get());
  }

  private WebElement find(String css) {
    return until(() -> browser.findElements(By.cssSelector(css)).stream().findFirst().orElse(null));
  }

  private void shows(String css, String text) {
    until(
        () ->
            browser.findElements(By.cssSelector(css)).stream()
                .anyMatch(element -> element.getText().contains(text)));
  }

  private void button(String text) {
    until(
            () ->
                browser.findElements(By.cssSelector("button")).stream()
                    .filter(button -> button.getText().contains(text))
                    .findFirst()
                    .orElse(null))
        .click();
  }

  private String lastAnswer() {
    return until(
        () -> {
          List<WebElement> turns = browser.findElements(By.cssSelector("article"));
          WebElement last = turns.isEmpty() ? null : turns.get(turns.size() - 1);
          boolean done =
              last != null
                  && last.findElements(By.cssSelector(".cursor")).isEmpty()
                  && !last.findElements(By.cssSelector(".chips")).isEmpty();
          return done ? last.findElement(By.cssSelector(".answer")).getText() : null;
        });
  }

  private void ask(String question) {
    find("#question").sendKeys(question, Keys.ENTER);
  }

  private double playerTime() {
    Object time = browser.executeScript("return document.querySelector('video').currentTime");
    return ((Number) Objects.requireNonNull(time)).doubleValue();
  }

  private static double seconds(String clock) {
    List<String> parts = Splitter.on(':').splitToList(clock);
    return Integer.parseInt(parts.get(0)) * 60 + Double.parseDouble(parts.get(1));
  }

  private void hasNoSeriousFinding(String where) throws Exception {
    try (InputStream in = PageIT.class.getResourceAsStream("axe/axe.min.js")) {
      browser.executeScript(
          new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8));
    }
    browser.manage().timeouts().scriptTimeout(SOON);
    Object found =
        browser.executeAsyncScript(
            "const done = arguments[arguments.length - 1];"
                + "axe.run().then(r => done(r.violations"
                + ".filter(v => v.impact === 'serious' || v.impact === 'critical')"
                + ".map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' '))));");
    assertThat((List<?>) found).as(where).isEmpty();
  }

  // ---- What people do ----

  @Test
  void aFilmIsUploadedWatchedAskedAndForgotten() throws Exception {
    Path clip = Fixture.clip(folder, "clip.mp4", 3);
    Path notes = Files.writeString(folder.resolve("notes.mp4"), "This is no film.");
    try (Fixture fixture = Fixture.open(folder)) {
      browser.get(fixture.server.address().toString());
      shows("section.empty", "Open a film");
      hasNoSeriousFinding("empty");

      find("#file").sendKeys(notes.toString());
      shows(".notice", "notes.mp4 is no video");
      button("Close");

      find("#file").sendKeys(clip.toString());
      shows("h1", "clip.mp4");
      until(() -> !browser.findElements(By.cssSelector(".kept")).isEmpty());

      ask("How many scenes are in the video?");
      String answer = lastAnswer();
      assertThat(answer).isNotBlank();

      WebElement chip = browser.findElements(By.cssSelector("article .slot-chip")).get(1);
      chip.click();
      List<String> ends = Splitter.on('–').splitToList(chip.getText());
      double from = seconds(ends.get(0));
      double to = seconds(ends.get(ends.size() - 1));
      until(() -> playerTime() >= from && playerTime() <= to + 1);
      assertThat(browser.findElements(By.cssSelector(".slot.lit"))).isNotEmpty();

      browser.executeScript("document.querySelector('video').currentTime = 2.5");
      shows(".scope", "At 00:02");
      browser.findElements(By.cssSelector(".scope input")).get(1).click();
      ask("What is on screen now?");
      until(() -> browser.findElements(By.cssSelector("article")).size() == 2);
      assertThat(lastAnswer()).isNotBlank();
      shows("article .question", "at 00:02");

      hasNoSeriousFinding("light");
      browser.executeScript("document.documentElement.dataset.theme = 'dark'");
      hasNoSeriousFinding("dark");

      browser.navigate().refresh();
      shows("h1", "clip.mp4");
      shows("article .answer", answer);

      browser.manage().window().setSize(new Dimension(500, 800));
      narrow();
      hasNoSeriousFinding("narrow");
      browser.executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());

      button("Forget");
      button("Really forget");
      shows("section.empty", "Open a film");
    }
  }

  @Test
  void momentsAreFoundByWhatTheyShow() throws Exception {
    try (Fixture fixture = Fixture.open(folder)) {
      Path clip = fixture.clip("clip.mp4", 3);
      Fixture.subtitles(clip);
      fixture.watched(clip);
      Script.Segment scene = Movies.ofScenes(2, World.Split.SEEN, 3).segments().get(1);
      Actor actor = scene.scene().actors().get(0);
      browser.get(fixture.server.address().toString());
      until(() -> !browser.findElements(By.cssSelector(".slot")).isEmpty());

      browser.findElement(By.cssSelector("body")).sendKeys("f");
      until(() -> "find".equals(browser.switchTo().activeElement().getAttribute("id")));
      browser
          .switchTo()
          .activeElement()
          .sendKeys(actor.colour().word() + " " + actor.kind().word(), Keys.ENTER);
      WebElement hit = find(".hit");
      shows("[role=status]", "the best first");
      assertThat(browser.findElements(By.cssSelector(".found"))).isNotEmpty();
      until(() -> loaded(hit));
      hit.sendKeys(Keys.ENTER);
      until(
          () ->
              playerTime() >= scene.startMillis() / 1e3 - 0.5
                  && playerTime() <= scene.endMillis() / 1e3);
      assertThat(browser.findElements(By.cssSelector(".slot.lit"))).isNotEmpty();
      hasNoSeriousFinding("found, light");
      browser.executeScript("document.documentElement.dataset.theme = 'dark'");
      hasNoSeriousFinding("found, dark");
      narrow();
      hasNoSeriousFinding("found, narrow");

      WebElement words = browser.findElement(By.id("find"));
      words.clear();
      words.sendKeys("painted fence", Keys.ENTER);
      shows(".hit .said", "Who painted the fence?");
      words.clear();
      words.sendKeys("nothing of the kind", Keys.ENTER);
      shows("[role=status]", "stands out");
      words.sendKeys(Keys.ESCAPE);
      until(() -> browser.findElement(By.cssSelector("[role=status]")).getText().isEmpty());
      assertThat(words.getAttribute("value")).isEmpty();
    }
  }

  private boolean loaded(WebElement of) {
    return Boolean.TRUE.equals(
        browser.executeScript("return arguments[0].querySelector('img').naturalWidth > 0", of));
  }

  /** At 320 pixels nothing has to be scrolled sideways. */
  private void narrow() {
    browser.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", 320, "height", 640, "deviceScaleFactor", 1, "mobile", true));
    Object width = browser.executeScript("return document.scrollingElement.scrollWidth");
    assertThat(((Number) Objects.requireNonNull(width)).intValue()).isLessThanOrEqualTo(320);
  }

  @Test
  void everythingWorksByKeyboard() throws Exception {
    var gated = new Fixture.GatedModel();
    gated.words = 10_000;
    gated.wordMillis = 20;
    try (Fixture fixture = fixture(gated::chat)) {
      fixture.watched(fixture.clip("clip.mp4", 3));
      browser.get(fixture.server.address().toString());
      shows("h1", "clip.mp4");
      until(() -> !browser.findElements(By.cssSelector(".slot")).isEmpty());
      WebElement body = browser.findElement(By.cssSelector("body"));
      body.sendKeys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT);
      shows(".below", "Slot ");
      until(() -> playerTime() > 0);
      body.sendKeys("/");
      until(() -> "question".equals(browser.switchTo().activeElement().getAttribute("id")));
      browser.switchTo().activeElement().sendKeys("Who?", Keys.ENTER);
      shows("article .answer", "word3");
      browser.switchTo().activeElement().sendKeys(Keys.ESCAPE);
      shows("article", "Stopped.");
      Fixture.until(() -> gated.answering.get() == 0);
      gated.words = 3;
      button("Retry");
      shows("article .answer", "word2.");
    }
  }

  @Test
  void singleKeysCanBeTurnedOff() throws Exception {
    try (Fixture fixture = Fixture.open(folder)) {
      fixture.watched(fixture.clip("clip.mp4", 3));
      browser.get(fixture.server.address().toString());
      button("No single keys");
      shows(".keys", "Enter ask");
      browser.navigate().refresh();
      shows(".keys", "Single keys"); // remembered
      browser.findElement(By.cssSelector("body")).sendKeys("f/");
      assertThat(browser.switchTo().activeElement().getTagName()).isEqualTo("body");
      button("Single keys");
      shows(".keys", "No single keys");
      browser.findElement(By.cssSelector("body")).sendKeys("f");
      until(() -> "find".equals(browser.switchTo().activeElement().getAttribute("id")));
    }
  }

  @Test
  void aFilmThatTheBrowserCannotPlayShowsItsSlotsPictures() throws Exception {
    try (Fixture fixture = Fixture.open(folder)) {
      fixture.watched(unplayable(fixture.films.folders().allowed().get(0).resolve("old.avi")));
      browser.get(fixture.server.address().toString());
      shows(".player figcaption", "cannot play");
      WebElement first = find(".player img");
      until(() -> loaded(find(".player")));
      String before = first.getAttribute("src");
      browser.findElement(By.cssSelector("body")).sendKeys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT);
      until(() -> !find(".player img").getAttribute("src").equals(before));
      until(() -> loaded(find(".player")));
      ask("How many scenes are in the video?");
      assertThat(lastAnswer()).isNotBlank();
      hasNoSeriousFinding("unplayable");
    }
  }

  /** MPEG-4 part 2 in AVI, which no browser of today plays. */
  private static Path unplayable(Path file) {
    try (VideoWriter writer =
        VideoWriter.builder(file)
            .codec(VideoWriter.Codec.MPEG4)
            .size(96, 96)
            .framesPerSecond(4)
            .build()) {
      for (int n = 0; n < 16; n++) {
        byte[] rgb = new byte[96 * 96 * 3];
        Arrays.fill(rgb, (byte) (n * 15));
        try (Frame frame = Frame.of(Duration.ofMillis(n * 250L), 96, 96, ByteBuffer.wrap(rgb))) {
          writer.write(frame);
        }
      }
    }
    return file;
  }

  @Test
  void twoTabsWatchOneFilmAndHearTheServerComeBack() throws Exception {
    var gated = new Fixture.GatedModel();
    gated.frames.drainPermits();
    try (Fixture fixture = fixture(gated::chat)) {
      Film film = fixture.films.watch(fixture.clip("clip.mp4", 3));
      gated.frames.release(8);
      String address = fixture.server.address() + "#" + film.id();
      browser.get(address);
      shows(".status", "Watched to");
      browser.switchTo().newWindow(WindowType.TAB);
      browser.get(address);
      shows(".status", "Watched to");

      int port = fixture.server.address().getPort();
      fixture.server.close();
      shows(".status", "lost");
      try (WebServer again =
          WebServer.start(
              fixture.films,
              InetAddress.getLoopbackAddress(),
              port,
              Optional.empty(),
              new Uploads(fixture.films, Long.MAX_VALUE, () -> Long.MAX_VALUE))) {
        assertThat(again.address().getPort()).isEqualTo(port);
        shows(".status", "Watched to");
        gated.frames.release(1_000);
        until(() -> !browser.findElements(By.cssSelector(".kept")).isEmpty());
        for (String tab : browser.getWindowHandles()) {
          browser.switchTo().window(tab);
          until(() -> !browser.findElements(By.cssSelector(".kept")).isEmpty());
        }
      }
    }
  }

  @Test
  void whatAModelSaysIsTextAndNeverMarkup() throws Exception {
    var gated = new Fixture.GatedModel();
    try (Fixture fixture = fixture(gated::chat)) {
      Film film = fixture.watched(fixture.clip("clip.mp4", 3));
      film.rename("<img src=x onerror=document.title='owned'>");
      browser.get(fixture.server.address().toString());
      shows("h1", "<img src=x");
      ask("<b>Who?</b>");
      shows("article .question", "<b>Who?</b>");
      assertThat(browser.getTitle()).doesNotStartWith("owned");
    }
  }

  /** {@code ./mvnw -Pfull ... -Dit.test=PageIT -Dmoviechat.pictures=docs/images}. */
  @Test
  @EnabledIfSystemProperty(named = "moviechat.pictures", matches = ".+")
  void takesThePicturesOfTheDocs() throws Exception {
    Path images = Path.of(System.getProperty("moviechat.pictures"));
    try (Fixture fixture = Fixture.open(folder)) {
      Demo demo = Demo.of(1);
      Path file = fixture.films.folders().allowed().get(0).resolve("demo.mp4");
      MovieWriter.write(demo.script(), file);
      fixture.watched(file).rename("Example: three minutes of a small world");
      browser.get(fixture.server.address().toString());
      browser.executeCdpCommand(
          "Emulation.setDeviceMetricsOverride",
          Map.of("width", 1400, "height", 1200, "deviceScaleFactor", 1, "mobile", false));
      shows("h1", "Example");
      ask(demo.questions().get(0).text());
      lastAnswer();
      ScriptQuestion moment = demo.questions().get(3);
      browser.executeScript(
          "document.querySelector('video').currentTime = " + moment.atMillis() / 1e3);
      until(() -> playerTime() > 1);
      browser.findElements(By.cssSelector(".scope input")).get(1).click();
      ask(moment.text());
      until(() -> browser.findElements(By.cssSelector("article")).size() == 2);
      lastAnswer();
      Actor actor = demo.script().segments().get(2).scene().actors().get(0);
      find("#find").sendKeys(actor.colour().word() + " " + actor.kind().word(), Keys.ENTER);
      find(".hit").click();
      until(() -> browser.findElements(By.cssSelector(".hit")).stream().allMatch(this::loaded));
      Thread.sleep(1_000);
      picture(images.resolve("serve-light.png"));
      browser.executeScript("document.documentElement.dataset.theme = 'dark'");
      picture(images.resolve("serve-dark.png"));
      browser.executeScript("document.documentElement.dataset.theme = 'light'");
      browser.executeCdpCommand(
          "Emulation.setDeviceMetricsOverride",
          Map.of("width", 320, "height", 900, "deviceScaleFactor", 1, "mobile", true));
      Thread.sleep(500);
      picture(images.resolve("serve-narrow.png"));
    }
  }

  private void picture(Path file) throws Exception {
    Thread.sleep(300);
    Files.write(file, browser.getScreenshotAs(OutputType.BYTES));
  }

  private Fixture fixture(ResourceStack.Opening<MovieChat> chat) throws Exception {
    return Fixture.open(folder, chat, Long.MAX_VALUE, () -> Long.MAX_VALUE);
  }
}
