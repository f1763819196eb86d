// The reduction tree of flynn/tree.hpp on a device: the same additions in the same order, so the same bits. Before it is
// included a text defines ENTRY, INPUTS (the parameters that it reads) and TERM(i), what it adds for element i.
#define SUM_f32 f32
#define SUM_f64 f64
#define SUM_i32 u64  // integers wrap, which C leaves undefined for signed ones
#define SUM_u32 u64
#define SUM_i64 u64
#define SUM_u64 u64
typedef OF_TYPE(SUM) S;

#define BLOCK 1024
#define LANES 32
// On a CPU a work-item adds a whole block, and the compiler makes vectors of its lanes. On a GPU it is one lane, so that
// neighbours read neighbouring elements.
#ifdef FLYNN_CPU
#define ITEM_LANES LANES
#else
#define ITEM_LANES 1
#endif
#define BLOCK_ITEMS (LANES / ITEM_LANES)

// blocks[b] = the sum of block b, for the blocks of elements begin ... end - 1; begin is a multiple of 1024. Groups have
// a multiple of 32 work-items, at most 256, or any number on a CPU.
KERNEL(ENTRY)(size begin, size end, INPUTS, GLOBAL S* blocks) {
  const size block = begin / BLOCK + global_id() / BLOCK_ITEMS, j = global_id() % BLOCK_ITEMS;
  const size first = block * BLOCK + j;
  S lane[ITEM_LANES];
  for (int l = 0; l < ITEM_LANES; ++l) lane[l] = (S)-0.0f;
  if ((block + 1) * BLOCK <= end) {
    for (int k = 0; k < BLOCK; k += LANES)
      for (int l = 0; l < ITEM_LANES; ++l) lane[l] += TERM(first + k + l);
  } else {
    for (int k = 0; k < BLOCK; k += LANES)
      for (int l = 0; l < ITEM_LANES; ++l)
        if (first + k + l < end) lane[l] += TERM(first + k + l);
  }
#ifdef FLYNN_CPU
  for (int step = LANES / 2; step > 0; step /= 2)
    for (int l = 0; l < step; ++l) lane[l] += lane[l + step];
  if (first < end) blocks[block] = lane[0];
#else
  LOCAL_ARRAY(S, lanes, 256);
  lanes[local_id()] = lane[0];
  BARRIER();
  for (int step = LANES / 2; step > 0; step /= 2) {
    if (j < step) lanes[local_id()] += lanes[local_id() + step];
    BARRIER();
  }
  if (j == 0 && first < end) blocks[block] = lanes[local_id()];
#endif
}

// to[g] = the tree over from[1024 g] ... from[1024 g + 1023], or as many as there are of n: neighbours are added, level
// by level; one without a neighbour waits for the next level.
KERNEL(k_combine)(size n, GLOBAL const S* from, GLOBAL S* to) {
  LOCAL_ARRAY(S, part, BLOCK);
  const size begin = group_id() * BLOCK, count = n - begin < BLOCK ? n - begin : BLOCK;
  for (size i = local_id(); i < count; i += local_count()) part[i] = from[begin + i];
  BARRIER();
  for (size step = 1; step < BLOCK; step *= 2) {
    for (size i = 2 * step * local_id(); i + step < count; i += 2 * step * local_count()) part[i] += part[i + step];
    BARRIER();
  }
  if (local_id() == 0) to[group_id()] = part[0];
}
