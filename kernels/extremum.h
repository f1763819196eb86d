// The first of the elements that go before all others, by the keys of flynn/extremum.hpp. Before it is included a text
// defines ENTRY and FIND_MIN, 1 or 0.
#define KEY_f32 i32
#define KEY_f64 i64
#define KEY_i32 i32
#define KEY_u32 u32
#define KEY_i64 i64
#define KEY_u64 u64
typedef OF_TYPE(KEY) Key;

#if FIND_MIN
#define WINS(a, b) ((a) < (b))
#else
#define WINS(a, b) ((a) > (b))
#endif

#define LARGEST_f32 0x7fffffff
#define LARGEST_f64 0x7fffffffffffffff
#define LARGEST_i32 0  // not a float: its own key
#define LARGEST_u32 0
#define LARGEST_i64 0
#define LARGEST_u64 0
#if OF_TYPE(LARGEST)
FUNCTION Key key_of(T x) {
  const Key largest = OF_TYPE(LARGEST), bits = OF_TYPE(bits_of)(x);
  const Key flipped = bits ^ (bits < 0 ? largest : 0);
  return x == x ? flipped : FIND_MIN ? -largest - 1 : largest;
}
#else
FUNCTION Key key_of(T x) { return x; }
#endif

// A chunk is read in rows of WIDTH elements. On a CPU a work-item reads a whole chunk, and the compiler makes vectors of
// a row; on a GPU a group does, a work-item a column.
#define CHUNK 16384
#define GROUP 256
#ifdef FLYNN_CPU
#define ITEM_COLUMNS 32
#define CHUNK_ITEMS 1
#else
#define ITEM_COLUMNS 1
#define CHUNK_ITEMS GROUP
#endif
#define WIDTH (ITEM_COLUMNS * CHUNK_ITEMS)

#define BETTER(key, index, best_key, best_index) \
  (WINS(key, best_key) || ((key) == (best_key) && (index) < (best_index)))

// The winner of this work-item's columns of the chunk that begins at `first` < end.
FUNCTION void item_winner(size first, size end, GLOBAL const T* x, Key* best, size* at) {
  const size start = first + global_id() % CHUNK_ITEMS;
  Key key[ITEM_COLUMNS], row[ITEM_COLUMNS];
  // A column without elements holds the first one under an index that loses to it.
  for (int c = 0; c < ITEM_COLUMNS; ++c) {
    key[c] = key_of(x[start + c < end ? start + c : first]);
    row[c] = 0;
  }
  const int is_whole = first + CHUNK <= end;
  for (int r = 1; is_whole && r < CHUNK / WIDTH; ++r)
    for (int c = 0; c < ITEM_COLUMNS; ++c) {
      const Key k = key_of(x[start + (size)r * WIDTH + c]);
      row[c] = WINS(k, key[c]) ? (Key)r : row[c];
      key[c] = WINS(k, key[c]) ? k : key[c];
    }
  for (size i = start + WIDTH; !is_whole && i < end; i += WIDTH)
    for (int c = 0; c < ITEM_COLUMNS && i + c < end; ++c) {
      const Key k = key_of(x[i + c]);
      if (WINS(k, key[c])) key[c] = k, row[c] = (Key)((i - start) / WIDTH);
    }
  *best = key[0];
  *at = start + (size)row[0] * WIDTH;
  for (int c = 1; c < ITEM_COLUMNS; ++c) {
    const size i = start + (size)row[c] * WIDTH + c;
    if (BETTER(key[c], i, *best, *at)) *best = key[c], *at = i;
  }
}

// keys[c] and indices[c] = key and index of the winner of chunk c, for the chunks of elements begin ... end - 1; begin
// is a multiple of 16384. Groups have 256 work-items, or any number on a CPU.
KERNEL(ENTRY)(size begin, size end, GLOBAL const T* x, GLOBAL Key* keys, GLOBAL size* indices) {
  const size chunk = begin / CHUNK + global_id() / CHUNK_ITEMS;
  if (chunk * CHUNK >= end) return;  // on a CPU; on a GPU every group has a chunk
  Key best;
  size at;
  item_winner(chunk * CHUNK, end, x, &best, &at);
#ifndef FLYNN_CPU
  LOCAL_ARRAY(Key, group_key, GROUP);
  LOCAL_ARRAY(size, group_index, GROUP);
  const size j = local_id();
  group_key[j] = best;
  group_index[j] = at;
  BARRIER();
  for (int step = GROUP / 2; step > 0; step /= 2) {
    if (j < step && BETTER(group_key[j + step], group_index[j + step], group_key[j], group_index[j])) {
      group_key[j] = group_key[j + step];
      group_index[j] = group_index[j + step];
    }
    BARRIER();
  }
  if (j > 0) return;
  best = group_key[0];
  at = group_index[0];
#endif
  keys[chunk] = best;
  indices[chunk] = at;
}
