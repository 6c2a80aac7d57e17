package io.moviechat.llm.internal;

import static io.moviechat.llm.internal.ProtoReader.BYTES;

import com.google.common.collect.ImmutableSet;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * In which order a graph's nodes have to run, whatever order the runtime chooses: a node needs what
 * it reads. Says whether the memory of an input may be written over by an output.
 *
 * <p>When in doubt the answer is no. Immutable, and so thread-safe.
 */
public final class DataFlow {
  /** Operators whose results never lie in the memory of what they read. */
  private static final ImmutableSet<String> COPYING =
      ImmutableSet.of("Concat", "GroupQueryAttention", "MultiHeadAttention", "Attention");

  /** Operators that read no element of their input. */
  private static final ImmutableSet<String> LOOKING = ImmutableSet.of("Shape", "Size");

  private static final int DEEPEST = 32;

  /** The nodes that read an input, by its name. */
  private final Map<String, BitSet> readers = new HashMap<>();

  /** Of a value, the readers of inputs that have ended before the node that makes it begins. */
  private final Map<String, BitSet> before = new HashMap<>();

  private DataFlow() {}

  /**
   * Reads a graph's nodes.
   *
   * @param inputs names of the inputs that will be asked about
   * @throws IOException if the file cannot be read or is damaged
   */
  public static DataFlow of(OnnxHeader header, Set<String> inputs) throws IOException {
    if (header.content().isPresent()) {
      return of(nodes(ProtoReader.over(header.content().get())), inputs);
    }
    try (FileChannel channel = FileChannel.open(header.file(), StandardOpenOption.READ)) {
      return of(nodes(ProtoReader.over(channel)), inputs);
    }
  }

  /**
   * Whether all that reads an input has ended before the node begins that makes an output.
   *
   * @param input one of those that were named
   */
  public boolean isReadBefore(String input, String output) {
    BitSet reading = readers.get(input);
    BitSet ended = before.get(output);
    if (reading == null || ended == null) {
      return false;
    }
    BitSet late = (BitSet) reading.clone();
    late.andNot(ended);
    return late.isEmpty();
  }

  private static DataFlow of(List<Node> nodes, Set<String> inputs) {
    DataFlow flow = new DataFlow();
    // Of a value, the inputs in whose memory it may lie.
    Map<String, Set<String>> aliases = new HashMap<>();
    for (String input : inputs) {
      flow.readers.put(input, new BitSet());
      aliases.put(input, Set.of(input));
    }
    // Of a value, the readers that have ended once it is made.
    Map<String, BitSet> made = new HashMap<>();
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      BitSet ended = new BitSet();
      Set<String> memory = new HashSet<>();
      for (String read : node.reads) {
        seen.add(read);
        BitSet earlier = made.get(read);
        if (earlier != null) {
          ended.or(earlier);
        }
        memory.addAll(aliases.getOrDefault(read, Set.of()));
      }
      BitSet afterwards = ended;
      if (!memory.isEmpty() && !LOOKING.contains(node.operator)) {
        for (String input : memory) {
          flow.readers.getOrDefault(input, new BitSet()).set(i);
        }
        afterwards = (BitSet) ended.clone();
        afterwards.set(i);
      }
      boolean own = LOOKING.contains(node.operator) || COPYING.contains(node.operator);
      for (String written : node.writes) {
        if (!seen.add(written)) {
          return new DataFlow(); // nodes are not in an order in which they can run
        }
        flow.before.put(written, ended);
        made.put(written, afterwards);
        if (!own && !memory.isEmpty()) {
          aliases.put(written, memory);
        }
      }
    }
    return flow;
  }

  private static List<Node> nodes(ProtoReader model) throws IOException {
    List<Node> nodes = new ArrayList<>();
    while (model.hasRemaining()) {
      long tag = model.varint();
      if (tag == tag(7)) {
        ProtoReader graph = model.message();
        while (graph.hasRemaining()) {
          long graphTag = graph.varint();
          if (graphTag == tag(1)) {
            nodes.add(node(graph.message(), 0));
          } else {
            graph.skip(graphTag);
          }
        }
      } else {
        model.skip(tag);
      }
    }
    return nodes;
  }

  private static Node node(ProtoReader message, int depth) throws IOException {
    if (depth > DEEPEST) {
      throw new IOException("nests graphs more than " + DEEPEST + " deep");
    }
    Node node = new Node();
    while (message.hasRemaining()) {
      long tag = message.varint();
      if (tag == tag(1)) {
        add(node.reads, message.string());
      } else if (tag == tag(2)) {
        add(node.writes, message.string());
      } else if (tag == tag(4)) {
        node.operator = message.string();
      } else if (tag == tag(5)) {
        attribute(message.message(), node, depth);
      } else {
        message.skip(tag);
      }
    }
    return node;
  }

  /** What a node's own graphs read, the node reads; names of their own do no harm. */
  private static void attribute(ProtoReader message, Node owner, int depth) throws IOException {
    while (message.hasRemaining()) {
      long tag = message.varint();
      if (tag != tag(6) && tag != tag(11)) {
        message.skip(tag);
        continue;
      }
      ProtoReader graph = message.message();
      while (graph.hasRemaining()) {
        long graphTag = graph.varint();
        if (graphTag == tag(1)) {
          owner.reads.addAll(node(graph.message(), depth + 1).reads);
        } else if (graphTag == tag(12)) {
          add(owner.reads, valueName(graph.message()));
        } else {
          graph.skip(graphTag);
        }
      }
    }
  }

  private static String valueName(ProtoReader value) throws IOException {
    String name = "";
    while (value.hasRemaining()) {
      long tag = value.varint();
      if (tag == tag(1)) {
        name = value.string();
      } else {
        value.skip(tag);
      }
    }
    return name;
  }

  /** Inputs and outputs that a node leaves out have an empty name. */
  private static void add(List<String> names, String name) {
    if (!name.isEmpty()) {
      names.add(name);
    }
  }

  private static long tag(int field) {
    return ((long) field << 3) | BYTES;
  }

  /** A node, with all that its own graphs read. */
  private static final class Node {
    private final List<String> reads = new ArrayList<>();
    private final List<String> writes = new ArrayList<>();
    private String operator = "";
  }
}
