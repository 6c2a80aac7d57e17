package io.moviechat.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.moviechat.tinyworld.MovieWriter;
import io.moviechat.tinyworld.Movies;
import io.moviechat.tinyworld.World;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class SampleApplicationTest {
  @TempDir static Path folder;

  @Value("${local.server.port}")
  private int port;

  private final HttpClient http = HttpClient.newHttpClient();

  @DynamicPropertySource
  static void folders(DynamicPropertyRegistry registry) {
    registry.add("moviechat.library", () -> folder.resolve("films").toString());
    registry.add("sample.uploads", () -> folder.resolve("uploads").toString());
  }

  private String send(String path, HttpRequest.Builder request) throws Exception {
    HttpResponse<String> response =
        http.send(
            request.uri(URI.create("http://127.0.0.1:" + port + path)).build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as(path + response.body()).isEqualTo(200);
    return response.body();
  }

  private String get(String path) throws Exception {
    return send(path, HttpRequest.newBuilder());
  }

  private String post(String path) throws Exception {
    return send(path, HttpRequest.newBuilder().POST(HttpRequest.BodyPublishers.noBody()));
  }

  @Test
  void uploadsHearsAndAsks() throws Exception {
    Path clip = folder.resolve("clip.mp4");
    MovieWriter.write(Movies.ofScenes(2, World.Split.SEEN, 3), clip, 96);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.write(
        ("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"clip.mp4\"\r\n"
                + "Content-Type: video/mp4\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    body.write(Files.readAllBytes(clip));
    body.write("\r\n--edge--\r\n".getBytes(StandardCharsets.US_ASCII));
    String film =
        send(
            "/films",
            HttpRequest.newBuilder()
                .header("Content-Type", "multipart/form-data; boundary=edge")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray())));
    Matcher handle = Pattern.compile("\"handle\":\"([0-9a-f]{16})\"").matcher(film);
    assertThat(handle.find()).as(film).isTrue();
    String films = "/films/" + handle.group(1);
    assertThat(get(films + "/events")).contains("READY");
    String question = "?question=How%20many%20scenes%20are%20in%20the%20video%3F";
    assertThat(post(films + "/ask" + question)).contains("\"text\":").contains("evidence");
    assertThat(post(films + "/stream" + question)).contains("data:");
    assertThat(get("/actuator/health")).contains("moviechat").contains("\"films\":1");
    assertThat(get("/actuator/metrics/gen_ai.client.operation")).contains("COUNT");
    assertThat(get("/actuator/metrics/moviechat.watch?tag=state:ready"))
        .contains("\"statistic\":\"COUNT\",\"value\":1.0");
    assertThat(get("/actuator/metrics/moviechat.films?tag=state:ready")).contains("1.0");
    assertThat(get("/actuator/movies")).contains(handle.group(1)).doesNotContain("clip.mp4");
    assertThat(get("/actuator/movies/" + handle.group(1))).contains("\"spans\":[{");
  }
}
