#include "schema/state/split.h"

/* |cents| * weight stays below 2^95. */
__extension__ typedef unsigned __int128 wide;

static void give_left_over(uint64_t left, const wide *remainders, size_t n, uint64_t *parts)
{
    uint64_t served = 0; /* one bit per part */
    for (; left > 0; left--) {
        size_t best = n;
        for (size_t i = 0; i < n; i++)
            if ((served >> i & 1U) == 0 && (best == n || remainders[i] > remainders[best]))
                best = i;
        if (best == n)
            return; /* never: fewer cents are left over than there are parts */
        served |= UINT64_C(1) << best;
        parts[best]++;
    }
}

void pic_split(int64_t cents, const int64_t *weights, size_t n, int64_t *parts)
{
    if (n == 1) { /* the usual case: nothing to divide */
        parts[0] = cents;
        return;
    }
    uint64_t whole = cents < 0 ? 0 - (uint64_t)cents : (uint64_t)cents;
    uint64_t total = 0;
    uint64_t shares[PIC_SPLIT_MAX];
    wide remainders[PIC_SPLIT_MAX] = {0};
    for (size_t i = 0; i < n; i++)
        total += (uint64_t)weights[i];
    uint64_t given = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t weight = total == 0 ? i == 0 : (uint64_t)weights[i];
        wide product = (wide)whole * weight;
        uint64_t quota = total == 0 ? 1 : total;
        shares[i] = (uint64_t)(product / quota);
        remainders[i] = product % quota;
        given += shares[i];
    }
    give_left_over(whole - given, remainders, n, shares);
    for (size_t i = 0; i < n; i++)
        parts[i] = cents < 0 ? (int64_t)(0 - shares[i]) : (int64_t)shares[i];
}
