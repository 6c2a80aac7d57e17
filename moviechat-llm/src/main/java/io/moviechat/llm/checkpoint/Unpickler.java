package io.moviechat.llm.checkpoint;

import io.moviechat.ModelException;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the pickles of PyTorch checkpoints and nothing more: dictionaries, lists, tuples, numbers,
 * strings, None, and tensors. A pickle is a program; this machine has no instruction that could
 * call anything. The few names that a checkpoint may mention (see {@link #global}) are constants
 * here, not classes, and any other name is refused.
 *
 * <p>Java types of the results: {@link Map} with {@link LinkedHashMap} order, {@link List}, {@link
 * Tuple}, {@link Long} or {@link BigInteger}, {@link Double}, {@link Boolean}, {@link String},
 * {@link #NONE}, {@link Tensor}.
 */
final class Unpickler {
  /** Python's None. */
  static final Object NONE =
      new Object() {
        @Override
        public String toString() {
          return "None";
        }
      };

  /** A Python tuple. */
  record Tuple(List<Object> items) {
    @Override
    public String toString() {
      return "a tuple of " + items.size();
    }
  }

  /** Finds the storage that a persistent id names. */
  interface Storages {
    MappedStorage find(ElementType type, String key, long count);
  }

  // A pickle of a real checkpoint has some ten operations a tensor.
  private static final int MAX_OPERATIONS = 4_000_000;
  private static final int MAX_NAME = 256;

  /** The operations that data needs, by their bytes. */
  private static final class Op {
    static final int PROTO = 0x80;
    static final int FRAME = 0x95;
    static final int STOP = '.';

    static final int NONE = 'N';
    static final int TRUE = 0x88;
    static final int FALSE = 0x89;
    static final int INT_32 = 'J';
    static final int INT_16 = 'M';
    static final int INT_8 = 'K';
    static final int LONG = 0x8a;
    static final int DOUBLE = 'G';
    static final int UNICODE = 'X';
    static final int SHORT_UNICODE = 0x8c;
    static final int STRING = 'T';
    static final int SHORT_STRING = 'U';

    static final int MARK = '(';
    static final int POP = '0';
    static final int EMPTY_LIST = ']';
    static final int EMPTY_DICT = '}';
    static final int EMPTY_TUPLE = ')';
    static final int LIST = 'l';
    static final int DICT = 'd';
    static final int TUPLE = 't';
    static final int TUPLE_1 = 0x85;
    static final int TUPLE_2 = 0x86;
    static final int TUPLE_3 = 0x87;
    static final int APPEND = 'a';
    static final int APPENDS = 'e';
    static final int SET_ITEM = 's';
    static final int SET_ITEMS = 'u';

    static final int PUT = 'q';
    static final int LONG_PUT = 'r';
    static final int MEMOIZE = 0x94;
    static final int GET = 'h';
    static final int LONG_GET = 'j';

    static final int GLOBAL = 'c';
    static final int STACK_GLOBAL = 0x93;
    static final int PERSISTENT_ID = 'Q';
    static final int REDUCE = 'R';
    static final int BUILD = 'b';

    private Op() {}
  }

  private enum Global {
    ORDERED_DICT,
    REBUILD_TENSOR,
    REBUILD_PARAMETER
  }

  private record StorageType(ElementType type) {}

  private final FileCursor in;
  private final String file;
  private final Storages storages;
  private final Map<Long, Object> memo = new HashMap<>();
  private final List<List<Object>> marks = new ArrayList<>();
  private List<Object> stack = new ArrayList<>();

  private Unpickler(FileCursor in, String file, Storages storages) {
    this.in = in;
    this.file = file;
    this.storages = storages;
  }

  /**
   * Reads one pickle.
   *
   * @param in at the first byte of the pickle; afterwards behind its last
   * @param file for messages
   * @throws ModelException if it is damaged or holds anything but data
   */
  static Object read(FileCursor in, String file, Storages storages) throws IOException {
    return new Unpickler(in, file, storages).run();
  }

  private Object run() throws IOException {
    for (int operations = 0; operations < MAX_OPERATIONS; operations++) {
      long position = in.position();
      int op = in.u8();
      if (op == Op.STOP) {
        return result();
      }
      if (!readsValue(op) && !collects(op) && !remembers(op) && !makes(op)) {
        throw bad(
            "holds operation 0x%02x at byte %d, which plain data does not need"
                .formatted(op, position));
      }
    }
    throw bad("has more than " + MAX_OPERATIONS + " operations");
  }

  private Object result() {
    Object result = pop();
    if (!stack.isEmpty() || !marks.isEmpty()) {
      throw bad("ends with values left over");
    }
    return result;
  }

  /** Headers, constants, numbers and strings; false if the operation is none of these. */
  private boolean readsValue(int op) throws IOException {
    switch (op) {
      case Op.PROTO -> {
        int protocol = in.u8();
        if (protocol < 2 || protocol > 5) {
          throw bad("is a pickle of protocol " + protocol + "; 2 to 5 are read");
        }
      }
      case Op.FRAME -> in.i64(); // its length; frames change nothing
      case Op.NONE -> push(NONE);
      case Op.TRUE -> push(true);
      case Op.FALSE -> push(false);
      case Op.INT_32 -> push((long) in.i32());
      case Op.INT_8 -> push((long) in.u8());
      case Op.INT_16 -> push((long) in.u16());
      case Op.LONG -> push(integer(in.bytes(in.u8())));
      case Op.DOUBLE -> push(in.bigEndianDouble());
      case Op.UNICODE -> push(utf8(in.bytes(Integer.toUnsignedLong(in.i32()))));
      case Op.SHORT_UNICODE -> push(utf8(in.bytes(in.u8())));
      case Op.STRING -> push(latin1(in.bytes(Integer.toUnsignedLong(in.i32()))));
      case Op.SHORT_STRING -> push(latin1(in.bytes(in.u8())));
      default -> {
        return false;
      }
    }
    return true;
  }

  /** Lists, tuples and dictionaries; false if the operation is none of these. */
  private boolean collects(int op) {
    switch (op) {
      case Op.MARK -> {
        marks.add(stack);
        stack = new ArrayList<>();
      }
      case Op.POP -> pop();
      case Op.EMPTY_LIST -> push(new ArrayList<>());
      case Op.EMPTY_DICT -> push(new LinkedHashMap<>());
      case Op.EMPTY_TUPLE -> push(new Tuple(List.of()));
      case Op.LIST -> push(popMark());
      case Op.TUPLE -> push(new Tuple(popMark()));
      case Op.DICT -> {
        Map<Object, Object> map = new LinkedHashMap<>();
        putAll(map, popMark());
        push(map);
      }
      case Op.TUPLE_1 -> push(new Tuple(popLast(1)));
      case Op.TUPLE_2 -> push(new Tuple(popLast(2)));
      case Op.TUPLE_3 -> push(new Tuple(popLast(3)));
      case Op.APPEND -> {
        Object item = pop();
        list(top()).add(item);
      }
      case Op.APPENDS -> {
        List<Object> items = popMark();
        list(top()).addAll(items);
      }
      case Op.SET_ITEM -> {
        List<Object> item = popLast(2);
        putAll(map(top()), item);
      }
      case Op.SET_ITEMS -> {
        List<Object> items = popMark();
        putAll(map(top()), items);
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  /** The memo of values that come again; false if the operation is none of it. */
  private boolean remembers(int op) throws IOException {
    switch (op) {
      case Op.PUT -> memo.put((long) in.u8(), top());
      case Op.LONG_PUT -> memo.put(Integer.toUnsignedLong(in.i32()), top());
      case Op.MEMOIZE -> memo.put((long) memo.size(), top());
      case Op.GET -> push(remembered(in.u8()));
      case Op.LONG_GET -> push(remembered(Integer.toUnsignedLong(in.i32())));
      default -> {
        return false;
      }
    }
    return true;
  }

  /** Names, storages and what is made of them; false if the operation is none of these. */
  private boolean makes(int op) throws IOException {
    switch (op) {
      case Op.GLOBAL -> {
        String module = in.line(MAX_NAME);
        push(global(module, in.line(MAX_NAME)));
      }
      case Op.STACK_GLOBAL -> {
        List<Object> names = popLast(2);
        push(global(string(names.get(0)), string(names.get(1))));
      }
      case Op.PERSISTENT_ID -> push(storage(pop()));
      case Op.REDUCE -> {
        Object arguments = pop();
        push(rebuild(pop(), tuple(arguments)));
      }
      case Op.BUILD -> {
        // What an OrderedDict carries beside its entries (_metadata) says nothing about weights.
        pop();
        map(top());
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  private Object global(String module, String name) {
    String full = module + "." + name;
    Map<String, Global> known =
        Map.of(
            "collections.OrderedDict", Global.ORDERED_DICT,
            "torch._utils._rebuild_tensor_v2", Global.REBUILD_TENSOR,
            "torch._utils._rebuild_parameter", Global.REBUILD_PARAMETER);
    if (known.containsKey(full)) {
      return known.get(full);
    }
    if (module.equals("torch")) {
      var type = ElementType.ofTorchStorage(name);
      if (type.isPresent()) {
        return new StorageType(type.get());
      }
    }
    throw bad(
        "asks for "
            + printable(full)
            + ", which is code, not data. It was not run. If you trust the file, load it in PyTorch"
            + " and save its state_dict alone");
  }

  private Object rebuild(Object callable, List<Object> arguments) {
    if (callable == Global.ORDERED_DICT) {
      Map<Object, Object> map = new LinkedHashMap<>();
      if (arguments.size() == 1) {
        for (Object pair : list(arguments.get(0))) {
          putAll(map, pair instanceof Tuple tuple ? tuple.items() : list(pair));
        }
      } else if (!arguments.isEmpty()) {
        throw bad("makes a dictionary of " + arguments.size() + " arguments");
      }
      return map;
    }
    if (callable == Global.REBUILD_TENSOR && arguments.size() >= 6) {
      if (arguments.get(0) instanceof MappedStorage storage) {
        List<Long> sizes = numbers(arguments.get(2));
        List<Long> strides = numbers(arguments.get(3));
        try {
          return new StridedTensor(storage, number(arguments.get(1)), sizes, strides);
        } catch (ModelException e) {
          throw new ModelException(file + ": " + e.getMessage(), e);
        }
      }
    }
    if (callable == Global.REBUILD_PARAMETER && !arguments.isEmpty()) {
      if (arguments.get(0) instanceof Tensor tensor) {
        return tensor;
      }
    }
    throw bad("calls something that is not the making of a tensor");
  }

  private MappedStorage storage(Object id) {
    List<Object> fields = tuple(id);
    if (fields.size() < 5
        || !fields.get(0).equals("storage")
        || !(fields.get(1) instanceof StorageType type)) {
      throw bad("names something that is not a tensor's storage");
    }
    if (fields.size() > 5 && fields.get(5) != NONE) {
      throw bad("uses views of storages, which only PyTorch before 0.4 wrote");
    }
    long count = number(fields.get(4));
    if (count < 0 || count > Long.MAX_VALUE / 8) {
      throw bad("has a storage of " + count + " values");
    }
    return storages.find(type.type(), string(fields.get(2)), count);
  }

  private void push(Object value) {
    stack.add(value);
  }

  private Object pop() {
    if (stack.isEmpty()) {
      throw bad("takes a value that is not there");
    }
    return stack.remove(stack.size() - 1);
  }

  private Object top() {
    if (stack.isEmpty()) {
      throw bad("takes a value that is not there");
    }
    return stack.get(stack.size() - 1);
  }

  private List<Object> popLast(int n) {
    if (stack.size() < n) {
      throw bad("takes a value that is not there");
    }
    List<Object> tail = stack.subList(stack.size() - n, stack.size());
    List<Object> result = new ArrayList<>(tail);
    tail.clear();
    return result;
  }

  private List<Object> popMark() {
    if (marks.isEmpty()) {
      throw bad("takes a mark that is not there");
    }
    List<Object> result = stack;
    stack = marks.remove(marks.size() - 1);
    return result;
  }

  private Object remembered(long key) {
    Object value = memo.get(key);
    if (value == null) {
      throw bad("remembers a value that was never stored");
    }
    return value;
  }

  /** Keys are strings or numbers, so that no key can contain itself. */
  private void putAll(Map<Object, Object> map, List<Object> items) {
    if (items.size() % 2 != 0) {
      throw bad("has a dictionary key without a value");
    }
    for (int i = 0; i < items.size(); i += 2) {
      Object key = items.get(i);
      if (!(key instanceof String || key instanceof Number || key instanceof Boolean)
          && key != NONE) {
        throw bad("has a dictionary key that is neither a string nor a number");
      }
      map.put(key, items.get(i + 1));
    }
  }

  @SuppressWarnings("unchecked") // only this class makes maps, all of them of objects
  private Map<Object, Object> map(Object value) {
    if (value instanceof Map<?, ?> map) {
      return (Map<Object, Object>) map;
    }
    throw bad("changes something as if it were a dictionary");
  }

  @SuppressWarnings("unchecked") // only this class makes lists, all of them of objects
  private List<Object> list(Object value) {
    if (value instanceof List<?> list) {
      return (List<Object>) list;
    }
    throw bad("changes something as if it were a list");
  }

  private List<Object> tuple(Object value) {
    if (value instanceof Tuple tuple) {
      return tuple.items();
    }
    throw bad("has something where a tuple belongs");
  }

  private long number(Object value) {
    if (value instanceof Long number) {
      return number;
    }
    throw bad("has something where a whole number belongs");
  }

  private List<Long> numbers(Object value) {
    return tuple(value).stream().map(this::number).toList();
  }

  private String string(Object value) {
    if (value instanceof String text) {
      return text;
    }
    throw bad("has something where a string belongs");
  }

  private static String latin1(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static String utf8(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static Object integer(byte[] littleEndian) {
    if (littleEndian.length == 0) {
      return 0L;
    }
    byte[] bigEndian = new byte[littleEndian.length];
    for (int i = 0; i < bigEndian.length; i++) {
      bigEndian[i] = littleEndian[bigEndian.length - 1 - i];
    }
    BigInteger value = new BigInteger(bigEndian);
    return value.bitLength() < 64 ? (Object) value.longValue() : value;
  }

  /** Text from a file, fit for a message. */
  static String printable(String text) {
    String cut = text.length() > 80 ? text.substring(0, 80) + "..." : text;
    return "'" + cut.replaceAll("\\p{Cntrl}", "?") + "'";
  }

  private ModelException bad(String what) {
    return new ModelException(file + " " + what);
  }
}
