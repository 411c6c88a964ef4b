// Something of everything: code, constants, data, zeros, statics.
static const char words[] = "a few constant words";
static int table[64] = {1, 2, 3};
int counter = 7;
int zeros[1000];

__attribute__((noinline)) static int helper(int x)
{
    return table[x & 63] * x + words[x % 20];
}

int first(int x)
{
    return helper(x) + counter++;
}

int second(int x)
{
    zeros[x & 511] = helper(x + 1);
    return zeros[x & 255] + first(x);
}
