/* The texture matrices of a region as plain C passes: what bench/texture.py measures the package's own loops against.

   Compiled when the comparison runs (cc -O3 -march=native); one thread, no intrinsics.

   A region is a box of gray levels [slice][row][column], one byte each: 0 outside, else the rank of the level among those
   that occur, from 1. There is a margin of one 0 on each side, and BLOCK readable bytes before and behind the box.
   Neighbors are the 26 around a voxel; of each opposite pair a direction leads to the one that comes later. Matrices
   are counted up from zeros. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DIRECTIONS = 13, BLOCK = 64 };

typedef uint8_t Level;

typedef struct {
    const Level *levels;
    int64_t slices, rows, columns; /* with the margin */
    int64_t kinds;                 /* levels that occur, and 0 */
} Box;

static const int OFFSETS[DIRECTIONS][3] = {
    {1, 1, 1},  {1, 1, 0},   {1, 1, -1}, {1, 0, 1}, {1, 0, 0},  {1, 0, -1}, {1, -1, 1},
    {1, -1, 0}, {1, -1, -1}, {0, 1, 1},  {0, 1, 0}, {0, 1, -1}, {0, 0, 1},
};

static void steps_of(const Box *box, long *steps) {
    for (int d = 0; d < DIRECTIONS; d++)
        steps[d] = (OFFSETS[d][0] * box->rows + OFFSETS[d][1]) * box->columns + OFFSETS[d][2];
}

/* The first voxel of the region in a row and the one after the last; equal where it has none. */
static void span_of(const Level *row, long columns, long *first, long *end) {
    *first = 0, *end = columns;
    while (*first < *end && !row[*first]) ++*first;
    while (*end > *first && !row[*end - 1]) --*end;
}

/* Co-occurrences: counts[direction][level][level of the neighbor]. */
void cooccurrences(const Box *box, uint32_t *counts) {
    long steps[DIRECTIONS], first, end, kinds = box->kinds;
    steps_of(box, steps);
    for (long r = 0; r < box->slices * box->rows; r++) {
        const Level *row = box->levels + r * box->columns;
        span_of(row, box->columns, &first, &end);
        for (long x = first; x < end; x++) {
            if (!row[x]) continue;
            uint32_t *here = counts + row[x] * kinds;
            for (int d = 0; d < DIRECTIONS; d++) here[d * kinds * kinds + row[x + steps[d]]]++;
        }
    }
}

/* Dependences: counts[level][neighbors of the same level]. */
void dependences(const Box *box, uint32_t *counts) {
    long steps[DIRECTIONS], first, end;
    uint8_t alike[BLOCK];
    steps_of(box, steps);
    for (long r = 0; r < box->slices * box->rows; r++) {
        const Level *row = box->levels + r * box->columns;
        span_of(row, box->columns, &first, &end);
        for (long x = first; x < end; x += BLOCK) {
            const Level *here = row + x;
            memset(alike, 0, sizeof alike);
            for (int d = 0; d < DIRECTIONS; d++) {
                for (int i = 0; i < BLOCK; i++) alike[i] += here[i] == here[i + steps[d]];
                for (int i = 0; i < BLOCK; i++) alike[i] += here[i] == here[i - steps[d]];
            }
            for (int i = 0; i < BLOCK && x + i < end; i++)
                if (here[i]) counts[here[i] * (2 * DIRECTIONS + 1) + alike[i]]++;
        }
    }
}

static void go_on(const Level *restrict here, const Level *restrict there, const uint16_t *restrict before,
                  uint16_t *restrict now, long count) {
    for (long x = 0; x < count; x++) now[x] = here[x] == there[x] ? before[x] + 1 : 1;
}

/* Runs: counts[direction][length][level], lengths from 0 to two more than the longest side of the region's box. */
void run_lengths(const Box *box, int64_t lengths, uint32_t *counts) {
    long first, end, rows = box->rows, columns = box->columns, kinds = box->kinds, kept = rows + 2;
    uint16_t *reached[DIRECTIONS]; /* by the runs in the last rows, as many as are kept */
    for (int d = 0; d < DIRECTIONS; d++) reached[d] = calloc((size_t)(kept * columns), sizeof(uint16_t));
    for (long r = 0; r < box->slices * rows; r++) {
        const Level *row = box->levels + r * columns;
        long here = r % kept * columns;
        span_of(row, columns, &first, &end);
        if (first == end) continue;
        for (int d = 0; d < DIRECTIONS - 1; d++) {
            long down = OFFSETS[d][0] * rows + OFFSETS[d][1], across = OFFSETS[d][2];
            go_on(row + first, row + first - down * columns - across,
                  reached[d] + (r - down) % kept * columns + first - across, reached[d] + here + first, end - first);
        }
        uint16_t length = 0; /* along the row */
        for (long x = first; x < end; x++)
            reached[DIRECTIONS - 1][here + x] = length = row[x] == row[x - 1] ? length + 1 : 1;
        for (long x = first; x < end; x++) {
            if (!row[x]) continue;
            for (int d = 0; d < DIRECTIONS; d++) counts[(d * lengths + reached[d][here + x]) * kinds + row[x]]++;
        }
    }
    for (long n = 0; n < DIRECTIONS * lengths * kinds - kinds; n++)
        if (n / kinds % lengths < lengths - 1) counts[n] -= counts[n + kinds]; /* the runs that go on */
    for (int d = 0; d < DIRECTIONS; d++) free(reached[d]);
}

/* For each set of earlier neighbors of one level: one of each group of them that touch each other. */
static void groups(uint16_t *ones) {
    uint16_t touching[DIRECTIONS] = {0};
    for (int a = 0; a < DIRECTIONS; a++)
        for (int b = 0; b < DIRECTIONS; b++)
            if (abs(OFFSETS[a][0] - OFFSETS[b][0]) < 2 && abs(OFFSETS[a][1] - OFFSETS[b][1]) < 2 &&
                abs(OFFSETS[a][2] - OFFSETS[b][2]) < 2)
                touching[a] |= (uint16_t)(1 << b);
    for (int set = 0; set < 1 << DIRECTIONS; set++) {
        ones[set] = 0;
        for (int left = set; left;) {
            int group = left & -left, before = 0;
            ones[set] |= (uint16_t)group;
            while (group != before) {
                before = group;
                for (int d = 0; d < DIRECTIONS; d++)
                    if (group >> d & 1) group |= touching[d] & set;
            }
            left &= ~group;
        }
    }
}

/* Bit d of same[i]: whether voxel i has the level of its earlier neighbor in direction d. */
static void compare(const Level *here, const long *steps, uint16_t *same) {
    uint8_t low[BLOCK] = {0}, high[BLOCK] = {0}; /* directions 0 to 6, and 6 to 12 */
    for (int d = 6; d >= 0; d--) {
        for (int i = 0; i < BLOCK; i++) low[i] = (uint8_t)(2 * low[i] + (here[i] == here[i - steps[d]]));
        for (int i = 0; i < BLOCK; i++) high[i] = (uint8_t)(2 * high[i] + (here[i] == here[i - steps[d + 6]]));
    }
    for (int i = 0; i < BLOCK; i++) same[i] = (uint16_t)(low[i] | high[i] << 6);
}

static uint32_t first_part(uint32_t *parents, uint32_t zone) {
    while (parents[zone] != zone) zone = parents[zone] = parents[parents[zone]];
    return zone;
}

/* Zones: counts[level][column] for the sizes that occur, ascending; returned is how many sizes these are.

   Parts of a zone that meet later on are joined (union-find). At most `most` sizes can occur. */
int64_t zone_sizes(const Box *box, int64_t voxels, int64_t most, uint32_t *occurring, uint32_t *counts) {
    long steps[DIRECTIONS], first, end, around = 1;
    uint16_t *ones = malloc((1 << DIRECTIONS) * sizeof *ones), same[BLOCK];
    steps_of(box, steps);
    groups(ones);
    while (around <= steps[0]) around *= 2;
    uint32_t *numbers = calloc((size_t)around, sizeof *numbers); /* of the last voxels */
    uint32_t *parents = malloc((size_t)(voxels + 1) * sizeof *parents), count = 0;
    uint32_t *sizes = malloc((size_t)(voxels + 1) * sizeof *sizes);
    Level *levels = malloc((size_t)(voxels + 1));
    for (long r = 0; r < box->slices * box->rows; r++) {
        const Level *row = box->levels + r * box->columns;
        span_of(row, box->columns, &first, &end);
        for (long x = first; x < end; x += BLOCK) {
            int meetings = 0, at[BLOCK];
            compare(row + x, steps, same);
            for (int i = 0; i < BLOCK && x + i < end; i++) {
                if (!row[x + i]) continue;
                long place = r * box->columns + x + i;
                unsigned join = ones[same[i]];
                uint32_t zone = count;
                if (join) zone = numbers[(place - steps[__builtin_ctz(join)]) & (around - 1)];
                parents[count] = count, levels[count] = row[x + i], sizes[count] = 0;
                count += !join;
                numbers[place & (around - 1)] = zone;
                sizes[zone]++;
                at[meetings] = i;
                meetings += (join & (join - 1)) != 0;
            }
            for (int m = 0; m < meetings; m++) {
                long place = r * box->columns + x + at[m];
                uint32_t zone = first_part(parents, numbers[place & (around - 1)]);
                unsigned join = ones[same[at[m]]];
                while (join &= join - 1) {
                    uint32_t other = first_part(parents, numbers[(place - steps[__builtin_ctz(join)]) & (around - 1)]);
                    if (other < zone)
                        parents[zone] = other, zone = other;
                    else
                        parents[other] = zone;
                }
            }
        }
    }
    uint32_t *columns = calloc((size_t)(voxels + 1), sizeof *columns);
    int64_t found = 0;
    for (uint32_t zone = 0; zone < count; zone++)
        if (parents[zone] != zone) sizes[parents[zone] = parents[parents[zone]]] += sizes[zone], sizes[zone] = 0;
    for (uint32_t zone = 0; zone < count; zone++) columns[sizes[zone]] = 1;
    for (uint32_t size = 1; size <= voxels; size++)
        if (columns[size]) occurring[found] = size, columns[size] = (uint32_t)found++;
    for (uint32_t zone = 0; zone < count; zone++)
        if (sizes[zone]) counts[levels[zone] * most + columns[sizes[zone]]]++;
    free(ones), free(numbers), free(parents), free(sizes), free(levels), free(columns);
    return found;
}

/* Tone differences: by level the voxels and the sum of their distances from the mean of their neighbors.

   gray_levels holds the level of each rank; 26 of them add up to less than 65536. */
void tone_differences(const Box *box, const uint8_t *gray_levels, double *counts, double *differences) {
    long steps[DIRECTIONS], first, end, size = box->slices * box->rows * box->columns;
    uint16_t sums[BLOCK];
    uint8_t neighbors[BLOCK], *of_places = calloc((size_t)(size + BLOCK), 1);
    steps_of(box, steps);
    for (long place = 0; place < size; place++) of_places[place] = gray_levels[box->levels[place]];
    for (long r = 0; r < box->slices * box->rows; r++) {
        const Level *row = box->levels + r * box->columns;
        span_of(row, box->columns, &first, &end);
        for (long x = first; x < end; x += BLOCK) {
            const uint8_t *here = of_places + r * box->columns + x;
            memset(sums, 0, sizeof sums);
            memset(neighbors, 0, sizeof neighbors);
            for (int d = 0; d < 2 * DIRECTIONS; d++) {
                const uint8_t *there = here + (d < DIRECTIONS ? steps[d] : -steps[d - DIRECTIONS]);
                for (int i = 0; i < BLOCK; i++) sums[i] += there[i];
                for (int i = 0; i < BLOCK; i++) neighbors[i] += there[i] != 0;
            }
            for (int i = 0; i < BLOCK && x + i < end; i++) {
                if (!here[i]) continue;
                counts[row[x + i]]++;
                if (neighbors[i]) differences[row[x + i]] += fabs(here[i] - (double)sums[i] / neighbors[i]);
            }
        }
    }
    free(of_places);
}
